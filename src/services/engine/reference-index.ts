/** Who refers to something else by another version of the configuration. */
export interface ReferenceChange<O> {
  readonly by: O;
  readonly was: readonly string[];
  readonly is: readonly string[];
}

/** A reference to what somebody refers to already. */
export interface Conflict<O, C extends ReferenceChange<O>> {
  readonly change: C;
  readonly name: string;
  readonly owner: O;
}

/**
 * Who refers to a name, where only one may. Kept current by the differences of each commit, so that
 * judging one costs what it changes.
 */
export class ReferenceIndex<O> {
  readonly #owners = new Map<string, O>();

  owner(name: string): O | undefined {
    return this.#owners.get(name);
  }

  /** Who refers to a name once some changes are made. */
  ownerAfter(changes: readonly ReferenceChange<O>[]): (name: string) => O | undefined {
    const freed = new Set(changes.flatMap(({ was }) => was));
    const taken = new Map(changes.flatMap(({ by, is }) => is.map((name) => [name, by] as const)));
    return (name) => taken.get(name) ?? (freed.has(name) ? undefined : this.#owners.get(name));
  }

  conflicts<C extends ReferenceChange<O>>(changes: readonly C[]): Conflict<O, C>[] {
    const freed = new Set(changes.flatMap(({ was }) => was));
    const taken = new Map<string, O>();
    const conflicts: Conflict<O, C>[] = [];
    for (const change of changes) {
      for (const name of change.is) {
        const owner = taken.get(name) ?? (freed.has(name) ? undefined : this.#owners.get(name));
        if (owner !== undefined) conflicts.push({ change, name, owner });
        taken.set(name, change.by);
      }
    }
    return conflicts;
  }

  /** Takes over the changes of a commit that was applied (or, swapped, of one that was undone). */
  update(changes: readonly ReferenceChange<O>[]): void {
    for (const { was } of changes) for (const name of was) this.#owners.delete(name);
    for (const { by, is } of changes) for (const name of is) this.#owners.set(name, by);
  }
}
