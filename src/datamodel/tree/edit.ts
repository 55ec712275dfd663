import { atOnce, type Slices } from "../../lib/slices.ts";
import { type Edit, isDeletion } from "../datastore/datastore.ts";
import { RequestError, refuse, type Violation } from "../error.ts";
import type { DataSchema, LeafListSchema, ListSchema, ParentSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { type OwnedObject, TreeDraft } from "./draft.ts";
import { type InsertPoint, type ListDraft, sortKey, type YangList } from "./list.ts";
import { type DataObject, type DataValue, emptyObject, isSet, keysOf } from "./node.ts";
import { type InstancePath, type PathStep, printPath } from "./path.ts";

/** The tree that edits make. */
export interface Candidate {
  readonly root: DataObject;
  /** Edits that could not be applied: it is without them. */
  readonly failed: readonly FailedEdit[];
}

export interface FailedEdit {
  readonly edit: Edit;
  readonly violation: Violation;
}

/**
 * Applies edits to a version of the tree; the given version is unchanged. Edits apply in order, but
 * one whose parent does not exist yet waits for the others, so that the order in which a client
 * names new nodes does not matter. Only structure is judged here (does the node exist, may it be
 * written); whether the candidate is valid is the validator's to say.
 *
 * @throws RequestError with a violation for every edit that could not be applied.
 */
export function applyEdits(root: DataObject, edits: readonly Edit[]): DataObject {
  const { root: newer, failed } = atOnce(applyingEdits(root, edits));
  if (failed.length > 0) throw new RequestError(failed.map(({ violation }) => violation));
  return newer;
}

/** The same, in slices of one edit; tells what could not be applied. */
export function* applyingEdits(root: DataObject, edits: readonly Edit[]): Slices<Candidate> {
  const session = new EditSession(root);
  const failed: FailedEdit[] = [];
  let waiting = edits;
  for (;;) {
    const parentless: FailedEdit[] = [];
    for (const edit of waiting) {
      const violation = session.apply(edit);
      if (violation?.appTag === missingParent) parentless.push({ edit, violation });
      else if (violation) failed.push({ edit, violation });
      yield;
    }
    if (parentless.length === 0 || parentless.length === waiting.length) {
      return { root: session.freeze(), failed: [...failed, ...parentless] };
    }
    waiting = parentless.map(({ edit }) => edit);
  }
}

/**
 * RFC 7950 §15.7 gives data-missing no app-tag for this; it tells a missing parent from the node
 * itself.
 */
export const missingParent = "missing-parent";

/** Where an edit was applied: the path, which kind of edit it was, and what it found. */
interface Place {
  readonly path: InstancePath;
  readonly isDelete: boolean;
  readonly parent: OwnedObject;
}

class EditSession {
  readonly #draft: TreeDraft;
  /** Of the edit before, while nothing above can have changed since. */
  #last: Place | undefined;

  constructor(root: DataObject) {
    this.#draft = new TreeDraft(root);
  }

  freeze(): DataObject {
    return this.#draft.freeze();
  }

  apply(edit: Edit): Violation | undefined {
    try {
      this.#apply(edit);
      return undefined;
    } catch (error) {
      const violation = error instanceof RequestError ? error.violations[0] : undefined;
      if (violation === undefined) throw error;
      return violation;
    }
  }

  #apply(edit: Edit): void {
    const last = edit.path.at(-1);
    if (last === undefined) throw refuse("bad-element", "/", "the root itself cannot be written");
    const parent = this.#parentBefore(edit) ?? this.#parent(edit);
    if (!last.schema.config) throw unwritable(edit.path, last.schema);
    if (parent !== undefined) this.#applyTo(parent, last, edit);
  }

  /** Edits on siblings come in rows: the way to their parent is gone once. */
  #parentBefore(edit: Edit): OwnedObject | undefined {
    const { path } = edit;
    const last = this.#last;
    if (last?.path.length !== path.length || last.isDelete !== isDeletion(edit)) return undefined;
    for (let depth = path.length - 2; depth >= 0; depth -= 1) {
      if (path[depth] !== last.path[depth]) return undefined;
    }
    return last.parent;
  }

  #applyTo(parent: OwnedObject, { schema, keys, value }: PathStep, edit: Edit): void {
    if (schema.kind === "container") this.#applyContainer(edit, parent, schema);
    else if (schema.kind === "list" && keys) this.#applyEntry(edit, parent, { schema, keys });
    else if (schema.kind === "list") this.#applyWholeList(edit, parent, schema);
    else if (schema.kind === "leaf-list" && value !== undefined) {
      this.#applyLeafListValue(edit, parent, { schema, value });
    } else this.#applyLeaf(edit, parent, schema);
  }

  /**
   * Walks to the parent of the node; every list entry and presence container must exist. Undefined
   * where nothing is left to remove, since the container it would be in is absent.
   */
  #parent(edit: Edit): OwnedObject | undefined {
    const { path } = edit;
    this.#last = undefined;
    let node = this.#draft.root;
    for (const [index, step] of path.slice(0, -1).entries()) {
      const below = this.#below(node, step, edit);
      if (below === undefined) {
        if (step.schema.kind === "container" && edit.operation === "remove") return undefined;
        throw missing(path, index + 1, missingParent);
      }
      node = below;
    }
    this.#last = { path, isDelete: isDeletion(edit), parent: node };
    return node;
  }

  #below(node: OwnedObject, { schema, keys }: PathStep, edit: Edit): OwnedObject | undefined {
    if (!schema.config) throw unwritable(edit.path, schema);
    if (schema.kind === "container") {
      if (schema.presence && !isSet(node, schema)) return undefined;
      if (!isDeletion(edit)) this.#clearOtherCases(node, schema);
      return this.#draft.container(node, schema);
    }
    if (schema.kind === "list" && keys !== undefined) {
      return this.#draft.entry(this.#draft.list(node, schema), sortKey(keys));
    }
    throw refuse("bad-element", printPath(edit.path), `${schema.name} has no nodes below it`);
  }

  #applyContainer(
    edit: Edit,
    parent: OwnedObject,
    schema: DataSchema & { kind: "container" },
  ): void {
    const exists = isSet(parent, schema);
    this.#checkExistence(edit, schema.presence || isDeletion(edit) ? exists : undefined);
    if (edit.operation !== "merge") this.#draft.remove(parent, schema);
    if (isDeletion(edit)) return;
    this.#clearOtherCases(parent, schema);
    this.#merge(this.#draft.container(parent, schema), schema, valueObject(edit));
  }

  #applyEntry(edit: Edit, parent: OwnedObject, { schema, keys }: EntryStep): void {
    const key = sortKey(keys);
    const list = this.#draft.list(parent, schema);
    const exists = list.at(key) !== undefined;
    this.#checkExistence(edit, exists);
    if (isDeletion(edit)) {
      list.delete(key);
      return;
    }
    const value = withKeys(schema, keys, valueObject(edit), edit.path);
    this.#clearOtherCases(parent, schema);
    const insert = insertPoint(edit, list);
    if (!exists) {
      list.set(key, value, insert);
      return;
    }
    if (edit.operation !== "merge") list.set(key, emptyEntry(schema, keys), insert);
    this.#mergeEntry(list, schema, value, insert);
  }

  #applyWholeList(edit: Edit, parent: OwnedObject, schema: ListSchema): void {
    this.#checkExistence(edit, this.#draft.has(parent, schema));
    if (edit.operation !== "merge") this.#draft.remove(parent, schema);
    if (isDeletion(edit)) return;
    this.#clearOtherCases(parent, schema);
    const list = this.#draft.list(parent, schema);
    for (const entry of edit.value as readonly DataObject[]) this.#mergeEntry(list, schema, entry);
  }

  #applyLeaf(edit: Edit, parent: OwnedObject, schema: DataSchema): void {
    if (schema.kind === "leaf" && schema.isKey) {
      if (!isDeletion(edit) && edit.value === parent[schema.prop]) return;
      throw refuse(
        "bad-element",
        printPath(edit.path),
        `${schema.name} is a key and cannot change`,
      );
    }
    this.#checkExistence(edit, isSet(parent, schema));
    if (isDeletion(edit)) {
      delete parent[schema.prop];
      return;
    }
    this.#clearOtherCases(parent, schema);
    this.#setLeaf(parent, schema, edit.value as DataValue);
  }

  #applyLeafListValue(edit: Edit, parent: OwnedObject, { schema, value }: ValueStep): void {
    const current = isSet(parent, schema) ? (parent[schema.prop] as readonly LeafValue[]) : [];
    const exists = current.includes(value);
    this.#checkExistence(edit, exists);
    const others = current.filter((other) => other !== value);
    if (isDeletion(edit)) {
      this.#setLeaf(parent, schema, others);
      return;
    }
    this.#clearOtherCases(parent, schema);
    if (exists && edit.insert === undefined) return;
    this.#setLeaf(parent, schema, insertValue(others, value, edit));
  }

  #setLeaf(parent: OwnedObject, schema: DataSchema, value: DataValue): void {
    if (Array.isArray(value) && value.length === 0) delete parent[schema.prop];
    else parent[schema.prop] = value;
  }

  /** RFC 6241 §7.2; `exists` undefined where existence has no meaning (non-presence container). */
  #checkExistence(edit: Edit, exists: boolean | undefined): void {
    if (exists === true && edit.operation === "create") {
      throw refuse("data-exists", printPath(edit.path), "already exists");
    }
    if (exists === false && (edit.operation === "delete" || edit.mustExist === true)) {
      throw missing(edit.path, edit.path.length);
    }
  }

  #merge(target: OwnedObject, schema: ParentSchema, value: DataObject): void {
    for (const child of schema.children) {
      if (!isSet(value, child)) continue;
      this.#clearOtherCases(target, child);
      const content = value[child.prop] as DataValue;
      if (child.kind === "container") {
        this.#merge(this.#draft.container(target, child), child, content as DataObject);
      } else if (child.kind === "list") {
        const list = this.#draft.list(target, child);
        for (const entry of content as YangList<DataObject>) this.#mergeEntry(list, child, entry);
      } else {
        this.#setLeaf(target, child, content);
      }
    }
  }

  /** A new entry is taken as it is: the value belongs to the edit and is never changed again. */
  #mergeEntry(
    list: ListDraft<DataObject>,
    schema: ListSchema,
    value: DataObject,
    insert?: InsertPoint,
  ): void {
    const key = sortKey(keysOf(schema, value));
    const existing = this.#draft.entry(list, key);
    if (existing === undefined) {
      list.set(key, value, insert);
      return;
    }
    if (insert) list.set(key, existing as DataObject, insert);
    this.#merge(existing, schema, value);
  }

  /** Setting a node of one case removes what the other cases of its choice hold (RFC 7950 §7.9). */
  #clearOtherCases(parent: OwnedObject, schema: DataSchema): void {
    for (let at = schema.inCase; at; at = at.outer) {
      for (const [name, members] of at.choice.cases) {
        if (name === at.caseName) continue;
        for (const member of members) this.#draft.remove(parent, member);
      }
    }
  }
}

