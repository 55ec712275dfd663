import type { Place } from "../../datamodel/codec/findings.ts";
import type {
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  ListSchema,
  ParentSchema,
} from "../../datamodel/schema/schema.ts";
import type { LeafValue } from "../../datamodel/schema/value-type.ts";
import { emptyList, type ListDraft, sortKey } from "../../datamodel/tree/list.ts";
import { type DataObject, type DataValue, emptyObject, keysOf } from "../../datamodel/tree/node.ts";
import { printKeys } from "../../datamodel/tree/path.ts";
import type { ProtoField } from "./proto-model.ts";

/** A data object being filled; lists and leaf-lists are collected and put in at the end. */
export class Filling {
  readonly object: DataObject;
  bits: Map<ProtoField, unknown[]> | undefined;
  readonly #own: Record<string, DataValue>;
  readonly #schema: ParentSchema;
  // Most entries have none of these; a hundred thousand of them should not pay for it.
  #lists: Map<ListSchema, ListDraft<DataObject>> | undefined;
  #positions: Map<ListSchema, number> | undefined;
  #values: Map<LeafListSchema, Set<LeafValue> | LeafValue[]> | undefined;

  constructor(schema: ParentSchema) {
    this.object = emptyObject(schema);
    this.#own = this.object as Record<string, DataValue>;
    this.#schema = schema;
  }

  set(node: DataSchema, value: DataValue): void {
    this.#own[node.prop] = value;
  }

  /** A container that says nothing is left out. */
  container(node: ContainerSchema, inner: DataObject): void {
    if (node.presence || Object.keys(inner).length > 0) this.set(node, inner);
  }

  bit(field: ProtoField, raw: unknown): void {
    this.bits ??= new Map();
    const values = this.bits.get(field) ?? [];
    values.push(raw);
    this.bits.set(field, values);
  }

  /** False if a configuration leaf-list has the value already. */
  append(node: LeafListSchema, value: LeafValue): boolean {
    this.#values ??= new Map();
    const values = this.#values.get(node) ?? (node.config ? new Set<LeafValue>() : []);
    this.#values.set(node, values);
    if (Array.isArray(values)) {
      values.push(value);
      return true;
    }
    const isNew = !values.has(value);
    values.add(value);
    return isNew;
  }

  /** False if the entry is there already. */
  entry(list: ListSchema, entry: DataObject): boolean {
    this.#lists ??= new Map();
    const draft = this.#lists.get(list) ?? emptyDraft(list);
    this.#lists.set(list, draft);
    const keys = list.keys.length === 0 ? [draft.size + 1] : keysOf(list, entry);
    const sizeBefore = draft.size;
    draft.set(sortKey(keys), entry);
    return draft.size > sizeBefore;
  }

  /** Which entry of the list comes now, wrong ones counted. */
  nextPosition(list: ListSchema): number {
    this.#positions ??= new Map();
    const position = (this.#positions.get(list) ?? 0) + 1;
    this.#positions.set(list, position);
    return position;
  }

  freeze(): void {
    for (const [list, draft] of this.#lists ?? []) this.set(list, draft.freeze());
    for (const [leafList, values] of this.#values ?? []) this.set(leafList, [...values]);
  }

  entryPlace(listPlace: Place, position: number | undefined): string {
    const schema = this.#schema as ListSchema;
    const text = listPlace();
    if (text.endsWith("]")) return text;
    const isNamed =
      schema.keys.length > 0 && schema.keys.every(({ prop }) => Object.hasOwn(this.#own, prop));
    if (isNamed) return text + printKeys(schema, keysOf(schema, this.object));
    return position === undefined ? text : `${text}[${position}]`;
  }
}

function emptyDraft(list: ListSchema): ListDraft<DataObject> {
  return emptyList<DataObject, readonly LeafValue[]>(list.userOrdered).draft();
}
