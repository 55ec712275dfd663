/**
 * Work that can be interrupted: a generator that yields wherever others may get a turn. Synchronous
 * callers run it at once, the daemon bit by bit so that its event loop stays free.
 */
export type Slices<T> = Generator<void, T, void>;

/** Runs all of it now. */
export function atOnce<T>(work: Slices<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** How long work may keep the event loop before others get a turn, in milliseconds. */
const sliceMs = 10;

/** Shares the event loop between one task and everything else. */
export class Breather {
  #sliceEnd = performance.now() + sliceMs;

  get isDue(): boolean {
    return performance.now() >= this.#sliceEnd;
  }

  /** Lets others in and begins a new slice. */
  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceEnd = performance.now() + sliceMs;
  }

  /** Runs work, breathing where it yields and a slice is used up. */
  async run<T>(work: Slices<T>): Promise<T> {
    for (;;) {
      const step = work.next();
      if (this.isDue) await this.breathe();
      if (step.done) return step.value;
    }
  }
}
