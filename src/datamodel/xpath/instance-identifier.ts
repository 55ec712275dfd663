import { parseSteps, type TextPredicate, type TextStep } from "../schema/instance-identifier.ts";
import type { DataSchema, LeafSchema, ListSchema } from "../schema/schema.ts";
import { type LeafValue, ValueError } from "../schema/value-type.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import { Cursor, isParent, objectOf } from "./cursor.ts";
import { childCursors, type Evaluation } from "./evaluation.ts";

/** The node an instance-identifier names (RFC 7951 §6.11), undefined where there is none. */
export function instanceOf(
  root: Cursor,
  identifier: string,
  evaluation: Evaluation,
): Cursor | undefined {
  let node: Cursor | undefined = root;
  let module = "";
  for (const step of tolerant(() => parseSteps(identifier)) ?? []) {
    if (node === undefined || !isParent(node.schema)) return undefined;
    module = step.module ?? module;
    const child: DataSchema | undefined = node.schema.childByName.get(`${module}:${step.name}`);
    node = child && selected(node, child, { step, evaluation });
  }
  return node === root ? undefined : node;
}

/** The codec has judged syntax and values; what does not fit here names no node. */
function tolerant<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ValueError) return undefined;
    throw error;
  }
}

interface Selection {
  readonly step: TextStep;
  readonly evaluation: Evaluation;
}

function selected(parent: Cursor, child: DataSchema, at: Selection): Cursor | undefined {
  if (at.evaluation.configOnly && !child.config) return undefined;
  const [predicate] = at.step.predicates;
  if (child.kind === "list" && child.keys.length > 0) {
    return listEntry(parent, child, at.step.predicates);
  }
  const candidates = childCursors(parent, child, at.evaluation);
  if (predicate === undefined) return candidates[0];
  if (predicate.kind === "position") return candidates[predicate.position - 1];
  if (predicate.kind !== "value" || child.kind !== "leaf-list") return undefined;
  const wanted = tolerant(() => child.type.fromText(predicate.value));
  return candidates.find(({ value }) => value === wanted);
}

function listEntry(
  parent: Cursor,
  list: ListSchema,
  predicates: readonly TextPredicate[],
): Cursor | undefined {
  const keys: LeafValue[] = [];
  for (const key of list.keys) {
    const value = keyValue(key, predicates);
    if (value === undefined) return undefined;
    keys.push(value);
  }
  const encoded = sortKey(keys);
  const entry = (objectOf(parent)[list.prop] as YangList<DataObject> | undefined)?.at(encoded);
  return entry && new Cursor(parent, list, entry, encoded);
}

function keyValue(key: LeafSchema, predicates: readonly TextPredicate[]): LeafValue | undefined {
  for (const predicate of predicates) {
    if (predicate.kind === "key" && predicate.name === key.name) {
      return tolerant(() => key.type.fromText(predicate.value));
    }
  }
  return undefined;
}
