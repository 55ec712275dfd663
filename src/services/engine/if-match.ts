import type { Edit } from "../../datamodel/datastore/datastore.ts";
import { RequestError, type Violation } from "../../datamodel/error.ts";
import { stampOf } from "../../datamodel/tree/draft.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";

/**
 * Optimistic locking: fails when something under the nodes written changed after commit `ifMatch`.
 * Every object carries the commit that last changed it or anything below it, so this looks only at
 * the nodes on the edits' paths.
 * @throws RequestError `lock-denied`/`if-match` naming the nodes that changed
 */
export function checkIfMatch(
  root: DataObject,
  edits: readonly Edit[],
  ifMatch: string | undefined,
): void {
  if (ifMatch === undefined || ifMatch === "") return;
  const seen = /^[0-9]{1,15}$/.test(ifMatch) ? Number(ifMatch) : undefined;
  if (seen === undefined) {
    const message = `if_match ${JSON.stringify(ifMatch.slice(0, 40))} is no commit id`;
    throw new RequestError([{ path: "", tag: "invalid-value", message }]);
  }
  const violations = edits.flatMap(({ path }): Violation[] => {
    const changed = changedObject(root, path);
    if (changed === undefined || changed.stamp <= seen) return [];
    const message = `changed by commit ${changed.stamp}, after ${seen}`;
    return [{ path: printPath(changed.path), tag: "in-use", appTag: "if-match", message }];
  });
  if (violations.length > 0) throw new RequestError(violations);
}

/** The deepest object on the path that exists, with its stamp. */
function changedObject(
  root: DataObject,
  path: InstancePath,
): { readonly path: InstancePath; readonly stamp: number } | undefined {
  let object = root;
  let found: { path: InstancePath; stamp: number } | undefined;
  for (const [index, step] of path.entries()) {
    const child: DataValue | undefined = object[step.schema.prop];
    const next = child instanceof YangList ? step.keys && child.get(...step.keys) : child;
    if (next === undefined || next === null || typeof next !== "object" || Array.isArray(next))
      break;
    object = next as DataObject;
    const stamp = stampOf(object) || (found?.stamp ?? 0);
    found = { path: path.slice(0, index + 1), stamp };
  }
  return found;
}
