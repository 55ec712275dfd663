import type { DataSchema, ListSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import type { InstancePath, PathStep } from "../../datamodel/tree/path.ts";
import { assert } from "../../lib/assert.ts";
import type { NodeRef } from "../service.ts";

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

/**
 * Names of the nodes between a cube and the end of a path: how a service declares things by path.
 */
export function pathBelowCube(path: InstancePath, last?: string): string {
  const names = path.slice(1).map(({ schema }) => schema.name);
  return (last === undefined ? names : [...names, last]).join("/");
}
