import { RequestError } from "../error.ts";
import type { Schema } from "../schema/schema.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import { type InstancePath, type PathStep, parsePath } from "../tree/path.ts";
import { Cursor, objectOf } from "./cursor.ts";
import { childCursors, type Evaluation } from "./evaluation.ts";

/** The node an instance-identifier names (RFC 7951 §6.11), undefined where there is none. */
export function instanceOf(
  root: Cursor,
  identifier: string,
  evaluation: Evaluation,
): Cursor | undefined {
  const path = namedPath(evaluation.environment.schema, identifier);
  let node: Cursor | undefined = path && root;
  for (const step of path ?? []) node = node && selected(node, step, evaluation);
  return node;
}

/** The one node that a text names, if the schema has such nodes. */
export function namedPath(schema: Schema, identifier: string): InstancePath | undefined {
  try {
    const path = parsePath(schema, identifier);
    return path.length > 0 && path.every(isOne) ? path : undefined;
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function isOne({ schema, keys, value }: PathStep): boolean {
  if (schema.kind === "list") return keys !== undefined;
  return schema.kind !== "leaf-list" || value !== undefined;
}

function selected(parent: Cursor, step: PathStep, evaluation: Evaluation): Cursor | undefined {
  const { schema, keys, value } = step;
  if (evaluation.configOnly && !schema.config) return undefined;
  if (schema.kind === "list" && schema.keys.length > 0) {
    const key = sortKey(keys ?? []);
    const entry = (objectOf(parent)[schema.prop] as YangList<DataObject> | undefined)?.at(key);
    return entry && new Cursor(parent, schema, entry, key);
  }
  const candidates = childCursors(parent, schema, evaluation);
  // An entry without keys is named by its position.
  if (schema.kind === "list") return candidates[Number(keys?.[0]) - 1];
  if (schema.kind !== "leaf-list") return candidates[0];
  return candidates.find((candidate) => candidate.value === value);
}
