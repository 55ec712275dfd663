import type { ParentSchema } from "../../datamodel/schema/schema.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import type { CubeName, CubeRuntime } from "./cube.ts";

/** The path of a port's peer: what causes an attachment. */
export function peerPath({ list, name }: CubeName, port: string): string {
  const ports = list.childByName.get("ports");
  const peer = ports?.kind === "list" ? ports.childByName.get("peer") : undefined;
  const cube = { schema: list, keys: [name] };
  if (ports === undefined || peer === undefined) return printPath([cube]);
  return printPath([cube, { schema: ports, keys: [port] }, { schema: peer }]);
}

/**
 * The path of a node that a table took from a version of the cube's configuration; the cube's own
 * where it is not found. Looks through containers, and into lists by the node's keys.
 */
export function nodePath(cube: CubeRuntime, config: DataObject, node: DataObject): string {
  const found = find(cube.list, config, node);
  return printPath([{ schema: cube.list, keys: [cube.name] }, ...(found ?? [])]);
}

function find(
  schema: ParentSchema,
  object: DataObject,
  node: DataObject,
): InstancePath | undefined {
  for (const child of schema.children) {
    const value = object[child.prop];
    if (child.kind === "container" && value !== undefined) {
      const below = value === node ? [] : find(child, value as DataObject, node);
      if (below) return [{ schema: child }, ...below];
    }
    if (child.kind === "list" && value instanceof YangList && child.keys.length > 0) {
      const keys = keysOf(child, node);
      const isHere = !keys.includes(undefined as never) && value.get(...keys) === node;
      if (isHere) return [{ schema: child, keys }];
    }
  }
  return undefined;
}
