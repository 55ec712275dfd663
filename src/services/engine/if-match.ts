import type { Edit } from "../../datamodel/datastore/datastore.ts";
import { RequestError, type Violation, violationsMax } from "../../datamodel/error.ts";
import { conflictsOf } from "../../datamodel/tree/conflict.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import type { Slices } from "../../lib/slices.ts";
import type { Version } from "./commit-log.ts";

/**
 * Optimistic locking: refuses edits that write what changed after commit `ifMatch`, and any where
 * what the client saw at that commit was undone or never was.
 * @throws RequestError `in-use`/`if-match` naming the nodes that changed
 */
export function* checkingIfMatch(
  { root, id }: Version,
  edits: readonly Edit[],
  { ifMatch, undone }: { readonly ifMatch: string | undefined; readonly undone: UndoneCommits },
): Slices<void> {
  if (ifMatch === undefined || ifMatch === "") return;
  const seen = commitId(ifMatch);
  if (seen > id) throw refused(`there is no commit ${seen}, the last one is ${id}`);
  if (undone.has(seen)) throw refused(`commit ${seen} was undone: it could not be made durable`);
  const violations: Violation[] = [];
  for (const edit of edits) {
    for (const { path, changedBy } of conflictsOf(edit, root, seen)) {
      const message = `changed by commit ${changedBy}, after ${seen}`;
      violations.push({ path: printPath(path), tag: "in-use", appTag: "if-match", message });
      if (violations.length === violationsMax) throw new RequestError(violations);
    }
    yield;
  }
  if (violations.length > 0) throw new RequestError(violations);
}

function commitId(ifMatch: string): number {
  if (/^[0-9]{1,15}$/.test(ifMatch)) return Number(ifMatch);
  const message = `if_match ${JSON.stringify(ifMatch.slice(0, 40))} is no commit id`;
  throw new RequestError([{ path: "", tag: "invalid-value", message }]);
}

function refused(message: string): RequestError {
  return new RequestError([{ path: "", tag: "in-use", appTag: "if-match", message }]);
}

/** Ranges kept; beyond it the oldest two become one, with what lies between. */
const rangesMax = 1000;

/** Ids of versions that clients may have seen and that are no more. */
export class UndoneCommits {
  readonly #ranges: [first: number, last: number][] = [];

  /** Later ranges come later, and may take in the one before. */
  add(first: number, last: number): void {
    while ((this.#ranges.at(-1)?.[0] ?? -1) >= first) this.#ranges.pop();
    this.#ranges.push([first, last]);
    if (this.#ranges.length <= rangesMax) return;
    const [[start] = [0], [, end] = [0, 0]] = this.#ranges;
    this.#ranges.splice(0, 2, [start, end]);
  }

  has(id: number): boolean {
    return this.#ranges.some(([first, last]) => id >= first && id <= last);
  }
}
