import type { Violation } from "../../datamodel/error.ts";
import type { DataSchema, Schema } from "../../datamodel/schema/schema.ts";
import { diffWanted, type Location, locationPath, type Visit } from "../../datamodel/tree/diff.ts";
import { type DataObject, type DataValue, leafDefault } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import { holdsInitOnly, isInitOnly } from "./init-only.ts";

/** Leaves that may only be set when their entry is created and were changed later. */
export function initOnlyViolations(
  schema: Schema,
  older: DataObject,
  newer: DataObject,
): Violation[] {
  const violations: Violation[] = [];
  const visit: Visit = (location, was, is) => {
    const { schema: node } = location;
    // A created or deleted subtree sets all its leaves for the first or last time.
    if (node.kind === "list") return was !== undefined && is !== undefined;
    const owner = ownerEntry(location);
    if (sameEffect(node, was, is)) return false;
    if (owner && isInitOnly(node)) {
      const message = `${node.name} can only be set when the ${owner.schema.name} is created`;
      const path = printPath(locationPath(location));
      violations.push({ path, tag: "operation-failed", appTag: "init-only", message });
    }
    return true;
  };
  diffWanted(schema.root, [older, newer], { visit, isWanted: holdsInitOnly });
  return violations;
}

/** Setting a leaf to its default, or taking that back, changes nothing. */
function sameEffect(node: DataSchema, was: DataValue | undefined, is: DataValue | undefined) {
  if (node.kind !== "leaf") return false;
  const byDefault = leafDefault(node);
  return (was ?? byDefault) === (is ?? byDefault);
}

/** The list entry a node belongs to; only entries on both sides are walked into. */
function ownerEntry(location: Location): Location | undefined {
  let at = location.parent;
  while (at && at.schema.kind !== "list") at = at.parent;
  return at;
}
