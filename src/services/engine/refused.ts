import { isDeletion } from "../../datamodel/datastore/datastore.ts";
import type { Unreadable, Violation } from "../../datamodel/error.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { type FailedEdit, missingParent } from "../../datamodel/tree/edit.ts";
import {
  type InstancePath,
  type KnownPlace,
  knownPlace,
  printPath,
} from "../../datamodel/tree/path.ts";

/** What is wrong with a commit before its candidate is judged. */
export interface Refused {
  readonly violations: readonly Violation[];
  /** What the candidate does not hold as it was meant. */
  readonly unread: readonly KnownPlace[];
}

/** Puts together what could not be read and what could not be applied. */
export function refused(
  schema: Schema,
  unreadable: Unreadable | undefined,
  failed: readonly FailedEdit[],
): Refused {
  const places = (unreadable?.places ?? []).map((text) => knownPlace(schema, text));
  const unread = places.filter(({ path }) => path.length > 0);
  const unknown = new Set(unread.map(({ path }) => printPath(path)));
  const told = failed.filter(({ edit, violation }) => {
    // The parent may be what could not be read.
    return violation.appTag !== missingParent || !isBelow(edit.path, unknown);
  });
  const unapplied = once(told.map(({ violation }) => violation));
  return {
    violations: [...(unreadable?.violations ?? []), ...unapplied],
    // What could not be deleted has nothing that would matter to others.
    unread: [
      ...unread,
      ...failed.filter(({ edit }) => !isDeletion(edit)).map(({ edit: { path } }) => ({ path })),
    ],
  };
}

/** Several edits of what is not there have the same to say. */
function once(violations: readonly Violation[]): Violation[] {
  const told = new Set<string>();
  return violations.filter(({ path, tag, message }) => {
    const text = `${path} ${tag} ${message}`;
    const isNew = !told.has(text);
    told.add(text);
    return isNew;
  });
}

/** True if a node on the path, or the list as a whole that it is an entry of, is among these. */
function isBelow(path: InstancePath, nodes: ReadonlySet<string>): boolean {
  return path.some((step, index) => {
    const above = path.slice(0, index);
    return (
      nodes.has(printPath([...above, step])) ||
      nodes.has(printPath([...above, { schema: step.schema }]))
    );
  });
}