interface EntryStep {
  readonly schema: ListSchema;
  readonly keys: readonly LeafValue[];
}

interface ValueStep {
  readonly schema: LeafListSchema;
  readonly value: LeafValue;
}

function valueObject(edit: Edit): DataObject {
  return (edit.value ?? {}) as DataObject;
}

function missing(path: InstancePath, length: number, appTag?: string): RequestError {
  return refuse("data-missing", printPath(path.slice(0, length)), "does not exist", appTag);
}

function unwritable(path: InstancePath, { name }: DataSchema): RequestError {
  return refuse("invalid-value", printPath(path), `${name} is state and cannot be written`);
}

function emptyEntry(schema: ListSchema, keys: readonly LeafValue[]): DataObject {
  const entry = emptyObject(schema) as OwnedObject;
  for (const [index, { prop }] of schema.keys.entries()) entry[prop] = keys[index];
  return entry as DataObject;
}

/** The value with the path's keys filled in; refuses keys that contradict the path. */
function withKeys(
  schema: ListSchema,
  keys: readonly LeafValue[],
  value: DataObject,
  path: InstancePath,
): DataObject {
  const entry = Object.assign(emptyObject(schema), value) as OwnedObject;
  for (const [index, { prop, name }] of schema.keys.entries()) {
    if (Object.hasOwn(value, prop) && value[prop] !== keys[index]) {
      throw refuse("bad-element", printPath(path), `key ${name} differs between path and value`);
    }
    entry[prop] = keys[index];
  }
  return entry as DataObject;
}

