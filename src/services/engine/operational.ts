import type { DataSchema, ListSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import type { OwnedObject } from "../../datamodel/tree/draft.ts";
import { sortKey, type YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, type DataValue, emptyObject, keysOf } from "../../datamodel/tree/node.ts";
import { assert } from "../../lib/assert.ts";

/**
 * A node with state added: `extra` names, by property, what state knows; lists come as arrays of
 * entries with their keys and are merged into the configured list, which is shared, not copied.
 */
export function withState(schema: ParentSchema, base: DataObject, extra: object): DataObject {
  const result = Object.assign(Object.create(Object.getPrototypeOf(base)), base) as OwnedObject;
  for (const [prop, value] of Object.entries(extra)) {
    if (value === undefined) continue;
    const child = schema.children.find((candidate) => candidate.prop === prop);
    assert(child, `${prop} is a node of the model`);
    result[prop] = stateValue(child, base[prop], value);
  }
  return result as DataObject;
}

function stateValue(schema: DataSchema, base: DataValue | undefined, value: unknown): DataValue {
  if (schema.kind === "container") {
    return withState(
      schema,
      (base as DataObject | undefined) ?? emptyObject(schema),
      value as object,
    );
  }
  if (schema.kind === "list") {
    return withEntries(schema, base as YangList<DataObject>, value as object[]);
  }
  return value as DataValue;
}

function withEntries(
  schema: ListSchema,
  base: YangList<DataObject>,
  entries: readonly object[],
): YangList<DataObject> {
  const draft = base.draft();
  for (const [index, entry] of entries.entries()) {
    // Entries of a list without keys are told apart by their position, from 1.
    const keys = schema.keys.length > 0 ? keysOf(schema, entry as DataObject) : [index + 1];
    const key = sortKey(keys);
    draft.set(key, withState(schema, draft.at(key) ?? emptyObject(schema), entry));
  }
  return draft.freeze();
}
