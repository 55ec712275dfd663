import type { LeafValue } from "../schema/value-type.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import type { InstancePath, PathStep } from "../tree/path.ts";
import { Cursor, identityBelow, objectOf } from "./cursor.ts";

/** The node at a path; undefined where there is none. */
export function instanceAt(root: Cursor, path: InstancePath): Cursor | undefined {
  let node: Cursor | undefined = root;
  for (const step of path) node = node && childAt(node, step);
  return node;
}

/** The identities of the nodes on a path. A list or leaf-list as a whole has an empty key. */
export function identitiesOn(path: InstancePath): string[] {
  let identity = "";
  return path.map((step) => {
    identity = identityBelow(identity, step.schema.prop, keyOf(step));
    return identity;
  });
}

function keyOf({ schema, keys, value }: PathStep): string {
  if (schema.kind === "list" && keys) return sortKey(keys);
  return schema.kind === "leaf-list" && value !== undefined ? schema.type.toText(value) : "";
}

function childAt(parent: Cursor, { schema, keys }: PathStep): Cursor | undefined {
  const held = objectOf(parent)[schema.prop];
  if (held === undefined) return undefined;
  if (schema.kind !== "list") return new Cursor(parent, schema, held as DataObject | LeafValue);
  const key = keys && sortKey(keys);
  const entry = key === undefined ? undefined : (held as YangList<DataObject>).at(key);
  return entry && new Cursor(parent, schema, entry, key);
}
