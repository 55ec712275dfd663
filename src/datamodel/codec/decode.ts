import { atOnce, type Slices } from "../../lib/slices.ts";
import { RequestError, refuse, type Unreadable } from "../error.ts";
import { membersOf } from "../schema/members.ts";
import { isJsonObject, kindOf, shown } from "../schema/plain-form.ts";
import type {
  AnydataSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  ParentSchema,
} from "../schema/schema.ts";
import { type LeafValue, ValueError } from "../schema/value-type.ts";
import { emptyList, sortKey, type YangList } from "../tree/list.ts";
import {
  type Anydata,
  type DataObject,
  type DataValue,
  emptyObject,
  isSet,
  keysOf,
} from "../tree/node.ts";
import { type InstancePath, printKeys, printPath } from "../tree/path.ts";
import { caseClashes } from "./case-clash.ts";
import { type Finding, Findings, type Place } from "./findings.ts";

export interface DecodeOptions {
  /** Path of the node the JSON is the value of, for violations; default the root. */
  readonly at?: string;
  /**
   * Which state nodes to take: `none` (default, a client's configuration), `assigned` (the
   * journal's, with what the system drew once), or `all`.
   */
  readonly state?: "none" | "assigned" | "all";
}

/** Data nodes in one decoded value; beyond it no machine that runs this has the memory. */
const nodesMax = 5_000_000;
/** Levels of JSON inside anydata; everywhere else the schema bounds the depth. */
const depthMax = 100;

/** What has members: the JSON of a list is that of one entry. */
type BodySchema = Exclude<ParentSchema, ListSchema>;

/**
 * Reads parsed RFC 7951 JSON: the body of the root, a container, a list entry or an operation's
 * parameters, or the value of a leaf or leaf-list. Judges form only: types, names, keys, cases.
 * Inside a body it leaves out what says nothing: empty lists, leaf-lists and non-presence
 * containers.
 * @throws RequestError with all violations
 */
export function decodeJson(schema: BodySchema, json: unknown, options?: DecodeOptions): DataObject;
export function decodeJson(schema: DataSchema, json: unknown, options?: DecodeOptions): DataValue;
export function decodeJson(
  schema: ParentSchema | DataSchema,
  json: unknown,
  options: DecodeOptions = {},
): DataValue {
  const at = options.at ?? "";
  return content(read(schema, json, { place: () => at, state: options.state }));
}

/** What was read, undefined where nothing could be; a part of it where something is wrong. */
export interface Reading<T> extends Unreadable {
  readonly value: T | undefined;
}

/** The whole of what was read. @throws RequestError with all that is wrong with it */
function content<T>({ value, violations }: Reading<T>): T {
  if (value === undefined || violations.length > 0) throw new RequestError(violations);
  return value;
}

interface ReadOptions {
  readonly place: Place;
  readonly state: DecodeOptions["state"];
}

function read(
  schema: ParentSchema | DataSchema,
  json: unknown,
  { place, state }: ReadOptions,
): Reading<DataValue> {
  const decoder = new JsonDecoder(state ?? "none");
  return decoder.reading(
    isParent(schema) ? decoder.body(schema, json, place) : decoder.value(schema, json, place),
  );
}

/**
 * Reads what an edit wants the node at a path to hold, in the forms of `Edit.value`. A list entry
 * may leave out the keys, which the path has; so may a leaf-list entry its value.
 * @throws RequestError with all violations
 */
export function decodeJsonAt(
  path: InstancePath,
  json: unknown,
  options: Omit<DecodeOptions, "at"> = {},
): DataValue | readonly DataObject[] {
  return content(atOnce(readingJsonAt(path, json, options)));
}

/**
 * The same, in slices of some entries of a whole list; tells what is wrong beside what could be
 * read. @throws RequestError for the path of the root, and for what is larger than any limit
 */
export function* readingJsonAt(
  path: InstancePath,
  json: unknown,
  { state }: Omit<DecodeOptions, "at"> = {},
): Slices<Reading<DataValue | readonly DataObject[]>> {
  const { schema, keys } = path.at(-1) ?? {};
  if (schema?.kind !== "list" || keys) return readJsonAt(path, json, state);
  const decoder = new JsonDecoder(state ?? "none");
  const list = yield* decoder.decodingList(schema, json, () => printPath(path));
  return decoder.reading(list && [...list]);
}

