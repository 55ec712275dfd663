/** Runs tasks one after another, in order of arrival; a task that fails does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** How long synchronous work may keep the event loop before others get a turn, in milliseconds. */
const sliceMs = 10;

/**
 * Lets other work in when a slice is used up; awaiting it otherwise costs nothing but a microtask.
 */
export class Breather {
  #sliceEnd = performance.now() + sliceMs;

  get isDue(): boolean {
    return performance.now() > this.#sliceEnd;
  }

  async breathe(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#sliceEnd = performance.now() + sliceMs;
  }
}
