import type { DataSchema, ListSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import type { LeafValue } from "../../datamodel/schema/value-type.ts";
import type { InstancePath, PathStep } from "../../datamodel/tree/path.ts";
import { assert } from "../../lib/assert.ts";
import type { NodeRef } from "../service.ts";

/** Types of keys are narrower than those of leaves: none is `empty`. */
type KeyValue = Exclude<LeafValue, null>;

/** The path of a node that a service names below one of its cubes. */
export function refPath(list: ListSchema, cube: string, ref: NodeRef): InstancePath {
  const path: PathStep[] = [{ schema: list, keys: [cube] }];
  let parent: ParentSchema = list;
  for (const part of ref) {
    if (typeof part !== "string") {
      const last = path.pop();
      assert(last?.schema.kind === "list", "keys follow a list");
      path.push({ schema: last.schema, keys: part });
      continue;
    }
    const child: DataSchema | undefined = parent.childByName.get(part);
    assert(child, `${part} is a node of ${list.name}`);
    path.push({ schema: child });
    if (child.kind === "container" || child.kind === "list") parent = child;
  }
  return path;
}

/** How a service names the node that a path below a cube leads to. */
export function refOf(below: InstancePath): NodeRef {
  return below.flatMap(
    ({ schema, keys }): NodeRef =>
      keys ? [schema.name, keys as readonly KeyValue[]] : [schema.name],
  );
}

/**
 * Names of the nodes between a cube and the end of a path: how a service declares things by path.
 */
export function pathBelowCube(path: InstancePath, last?: string): string {
  const names = path.slice(1).map(({ schema }) => schema.name);
  return (last === undefined ? names : [...names, last]).join("/");
}
