import { decodeJsonAt } from "../../src/datamodel/codec/decode.ts";
import { encodeJson } from "../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../src/datamodel/datastore/datastore.ts";
import type { Schema } from "../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../src/datamodel/tree/edit.ts";
import { type DataObject, emptyObject } from "../../src/datamodel/tree/node.ts";
import { parsePath } from "../../src/datamodel/tree/path.ts";

/** An edit as a client writes it: path and value as text and JSON. */
export function edit(
  schema: Schema,
  operation: Edit["operation"],
  path: string,
  json?: unknown,
): Edit {
  const parsed = parsePath(schema, path);
  return json === undefined
    ? { path: parsed, operation }
    : { path: parsed, operation, value: decodeJsonAt(parsed, json) };
}

/** A tree from the JSON of its top-level nodes. */
export function treeOf(schema: Schema, json: Record<string, unknown>): DataObject {
  const edits = Object.entries(json).map(([name, value]) =>
    edit(schema, "merge", `/${name}`, value),
  );
  return applyEdits(emptyObject(schema.root), edits);
}

/** RFC 7951 JSON of the explicit values. */
export function jsonOf(schema: Schema, root: DataObject): unknown {
  return encodeJson(schema.root, root);
}
