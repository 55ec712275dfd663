import type { LeafValue } from "../schema/value-type.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import type { InstancePath, PathStep } from "../tree/path.ts";
import { Cursor, objectOf } from "./cursor.ts";

/** The node at a path; undefined where there is none. */
export function instanceAt(root: Cursor, path: InstancePath): Cursor | undefined {
  let node: Cursor | undefined = root;
  for (const step of path) node = node && childAt(node, step);
  return node;
}

function childAt(parent: Cursor, { schema, keys }: PathStep): Cursor | undefined {
  const held = objectOf(parent)[schema.prop];
  if (held === undefined) return undefined;
  if (schema.kind !== "list") return new Cursor(parent, schema, held as DataObject | LeafValue);
  const key = keys && sortKey(keys);
  const entry = key === undefined ? undefined : (held as YangList<DataObject>).at(key);
  return entry && new Cursor(parent, schema, entry, key);
}
