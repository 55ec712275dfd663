import { setMember } from "../../lib/json.ts";
import type { DataSchema, ListSchema, ParentSchema } from "../schema/schema.ts";
import type { LeafValue, ValueType } from "../schema/value-type.ts";
import { YangList } from "../tree/list.ts";
import { type Anydata, type DataObject, type DataValue, isSet } from "../tree/node.ts";

export interface EncodeOptions {
  /** Also what the schema's defaults give; without it only what the objects themselves hold. */
  readonly withDefaults?: boolean;
  /** Chooses what is written of a list; without it all entries are. */
  readonly choose?: (list: YangList<DataObject>, place: EncodePlace) => Iterable<DataObject>;
}

/** Where a node stands below the one being encoded. */
export interface EncodePlace {
  readonly above: EncodePlace | undefined;
  readonly schema: DataSchema;
  /** Of a list: the entry on the way, and its position in what is written. */
  readonly entry?: { readonly object: DataObject; readonly position: number };
}

export interface JsonObject {
  [member: string]: unknown;
}

/**
 * Writes data as plain values of RFC 7951 JSON, members in schema order: a body as an object, a
 * list (YangList or array of entries) as an array, one of its entries as an object. Inside a body,
 * empty lists, leaf-lists and non-presence containers are left out.
 */
export function encodeJson(
  schema: Exclude<ParentSchema, ListSchema>,
  object: DataObject,
  options?: EncodeOptions,
): JsonObject;
export function encodeJson(
  schema: DataSchema,
  value: DataValue | readonly DataObject[],
  options?: EncodeOptions,
): unknown;
export function encodeJson(
  schema: ParentSchema | DataSchema,
  value: DataValue | readonly DataObject[],
  options: EncodeOptions = {},
): unknown {
  const encoder = new JsonEncoder(options);
  if (schema.kind === "root" || schema.kind === "parameters" || schema.kind === "notification") {
    return encoder.body(schema, value as DataObject, undefined);
  }
  return encoder.node(schema, value, undefined);
}

class JsonEncoder {
  readonly #options: EncodeOptions;

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  node(
    schema: DataSchema,
    value: DataValue | readonly DataObject[],
    above: EncodePlace | undefined,
  ): unknown {
    switch (schema.kind) {
      case "leaf":
        return schema.type.toJson(value as LeafValue);
      case "leaf-list":
        return encodeLeafList(schema.type, value as LeafValue | readonly LeafValue[]);
      case "anydata":
        return (value as Anydata).anydata;
      case "list":
        return this.#list(schema, value as DataObject | Iterable<DataObject>, above);
      case "container":
        return this.body(schema, value as DataObject, { above, schema });
    }
  }

  body(schema: ParentSchema, object: DataObject, place: EncodePlace | undefined): JsonObject {
    const json: JsonObject = {};
    for (const child of schema.children) {
      const isShown = this.#options.withDefaults || isSet(object, child);
      const value = isShown ? object[child.prop] : undefined;
      if (value === undefined) continue;
      const encoded = this.node(child, value, place);
      if (!isEmpty(child, encoded)) setMember(json, child.jsonName, encoded);
    }
    return json;
  }

  #list(
    schema: ListSchema,
    value: DataObject | Iterable<DataObject>,
    above: EncodePlace | undefined,
  ): unknown {
    if (!isIterable(value)) return this.body(schema, value, { above, schema });
    const { choose } = this.#options;
    const isChosen = choose !== undefined && value instanceof YangList;
    const entries = isChosen ? choose(value, { above, schema }) : value;
    return Array.from(entries, (object, position) =>
      this.body(schema, object, { above, schema, entry: { object, position } }),
    );
  }
}

function isIterable(value: DataObject | Iterable<DataObject>): value is Iterable<DataObject> {
  return value instanceof YangList || Array.isArray(value);
}

function encodeLeafList(type: ValueType, value: LeafValue | readonly LeafValue[]): unknown {
  return Array.isArray(value)
    ? value.map((item) => type.toJson(item))
    : type.toJson(value as LeafValue);
}

function isEmpty(schema: DataSchema, encoded: unknown): boolean {
  if (schema.kind === "list" || schema.kind === "leaf-list") {
    return (encoded as readonly unknown[]).length === 0;
  }
  const mayVanish = schema.kind === "container" && !schema.presence;
  return mayVanish && Object.keys(encoded as JsonObject).length === 0;
}
