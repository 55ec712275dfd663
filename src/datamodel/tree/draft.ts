import type { ContainerSchema, DataSchema, ListSchema } from "../schema/schema.ts";
import { emptyList, type ListDraft, YangList } from "./list.ts";
import { type DataObject, type DataValue, emptyObject, isSet } from "./node.ts";

/** An object that belongs to the transaction and may be changed. */
export interface OwnedObject {
  [prop: string]: DataValue | undefined;
}

const stampKey = Symbol("commit");

interface Stamped {
  [stampKey]?: number;
}

/** The commit that last changed this object or anything below it. */
export function stampOf(object: DataObject): number {
  return (object as Stamped)[stampKey] ?? 0;
}

/**
 * The candidate of one transaction: a tree that shares everything with the version it started from
 * and copies an object the first time it is changed. `freeze` ends the transaction.
 */
export class TreeDraft {
  readonly root: OwnedObject;
  readonly #owned = new Set<object>();
  readonly #adopted = new Set<OwnedObject>();
  readonly #lists = new Map<OwnedObject, Map<ListSchema, ListDraft<DataObject>>>();

  constructor(root: DataObject) {
    this.root = this.#copy(root);
  }

  /** The transaction's copy of a container, made where it is absent. */
  container(parent: OwnedObject, schema: ContainerSchema): OwnedObject {
    const current = isSet(parent, schema) ? (parent[schema.prop] as DataObject) : undefined;
    const owned = this.#own(current ?? emptyObject(schema));
    parent[schema.prop] = owned;
    return owned;
  }

  list(parent: OwnedObject, schema: ListSchema): ListDraft<DataObject> {
    const drafts = this.#lists.get(parent) ?? new Map<ListSchema, ListDraft<DataObject>>();
    this.#lists.set(parent, drafts);
    const known = drafts.get(schema);
    if (known) return known;
    const current = isSet(parent, schema)
      ? (parent[schema.prop] as YangList<DataObject>)
      : emptyList<DataObject, []>(schema.userOrdered);
    const draft = current.draft() as ListDraft<DataObject>;
    drafts.set(schema, draft);
    return draft;
  }

  /** The transaction's copy of an entry that exists. */
  entry(list: ListDraft<DataObject>, key: string): OwnedObject | undefined {
    const current = list.at(key);
    if (current === undefined) return undefined;
    const owned = this.#own(current);
    if (owned !== current) list.set(key, owned as DataObject);
    return owned;
  }

  /** Removes a child; true if it was there. */
  remove(parent: OwnedObject, schema: DataSchema): boolean {
    const draft = schema.kind === "list" ? this.#lists.get(parent)?.get(schema) : undefined;
    const existed = draft ? draft.size > 0 : isSet(parent, schema);
    if (schema.kind === "list") this.#lists.get(parent)?.delete(schema);
    delete parent[schema.prop];
    return existed;
  }

  /** True if the child is set, lists still being changed included. */
  has(parent: OwnedObject, schema: DataSchema): boolean {
    const draft = schema.kind === "list" ? this.#lists.get(parent)?.get(schema) : undefined;
    return draft ? draft.size > 0 : isSet(parent, schema);
  }

  /** Notes a whole subtree given by an edit: it is stamped, but never changed in place. */
  adopt(value: DataObject): void {
    this.#adopted.add(value as OwnedObject);
  }

  /** Ends the transaction; every object it made or took in carries `stamp` (see `stampOf`). */
  freeze(stamp: number): DataObject {
    for (const [parent, drafts] of this.#lists) {
      for (const [schema, draft] of drafts) {
        if (draft.size > 0) parent[schema.prop] = draft.freeze() as YangList<DataObject>;
        else delete parent[schema.prop];
      }
    }
    for (const object of this.#owned) (object as Stamped)[stampKey] = stamp;
    for (const object of this.#adopted) stampAll(object, stamp);
    return this.root as DataObject;
  }

  #own(object: DataObject): OwnedObject {
    return this.#owned.has(object) ? (object as OwnedObject) : this.#copy(object);
  }

  #copy(object: DataObject): OwnedObject {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(object)), object) as OwnedObject;
    this.#owned.add(copy);
    return copy;
  }
}

function stampAll(object: OwnedObject, stamp: number): void {
  (object as Stamped)[stampKey] = stamp;
  for (const prop of Object.keys(object)) {
    const value = object[prop];
    if (value instanceof YangList) for (const entry of value) stampAll(entry, stamp);
    else if (isDataObject(value)) stampAll(value as OwnedObject, stamp);
  }
}

/** Told from anydata, a leaf-list and leaf values. */
function isDataObject(value: DataValue | undefined): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !Object.hasOwn(value, "anydata");
}
