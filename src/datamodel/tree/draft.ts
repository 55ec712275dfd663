import type { ContainerSchema, DataSchema, ListSchema } from "../schema/schema.ts";
import { emptyList, type ListDraft, type YangList } from "./list.ts";
import { type DataObject, type DataValue, emptyObject, isSet } from "./node.ts";

/** An object that belongs to the transaction and may be changed. */
export interface OwnedObject {
  [prop: string]: DataValue | undefined;
}

/**
 * The candidate of one transaction: a tree that shares everything with the version it started from
 * and copies an object the first time it is changed. `freeze` ends the transaction.
 */
export class TreeDraft {
  readonly root: OwnedObject;
  readonly #owned = new Set<object>();
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

  /** Ends the transaction. */
  freeze(): DataObject {
    for (const [parent, drafts] of this.#lists) {
      for (const [schema, draft] of drafts) {
        if (draft.size > 0) parent[schema.prop] = draft.freeze() as YangList<DataObject>;
        else delete parent[schema.prop];
      }
    }
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