/** The same for a node that is no list as a whole, at once. */
export function readJsonAt(
  path: InstancePath,
  json: unknown,
  state?: DecodeOptions["state"],
): Reading<DataValue> {
  const last = path.at(-1);
  if (last === undefined) throw refuse("bad-element", "/", "the root as a whole has no value");
  if (last.value !== undefined) return { value: last.value, violations: [], places: [] };
  return read(last.schema, json, { place: () => printPath(path), state });
}

/** Entries of a list decoded in one go. */
const sliceEntries = 64;

class JsonDecoder {
  readonly #state: "none" | "assigned" | "all";
  readonly #findings = new Findings();
  #nodes = 0;

  constructor(state: "none" | "assigned" | "all") {
    this.#state = state;
  }

  /** What this has read, with all that was wrong. */
  reading<T>(value: T | undefined): Reading<T> {
    const { violations, places } = this.#findings.told();
    return { value, violations, places };
  }

  body(schema: ParentSchema, json: unknown, place: Place): DataObject | undefined {
    if (!isJsonObject(json)) {
      this.#unread(place, { tag: "invalid-value", message: `${notA(json)} an object` });
      return undefined;
    }
    const object: MutableObject = emptyObject(schema) as MutableObject;
    const members = membersOf(schema);
    for (const name of Object.keys(json)) {
      const child = members.get(name);
      if (child === undefined) this.#unknown(name, members, place);
      else this.#member(child, json[name], object, () => `${place()}/${child.jsonName}`);
    }
    if (schema.choices.length > 0) this.#checkCases(schema, object as DataObject, place);
    return object as DataObject;
  }

  value(schema: DataSchema, json: unknown, place: Place): DataValue | undefined {
    this.#count();
    switch (schema.kind) {
      case "leaf":
        return this.#leafValue(schema, json, place);
      case "leaf-list":
        return this.#leafList(schema, json, place);
      case "list":
        return this.#list(schema, json, place);
      case "container":
        return this.body(schema, json, place);
      case "anydata":
        return this.#anydata(schema, json, place);
    }
  }

