import type { ParentSchema, Schema } from "../../datamodel/schema/schema.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../../datamodel/tree/path.ts";
import type { CubeName, CubeRuntime } from "./cube.ts";
import type { RowOrigin } from "./rows.ts";

/** The path of a port's peer: what causes a connection. */
export function peerPath(cube: CubeName, port: string): string {
  return printPath(belowPort(cube, port, "peer"));
}

export function portPath(cube: CubeName, port: string): string {
  return printPath(belowPort(cube, port));
}

/** The chain of transparent cubes of a port. */
export function portChainPath(cube: CubeName, port: string): InstancePath {
  return belowPort(cube, port, "tcubes");
}

/** The chain of transparent cubes of a device. */
export function deviceChainPath({ root }: Schema, device: string): InstancePath {
  const list = root.childByName.get("netdev:netdev");
  const tcubes = list?.kind === "list" ? list.childByName.get("tcubes") : undefined;
  return list && tcubes ? [{ schema: list, keys: [device] }, { schema: tcubes }] : [];
}

function belowPort({ list, name }: CubeName, port: string, leaf?: string): InstancePath {
  const path: PathStep[] = [{ schema: list, keys: [name] }];
  const ports = list.childByName.get("ports");
  if (ports?.kind !== "list") return path;
  path.push({ schema: ports, keys: [port] });
  const last = leaf === undefined ? undefined : ports.childByName.get(leaf);
  return last ? [...path, { schema: last }] : path;
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