function insertPoint(edit: Edit, list: ListDraft<DataObject>): InsertPoint | undefined {
  const { insert } = edit;
  const schema = edit.path.at(-1)?.schema;
  if (insert && schema?.kind === "list" && !schema.userOrdered) {
    const message = `${schema.name} is not ordered by the user: nothing can be inserted at a place`;
    throw refuse("bad-attribute", printPath(edit.path), message);
  }
  if (insert === undefined || !("point" in insert)) return insert;
  const key = sortKey(insert.point.keys ?? []);
  if (list.at(key) === undefined) throw missingPoint(edit.path, insert.point);
  // Beside itself is where it is.
  if (key === sortKey(edit.path.at(-1)?.keys ?? [])) return undefined;
  return { where: insert.where, point: key };
}

/** RFC 7950 §15.7: the insertion point does not exist. */
function missingPoint(path: InstancePath, sibling: PathStep): RequestError {
  const point = printPath([...path.slice(0, -1), sibling]);
  return refuse(
    "bad-attribute",
    printPath(path),
    `insertion point ${point} does not exist`,
    "missing-instance",
  );
}

function insertValue(others: readonly LeafValue[], value: LeafValue, edit: Edit): LeafValue[] {
  const { insert } = edit;
  if (insert === undefined) return [...others, value];
  if (!("point" in insert)) {
    return insert.where === "first" ? [value, ...others] : [...others, value];
  }
  const at = others.indexOf(insert.point.value ?? null);
  if (at < 0) throw missingPoint(edit.path, insert.point);
  return others.toSpliced(insert.where === "before" ? at : at + 1, 0, value);
}
