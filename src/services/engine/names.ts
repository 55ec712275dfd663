import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import { baseOf } from "./cube.ts";

/** Cubes created under a name that a cube of another service has: names are unique over all. */
export function nameViolations(
  lists: Iterable<ListSchema>,
  older: DataObject,
  newer: DataObject,
): Violation[] {
  const all = [...lists];
  const violations: Violation[] = [];
  for (const list of all) {
    const before = older[list.prop] as YangList<DataObject>;
    (newer[list.prop] as YangList<DataObject>).diff(before, (key, was, is) => {
      if (was !== undefined || is === undefined) return;
      const other = all.find((candidate) => {
        return candidate !== list && (newer[candidate.prop] as YangList<DataObject>).at(key);
      });
      if (other) violations.push(nameTaken(list, baseOf(is).name, other));
    });
  }
  return violations;
}

function nameTaken(list: ListSchema, name: string, other: ListSchema): Violation {
  const path = printPath([{ schema: list, keys: [name] }]);
  return { path, tag: "data-exists", message: `there is a ${other.name} of this name already` };
}
