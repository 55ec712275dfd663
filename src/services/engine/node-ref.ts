import type {
  DataSchema,
  ListSchema,
  ParentSchema,
  RootSchema,
} from "../../datamodel/schema/schema.ts";
import type { InstancePath, PathStep } from "../../datamodel/tree/path.ts";
import { assert } from "../../lib/assert.ts";
import type { NodeKeys, NodeRef } from "../operation.ts";

/** The path of a node that a service names below one of its cubes. */
export function refPath(list: ListSchema, cube: string, ref: NodeRef): InstancePath {
  return [{ schema: list, keys: [cube] }, ...stepsBelow(list, ref)];
}

/** The path of a node that is named from the root of the tree. */
export function rootPath(root: RootSchema, ref: NodeRef): InstancePath {
  return stepsBelow(root, ref);
}

function stepsBelow(top: ListSchema | RootSchema, ref: NodeRef): PathStep[] {
  const path: PathStep[] = [];
  let parent: ParentSchema = top;
  for (const part of ref) {
    if (typeof part !== "string") {
      const last = path.pop();
      assert(last, "keys follow the name of a list");
      path.push(keyedStep(last.schema, part));
      continue;
    }
    const child: DataSchema | undefined = parent.childByName.get(part);
    assert(child, `${part} is a node`);
    path.push({ schema: child });
    if (child.kind === "container" || child.kind === "list") parent = child;
  }
  return path;
}

/** The step to an entry of a list, or to one value of a leaf-list. */
export function keyedStep(schema: DataSchema, keys: NodeKeys): PathStep {
  if (schema.kind === "list") return { schema, keys };
  const [value] = keys;
  assert(schema.kind === "leaf-list" && value !== undefined, "keys follow the name of a list");
  return { schema, value };
}

/** How a service names the node that a path below a cube leads to. */
export function refOf(below: InstancePath): NodeRef {
  return below.flatMap(({ schema, keys }): NodeRef => {
    return keys ? [schema.name, keys as NodeKeys] : [schema.name];
  });
}

/** The keys of all lists on the way from a cube to the end of a path. */
export function keysBelowCube(path: InstancePath): NodeKeys {
  return path.slice(1).flatMap(({ keys }) => (keys ?? []) as NodeKeys);
}

/**
 * Names of the nodes between a cube and the end of a path: how a service declares things by path.
 */
export function pathBelowCube(path: InstancePath, last?: string): string {
  const names = path.slice(1).map(({ schema }) => schema.name);
  return (last === undefined ? names : [...names, last]).join("/");
}
