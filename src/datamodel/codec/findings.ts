import { RequestError, type Unreadable, type Violation, violationsMax } from "../error.ts";

/** The path of a node, made only when a violation is told: then an entry's keys are known. */
export type Place = () => string;

export interface Finding extends Omit<Violation, "path"> {
  readonly place: Place;
  /** True where the node's content, as the sender meant it, remains unknown. */
  readonly isUnread?: boolean;
}

const nothing: Unreadable = { violations: [], places: [] };

/** What is wrong with data being read, gathered until all of it has been read. */
export class Findings {
  // Nearly all data is sound, and a large transaction reads it in very many pieces.
  #all: Finding[] | undefined;

  get count(): number {
    return this.#all?.length ?? 0;
  }

  /** @throws RequestError once there are more than an answer may carry */
  add(finding: Finding): void {
    this.#all ??= [];
    this.#all.push(finding);
    if (this.#all.length >= violationsMax) throw this.refusal();
  }

  told(): Unreadable {
    if (this.#all === undefined) return nothing;
    const violations: Violation[] = [];
    const places: string[] = [];
    for (const { place, isUnread, ...fault } of this.#all) {
      const path = place();
      violations.push({ path, ...fault });
      if (isUnread) places.push(path);
    }
    return { violations, places };
  }

  refusal(): RequestError {
    return new RequestError(this.told().violations);
  }
}
