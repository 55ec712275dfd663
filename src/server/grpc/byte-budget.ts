/** Bytes that several holders together may keep in memory. */
export class ByteBudget {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a share, to be given back in any case; false if it is more than is left. */
  hold(size: number): boolean {
    this.#held += size;
    return this.#held <= this.#max;
  }

  release(size: number): void {
    this.#held -= size;
  }
}
