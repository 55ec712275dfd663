import { decodeJsonAt } from "../../datamodel/codec/decode.ts";
import { type Edit, type EditInsert, isDeletion } from "../../datamodel/datastore/datastore.ts";
import { RequestError } from "../../datamodel/error.ts";
import type { DataSchema, Schema } from "../../datamodel/schema/schema.ts";
import { type InstancePath, parsePath, printPath } from "../../datamodel/tree/path.ts";
import { assert } from "../../lib/assert.ts";
import type { DeletingEdit, NodeRef, ServiceEdit, WritingEdit } from "../operation.ts";
import { keyedStep } from "./node-ref.ts";
import { bodyJson, nodeJson } from "./plain-data.ts";

/**
 * The edits that an operation of a service wants, as a client would send them. Their keys and
 * values pass the same checks as a client's.
 * @throws RequestError with what is wrong in all of them
 */
export function editsOf(
  schema: Schema,
  wanted: readonly ServiceEdit[],
  pathOf: (ref: NodeRef) => InstancePath,
): Edit[] {
  const edits = wanted.map((edit) => {
    return tryEdit(edit, () => parsePath(schema, printPath(pathOf(edit.at))));
  });
  const faults = edits.filter((edit) => edit instanceof RequestError);
  if (faults.length > 0) throw new RequestError(faults.flatMap(({ violations }) => violations));
  return edits.flatMap((edit) => (edit instanceof RequestError ? [] : [edit]));
}

function tryEdit(edit: ServiceEdit, path: () => InstancePath): Edit | RequestError {
  try {
    return editOf(edit, path());
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

function editOf(edit: ServiceEdit, path: InstancePath): Edit {
  const last = path.at(-1);
  assert(last, "an edit names a node");
  if (takesAway(edit)) return { path, operation: edit.operation };
  const { operation } = edit;
  const insert = insertOf(edit, last.schema);
  const value = decodeJsonAt(path, jsonOf(last, edit.value));
  return { path, operation, value, ...(insert && { insert }) };
}

function takesAway(edit: ServiceEdit): edit is DeletingEdit {
  return isDeletion(edit);
}

function insertOf({ insert, point }: WritingEdit, schema: DataSchema): EditInsert | undefined {
  if (insert === undefined) return undefined;
  if (insert === "first" || insert === "last") return { where: insert };
  assert(point, "an edit before or after names what it goes beside");
  return { where: insert, point: keyedStep(schema, point) };
}

/** The value of an edit as JSON: of an entry, of a whole list, or of any other node. */
function jsonOf({ schema, keys, value: named }: InstancePath[number], value: unknown): unknown {
  if (schema.kind === "list" && keys) return bodyJson(schema, value ?? {});
  if (named !== undefined) return null;
  return nodeJson(schema, value ?? (schema.kind === "container" ? {} : undefined));
}