  #member(schema: DataSchema, json: unknown, object: MutableObject, place: Place): void {
    if (isSet(object as DataObject, schema)) {
      this.#bad(place, "is given with and without its module");
    } else if (!this.#takes(schema)) {
      this.#bad(place, "is state and cannot be configured");
    } else {
      const value = this.value(schema, json, place);
      if (value !== undefined && !saysNothing(schema, value)) object[schema.prop] = value;
    }
  }

  #takes(schema: DataSchema): boolean {
    return schema.config || this.#state === "all" || (schema.assigned && this.#state !== "none");
  }

  #leafValue(
    { type }: LeafSchema | LeafListSchema,
    json: unknown,
    place: Place,
  ): LeafValue | undefined {
    try {
      return type.fromJson(json);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const { message, appTag } = error;
      const tagged = appTag === undefined ? {} : { appTag };
      this.#unread(place, { tag: "invalid-value", message, ...tagged });
      return undefined;
    }
  }

  #leafList(schema: LeafListSchema, json: unknown, place: Place): readonly LeafValue[] | undefined {
    if (!this.#isArray(schema, json, place)) return undefined;
    const known = new Set<LeafValue>();
    const values: LeafValue[] = [];
    for (const item of json) {
      this.#count();
      const value = this.#leafValue(schema, item, place);
      if (value === undefined) continue;
      if (schema.config && known.has(value)) {
        this.#bad(place, `${shown(schema.type.toText(value))} is given twice`);
      }
      known.add(value);
      values.push(value);
    }
    return values;
  }

  #list(schema: ListSchema, json: unknown, place: Place): YangList<DataObject> | undefined {
    return atOnce(this.decodingList(schema, json, place));
  }

  *decodingList(
    schema: ListSchema,
    json: unknown,
    place: Place,
  ): Slices<YangList<DataObject> | undefined> {
    if (!this.#isArray(schema, json, place)) return undefined;
    const list = emptyList<DataObject, readonly LeafValue[]>(schema.userOrdered).draft();
    for (const [index, item] of json.entries()) {
      this.#count();
      let entry: DataObject | undefined;
      const entryPlace: Place = () => place() + entryPredicates(schema, entry, index + 1);
      entry = this.body(schema, item, entryPlace);
      if (entry === undefined || !this.#hasKeys(schema, entry, item, entryPlace)) continue;
      const keys = schema.keys.length === 0 ? [index + 1] : keysOf(schema, entry);
      const sizeBefore = list.size;
      list.set(sortKey(keys), entry);
      if (list.size === sizeBefore) this.#bad(entryPlace, "is given twice");
      if (list.size % sliceEntries === 0) yield;
    }
    return list.freeze();
  }

  #hasKeys(schema: ListSchema, entry: DataObject, json: unknown, place: Place): boolean {
    let complete = true;
    for (const key of schema.keys) {
      if (isSet(entry, key)) continue;
      complete = false;
      // A key that is there and wrong has its own violation.
      if (isGiven(key, json)) continue;
      this.#unread(place, { tag: "missing-element", message: `key ${key.name} is missing` });
    }
    return complete;
  }

  #anydata(schema: AnydataSchema, json: unknown, place: Place): Anydata | undefined {
    if (schema.ir.kind === "anydata" && !isJsonObject(json)) {
      this.#unread(place, { tag: "invalid-value", message: `${notA(json)} an object` });
      return undefined;
    }
    return this.#isShallow(json, depthMax, place) ? { anydata: json } : undefined;
  }

  #isShallow(json: unknown, levels: number, place: Place): boolean {
    this.#count();
    if (typeof json !== "object" || json === null) return true;
    if (levels > 0) {
      return Object.values(json).every((inner) => this.#isShallow(inner, levels - 1, place));
    }
    this.#unread(place, { tag: "too-big", message: `is nested more than ${depthMax} levels deep` });
    return false;
  }

  #isArray(schema: DataSchema, json: unknown, place: Place): json is readonly unknown[] {
    if (Array.isArray(json)) return true;
    const message = `${notA(json)} an array, which a ${schema.kind} is`;
    this.#unread(place, { tag: "invalid-value", message });
    return false;
  }

  #checkCases(schema: ParentSchema, object: DataObject, place: Place): void {
    const present = schema.children.filter((child) => child.inCase && isSet(object, child));
    for (const { node, beside } of caseClashes(present)) {
      const message = `cannot stand beside ${beside.name}: they are two cases of one choice`;
      this.#unread(() => `${place()}/${node.jsonName}`, { tag: "bad-element", message });
    }
  }

  #unknown(name: string, members: ReadonlyMap<string, DataSchema>, place: Place): void {
    const meant = [...members.keys()].find((known) => known.endsWith(`:${name}`));
    const hint = meant === undefined ? "" : `, perhaps "${meant}"`;
    const message = `there is no node ${shown(name)}${hint}`;
    this.#findings.add({ tag: "unknown-element", place, message });
  }

  #count(): void {
    this.#nodes += 1;
    if (this.#nodes <= nodesMax) return;
    const message = `the value has more than ${nodesMax} nodes`;
    this.#findings.add({ tag: "too-big", place: () => "", message });
    throw this.#findings.refusal();
  }

  /** A node that may not stand here: what it would say is known, and left out. */
  #bad(place: Place, message: string): void {
    this.#findings.add({ tag: "bad-element", place, message });
  }

  #unread(place: Place, fault: Omit<Finding, "place" | "isUnread">): void {
    this.#findings.add({ ...fault, place, isUnread: true });
  }
}

interface MutableObject {
  [prop: string]: DataValue;
}

function isParent(schema: ParentSchema | DataSchema): schema is ParentSchema {
  return "children" in schema;
}

/** An entry whose keys are not all there is named by its position in the array. */
function entryPredicates(
  schema: ListSchema,
  entry: DataObject | undefined,
  position: number,
): string {
  const isNamed =
    entry !== undefined && schema.keys.length > 0 && schema.keys.every((key) => isSet(entry, key));
  return isNamed ? printKeys(schema, keysOf(schema, entry)) : `[${position}]`;
}

function saysNothing(schema: DataSchema, value: DataValue): boolean {
  switch (schema.kind) {
    case "list":
      return (value as YangList).size === 0;
    case "leaf-list":
      return (value as readonly LeafValue[]).length === 0;
    case "container":
      return !schema.presence && Object.keys(value as DataObject).length === 0;
    default:
      return false;
  }
}

function isGiven(key: LeafSchema, json: unknown): boolean {
  if (!isJsonObject(json)) return false;
  return Object.hasOwn(json, key.jsonName) || Object.hasOwn(json, `${key.module}:${key.name}`);
}

function notA(json: unknown): string {
  return `${typeof json === "string" ? shown(json) : kindOf(json)} is not`;
}
