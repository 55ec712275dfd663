/** Tasks that may wait: beyond it a caller is told to come back instead of piling up more. */
const waitingMax = 4096;

/** Runs tasks one after another, in order of arrival; a task that fails does not stop the next. */
export class Turns {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** True while so many tasks wait that no caller's request should join them. */
  get isCrowded(): boolean {
    return this.#waiting >= waitingMax;
  }

  readonly #before: () => Promise<void> | undefined;

  /** `before`: what a task waits for whose turn it is. */
  constructor(before: () => Promise<void> | undefined = () => undefined) {
    this.#before = before;
  }

  readonly #ended = (): void => {
    this.#waiting -= 1;
  };

  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#before()?.then(task) ?? task());
    this.#waiting += 1;
    this.#last = turn.then(this.#ended, this.#ended);
    return turn;
  }
}
