/** Gives out identifiers, each once. Deterministic: the order of claims decides. */
export class UniqueNames {
  readonly #taken: Set<string>;

  constructor(reserved: readonly string[]) {
    this.#taken = new Set(reserved);
  }

  /** The first of the candidates that is free, or the last with a number. */
  claim(...candidates: readonly string[]): string {
    const free = candidates.find((candidate) => !this.#taken.has(candidate));
    const name = free ?? this.#numbered(candidates.at(-1) ?? "_");
    this.#taken.add(name);
    return name;
  }

  #numbered(name: string): string {
    let number = 2;
    while (this.#taken.has(`${name}_${number}`)) number += 1;
    return `${name}_${number}`;
  }
}
