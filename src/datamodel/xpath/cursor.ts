import type { DataSchema, ParentSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import type { YangList } from "../tree/list.ts";
import type { Anydata, DataObject, DataValue } from "../tree/node.ts";

export type NodeSchema = DataSchema | ParentSchema;

/**
 * One data node as seen on the way from the root. Data objects have no parent (versions share
 * them), so a chain of cursors is what XPath calls a node. For a list it is one entry, for a
 * leaf-list one value.
 */
export class Cursor {
  readonly parent: Cursor | undefined;
  readonly schema: NodeSchema;
  /** DataObject of a container, entry or root; value of a leaf or leaf-list entry; Anydata. */
  readonly value: DataObject | LeafValue | Anydata;
  /** Tells instances of one schema node under one parent apart: encoded keys, or a value's text. */
  readonly key: string;
  /** 0 for the root. */
  readonly depth: number;
  #identity: string | undefined;

  constructor(
    parent: Cursor | undefined,
    schema: NodeSchema,
    value: DataObject | LeafValue | Anydata,
    key = "",
  ) {
    this.parent = parent;
    this.schema = schema;
    this.value = value;
    this.key = key;
    this.depth = parent ? parent.depth + 1 : 0;
  }

  /** Equal for two cursors exactly where they are at one node; also across versions of the tree. */
  get identity(): string {
    const prop = "prop" in this.schema ? this.schema.prop : "";
    this.#identity ??= this.parent ? identityBelow(this.parent.identity, prop, this.key) : "";
    return this.#identity;
  }

  ancestor(depth: number): Cursor {
    let at: Cursor = this;
    while (at.depth > depth && at.parent) at = at.parent;
    return at;
  }

  get root(): Cursor {
    return this.ancestor(0);
  }
}

/** The identity of a node by that of its parent; "" is the root's. */
export function identityBelow(parent: string, prop: string, key: string): string {
  return `${parent}\u0001${prop}\u0002${key}`;
}

/** True for nodes that hold children. */
export function isParent(schema: NodeSchema): schema is ParentSchema {
  return schema.kind !== "leaf" && schema.kind !== "leaf-list" && schema.kind !== "anydata";
}

/** The data object of a container, list entry or root. */
export function objectOf(cursor: Cursor): DataObject {
  return cursor.value as DataObject;
}

/** Cursors at the instances of one child; `value` is what the parent's object holds for it. */
export function instances(
  parent: Cursor,
  child: DataSchema,
  value: DataValue | undefined,
): Cursor[] {
  if (value === undefined) return [];
  switch (child.kind) {
    case "list":
      return listInstances(parent, child, value as YangList<DataObject>);
    case "leaf-list":
      return (value as readonly LeafValue[]).map(
        (entry) => new Cursor(parent, child, entry, child.type.toText(entry)),
      );
    default:
      return [new Cursor(parent, child, value as DataObject | LeafValue)];
  }
}

function listInstances(parent: Cursor, child: DataSchema, list: YangList<DataObject>): Cursor[] {
  const cursors: Cursor[] = [];
  for (const [key, entry] of list.entries()) cursors.push(new Cursor(parent, child, entry, key));
  return cursors;
}

/** Puts nodes into document order and drops duplicates. */
export function documentOrder(cursors: readonly Cursor[]): Cursor[] {
  const distinct = [...new Map(cursors.map((cursor) => [cursor.identity, cursor])).values()];
  if (distinct.length < 2) return distinct;
  const chains = new Map(distinct.map((cursor) => [cursor, chain(cursor)]));
  const positions = new Map<DataObject, Map<string, number>>();
  return distinct.sort((a, b) =>
    compareChains(chains.get(a) ?? [], chains.get(b) ?? [], positions),
  );
}

function chain(cursor: Cursor): Cursor[] {
  const cursors: Cursor[] = [];
  for (let at: Cursor | undefined = cursor; at; at = at.parent) cursors.push(at);
  return cursors.reverse();
}

type Positions = Map<DataObject, Map<string, number>>;

function compareChains(a: readonly Cursor[], b: readonly Cursor[], positions: Positions): number {
  for (const [depth, left] of a.entries()) {
    const right = b[depth];
    if (right === undefined) return 1;
    if (left !== right && left.identity !== right.identity) {
      return compareSiblings(left, right, positions);
    }
  }
  return -1;
}

function compareSiblings(left: Cursor, right: Cursor, positions: Positions): number {
  if (left.parent === undefined || left.schema !== right.schema) {
    return childIndex(left) - childIndex(right);
  }
  const object = objectOf(left.parent);
  const known = positions.get(object) ?? new Map<string, number>();
  positions.set(object, known);
  const prefix = "prop" in left.schema ? left.schema.prop : "";
  if (!known.has(`${prefix}\u0002`)) {
    known.set(`${prefix}\u0002`, 0);
    const schema = left.schema as DataSchema;
    for (const [index, { key }] of instances(left.parent, schema, object[schema.prop]).entries()) {
      known.set(`${prefix}\u0002${key}`, index);
    }
  }
  const position = (cursor: Cursor): number => known.get(`${prefix}\u0002${cursor.key}`) ?? 0;
  return position(left) - position(right);
}

function childIndex({ parent, schema }: Cursor): number {
  return parent && isParent(parent.schema)
    ? parent.schema.children.indexOf(schema as DataSchema)
    : 0;
}
