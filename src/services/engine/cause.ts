import type { ParentSchema } from "../../datamodel/schema/schema.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../../datamodel/tree/path.ts";
import type { CubeName, CubeRuntime } from "./cube.ts";
import type { RowOrigin } from "./rows.ts";

/** The path of a port's peer: what causes an attachment. */
export function peerPath({ list, name }: CubeName, port: string): string {
  const ports = list.childByName.get("ports");
  const peer = ports?.kind === "list" ? ports.childByName.get("peer") : undefined;
  const cube = { schema: list, keys: [name] };
  if (ports === undefined || peer === undefined) return printPath([cube]);
  return printPath([cube, { schema: ports, keys: [port] }, { schema: peer }]);
}

/**
 * The path of a node that a table took from a version of the cube's configuration, or the nearest
 * one above it that is found. Looks through containers, and into lists by the node's keys.
 */
export function nodePath(cube: CubeRuntime, { config, nodes }: RowOrigin): string {
  const path: PathStep[] = [{ schema: cube.list, keys: [cube.name] }];
  let [parent, object]: [ParentSchema, DataObject] = [cube.list, config];
  for (const node of nodes) {
    const found = find(parent, object, node);
    const schema = found?.at(-1)?.schema;
    if (found === undefined || schema === undefined || !("children" in schema)) break;
    path.push(...found);
    [parent, object] = [schema, node];
  }
  return printPath(path);
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
