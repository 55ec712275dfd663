import type { LeafValue } from "../schema/value-type.ts";

/** How often each value occurs in each group; a group is one instance of some schema node. */
export class Counts {
  readonly #groups = new Map<string, Map<LeafValue, number>>();

  get(group: string, value: LeafValue): number {
    return this.#groups.get(group)?.get(value) ?? 0;
  }

  /** What occurs in a group. */
  values(group: string): Iterable<LeafValue> {
    return this.#groups.get(group)?.keys() ?? [];
  }

  /** Changes a count and returns it; values that no longer occur take no memory. */
  change(group: string, value: LeafValue, by: number): number {
    const values = this.#groups.get(group) ?? new Map<LeafValue, number>();
    const count = (values.get(value) ?? 0) + by;
    if (count === 0) values.delete(value);
    else values.set(value, count);
    if (values.size === 0) this.#groups.delete(group);
    else this.#groups.set(group, values);
    return count;
  }
}

interface CountChange {
  readonly counts: Counts;
  readonly group: string;
  readonly value: LeafValue;
  readonly by: number;
}

/** The count changes of one candidate, to be taken back if it is dropped. */
export class UndoLog {
  readonly #changes: CountChange[] = [];

  change(counts: Counts, at: { group: string; value: LeafValue; by: number }): number {
    this.#changes.push({ counts, ...at });
    return counts.change(at.group, at.value, at.by);
  }

  undo(): void {
    for (const { counts, group, value, by } of this.#changes.splice(0)) {
      counts.change(group, value, -by);
    }
  }
}
