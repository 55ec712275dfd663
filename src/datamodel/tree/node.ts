import type {
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ParentSchema,
} from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { emptyList, type YangList } from "./list.ts";

/**
 * The form of data in memory. A container or list entry is an object whose *own* properties are the
 * explicit values (RFC 8342 "intended": what a client set, plus assigned leaves); what it inherits
 * from its prototype are the schema's defaults: default leaf values, empty non-presence containers,
 * empty lists, default leaf-lists. So `config.fdb.agingTime` always has its value, `isSet` tells
 * whether a client chose it, and a copy carries only what was chosen.
 *
 * Inside a case or under a `when` a default may or may not apply; those are never inherited.
 * Objects are immutable once a transaction has ended; TreeDraft changes its own copies only.
 */
export interface DataObject {
  readonly [prop: string]: DataValue | undefined;
}

/** An anydata value: parsed RFC 7951 JSON, kept as it came. */
export interface Anydata {
  readonly anydata: unknown;
}

export type DataValue =
  | LeafValue
  | readonly LeafValue[]
  | DataObject
  | YangList<DataObject>
  | Anydata;

const prototypes = new WeakMap<ParentSchema, DataObject>();

/** An object with defaults only, to be filled. */
export function emptyObject(schema: ParentSchema): DataObject {
  return Object.create(defaultsOf(schema)) as DataObject;
}

/**
 * The shared object that holds a node's defaults; also stands for its absent non-presence
 * container.
 */
export function defaultsOf(schema: ParentSchema): DataObject {
  const known = prototypes.get(schema);
  if (known) return known;
  const defaults: Record<string, DataValue> = Object.create(null);
  for (const child of schema.children) {
    const value = defaultValue(child);
    if (value !== undefined) defaults[child.prop] = value;
  }
  // Not frozen: what inherits from a frozen object cannot be assigned properties of these names.
  prototypes.set(schema, defaults);
  return defaults;
}

/**
 * Brings the defaults of a node up to its children, which have come or gone: every object of the
 * node that is in use has them at once, since it inherits.
 */
export function refreshDefaults(schema: ParentSchema): void {
  const defaults = defaultsOf(schema) as Record<string, DataValue>;
  for (const prop of Object.keys(defaults)) {
    if (!schema.children.some((child) => child.prop === prop)) delete defaults[prop];
  }
  for (const child of schema.children) {
    const value = child.prop in defaults ? undefined : defaultValue(child);
    if (value !== undefined) defaults[child.prop] = value;
  }
}

function defaultValue(schema: DataSchema): DataValue | undefined {
  if (schema.kind === "list")
    return emptyList<DataObject, readonly LeafValue[]>(schema.userOrdered);
  if (isConditional(schema)) return schema.kind === "leaf-list" ? [] : undefined;
  if (schema.kind === "leaf") return leafDefault(schema);
  if (schema.kind === "leaf-list") return leafListDefault(schema);
  return schema.kind === "container" && !schema.presence ? emptyContainer(schema) : undefined;
}

const emptyContainers = new WeakMap<ContainerSchema, DataObject>();

function emptyContainer(schema: ContainerSchema): DataObject {
  const known = emptyContainers.get(schema) ?? Object.freeze(emptyObject(schema));
  emptyContainers.set(schema, known);
  return known;
}

/** True where a default holds only if a case is chosen or a `when` is true. */
export function isConditional(schema: DataSchema): boolean {
  return schema.inCase !== undefined || schema.when.length > 0;
}

/** The default of a leaf in canonical form. */
export function leafDefault(schema: LeafSchema): LeafValue | undefined {
  const text = schema.isKey ? undefined : schema.ir.default;
  return text === undefined ? undefined : schema.type.fromText(text);
}

/** The defaults of a leaf-list in canonical form. */
export function leafListDefault(schema: LeafListSchema): readonly LeafValue[] {
  return (schema.ir.defaults ?? []).map((text) => schema.type.fromText(text));
}

/** True if the object itself holds the child: set by a client or assigned, not a default. */
export function isSet(object: DataObject, child: { readonly prop: string }): boolean {
  return Object.hasOwn(object, child.prop);
}

/** The keys of an entry, in the order of the key statement. */
export function keysOf(
  list: { readonly keys: readonly { readonly prop: string }[] },
  entry: DataObject,
): LeafValue[] {
  return list.keys.map(({ prop }) => entry[prop] as LeafValue);
}
