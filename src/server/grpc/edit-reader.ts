import { type Reading, readingJsonAt, readJsonAt } from "../../datamodel/codec/decode.ts";
import { type Edit, type EditInsert, isDeletion } from "../../datamodel/datastore/datastore.ts";
import {
  RequestError,
  refuse,
  type Unreadable,
  type Violation,
  violationsMax,
} from "../../datamodel/error.ts";
import { type DataObject, emptyObject, keysOf } from "../../datamodel/tree/node.ts";
import { type InstancePath, PathParser, parsePath, printPath } from "../../datamodel/tree/path.ts";
import type { Slices } from "../../lib/slices.ts";
import type { Api } from "./api.ts";
import { readJson } from "./json-text.ts";
import type { PlainMessage } from "./leaf-codec.ts";

const operations: readonly (Edit["operation"] | undefined)[] = [
  undefined,
  "merge",
  "create",
  "replace",
  "delete",
  "remove",
];
const inserts = [undefined, "first", "last", "before", "after"] as const;

/** Edits of one transaction in a transaction's messages. */
const editsMax = 1_000_000;

type Value = Edit["value"];

/** Reads the edits of one transaction; what is wrong with one does not keep it from the others. */
export class EditReader {
  readonly edits: Edit[] = [];
  readonly #api: Api;
  readonly #paths: PathParser;
  readonly #violations: Violation[] = [];
  readonly #places: string[] = [];

  constructor(api: Api) {
    this.#api = api;
    this.#paths = new PathParser(api.datastore.schema);
  }

  /** What could not be read so far, undefined if nothing. */
  get unreadable(): Unreadable | undefined {
    const violations = this.#violations;
    return violations.length > 0 ? { violations, places: this.#places } : undefined;
  }

  note({ violations, places }: Unreadable): void {
    if (this.#violations.length >= violationsMax) return;
    this.#violations.push(...violations);
    this.#places.push(...places);
  }

  /** Reads yangplane.core.v1.Edits. @throws RequestError `too-big` for one edit too many */
  *reading(messages: readonly PlainMessage[]): Slices<void> {
    for (const message of messages) {
      yield* this.#readingOne(message);
      if (this.edits.length > editsMax) {
        throw refuse("too-big", "", `a transaction has at most ${editsMax} edits`);
      }
      yield;
    }
  }

  /** What is wrong with one edit does not keep the others from being read. */
  *#readingOne(message: PlainMessage): Slices<void> {
    try {
      const path = this.#paths.parse((message["path"] as string | undefined) ?? "");
      if (isLong(message, path)) yield* this.#readingLong(message, path);
      else this.#read(message, path);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.note(unreadableAt(error));
    }
  }

  #read(message: PlainMessage, path: InstancePath): void {
    const form = this.#form(message, path);
    if (form && !isDeletion(form)) this.#give(form, this.#value(message, path));
    else if (form) this.edits.push(form);
  }

  *#readingLong(message: PlainMessage, path: InstancePath): Slices<void> {
    const form = this.#form(message, path);
    if (form) this.#give(form, yield* this.#longValue(message, path));
  }

  /** The edit without its value; undefined where it cannot be told what it is. */
  #form(message: PlainMessage, path: InstancePath): Edit | undefined {
    const number = (message["operation"] as number | undefined) ?? 0;
    const operation = operations[number];
    if (operation === undefined) {
      // A number that stands for none has been told of where it was read.
      const fault = refuse("missing-element", printPath(path), "the edit's operation is missing");
      this.note({ places: [printPath(path)], violations: number === 0 ? fault.violations : [] });
      return undefined;
    }
    const insert = this.#insert(message, path);
    const form = insert === undefined ? { path, operation } : { path, operation, insert };
    const isGiven = message["message"] !== undefined || message["json"] !== undefined;
    if (!isGiven || !isDeletion(form)) return form;
    throw refuse("bad-element", printPath(path), `${operation} takes no value`);
  }

  #give(form: Edit, reading: Reading<Value>): void {
    const { value = nodeItself(form.path), violations } = reading;
    if (violations.length > 0) this.note(reading);
    if (value !== undefined) this.#push({ ...form, value });
  }

  /** Entries created as a list are an edit each: each of them is new, or refused on its own. */
  #push(edit: Edit): void {
    const { path, operation, value } = edit;
    const { schema, keys } = path.at(-1) ?? {};
    if (operation !== "create" || schema?.kind !== "list" || keys !== undefined) {
      this.edits.push(edit);
      return;
    }
    const entries = value as readonly DataObject[];
    if (entries.length === 0) this.edits.push({ ...edit, operation: "merge" });
    const above = path.slice(0, -1);
    for (const entry of entries) {
      const step = { schema, keys: keysOf(schema, entry) };
      this.edits.push({ path: [...above, step], operation, value: entry });
    }
  }

  #value({ json }: PlainMessage, path: InstancePath): Reading<Value> {
    if (json !== undefined) return read(() => readJsonAt(path, valueJson(json as string, path)));
    const value = nodeItself(path);
    if (value !== undefined) return { value, violations: [], places: [] };
    throw refuse("missing-element", printPath(path), "the edit's value is missing");
  }

  *#longValue(message: PlainMessage, path: InstancePath): Slices<Reading<Value>> {
    try {
      if (message["message"] !== undefined) return yield* this.#message(message["message"], path);
      return yield* readingJsonAt(path, valueJson(message["json"] as string, path));
    } catch (error) {
      return notRead(error);
    }
  }

  /** A value given as the generated message of the node. */
  *#message(any: unknown, path: InstancePath): Slices<Reading<Value>> {
    const { type_url: url = "", value = Buffer.alloc(0) } = any as {
      type_url?: string;
      value?: Uint8Array;
    };
    const last = path.at(-1);
    const wanted = last === undefined ? undefined : this.#api.messageOf(last.schema);
    const isWhole = last?.schema.kind === "list" && last.keys === undefined;
    if (wanted === undefined || isWhole) {
      throw refuse("bad-element", printPath(path), "only a container or list entry has a message");
    }
    const given = url.slice(url.lastIndexOf("/") + 1);
    if (given !== wanted) {
      throw refuse("bad-element", printPath(path), `the message is a ${given}, not a ${wanted}`);
    }
    const decoder = this.#api.decoder();
    const type = this.#api.types.message(wanted);
    const object = yield* decoder.decodingData(type, value, () => printPath(path));
    return { value: object, ...decoder.told(true) };
  }

  #insert(edit: PlainMessage, path: InstancePath): EditInsert | undefined {
    const where = inserts[(edit["insert"] as number | undefined) ?? 0];
    const text = (edit["point"] as string | undefined) ?? "";
    const { keys, value } = path.at(-1) ?? {};
    if (where !== undefined && keys === undefined && value === undefined) {
      throw refuse("bad-attribute", printPath(path), "insert goes with one entry or value");
    }
    if (where === "before" || where === "after") {
      const point = parsePath(this.#api.datastore.schema, text).at(-1);
      if (point === undefined || point.schema !== path.at(-1)?.schema) {
        throw refuse("bad-attribute", printPath(path), `point "${text}" is no sibling of the node`);
      }
      return { where, point };
    }
    if (text !== "") {
      const message = "point goes with INSERT_BEFORE or INSERT_AFTER";
      throw refuse("bad-attribute", printPath(path), message);
    }
    return where === undefined ? undefined : { where };
  }
}

/** True for a value that may have many entries: a message, or a list as a whole. */
function isLong(message: PlainMessage, path: InstancePath): boolean {
  const { schema, keys } = path.at(-1) ?? {};
  const isList = schema?.kind === "list" && keys === undefined;
  return message["message"] !== undefined || (isList && message["json"] !== undefined);
}

function valueJson(text: string, path: InstancePath): unknown {
  return readJson(text, "value", () => printPath(path));
}

function read(reading: () => Reading<Value>): Reading<Value> {
  try {
    return reading();
  } catch (error) {
    return notRead(error);
  }
}

/** Nothing of a value could be read. */
function notRead(error: unknown): Reading<Value> {
  if (error instanceof RequestError) return { value: undefined, ...unreadableAt(error) };
  throw error;
}

/** Each violation is of the node whose content is unknown therefore, if the schema has it. */
function unreadableAt({ violations }: RequestError): Unreadable {
  const known = violations.filter(({ path, tag }) => path !== "" && tag !== "unknown-element");
  return { violations, places: known.map(({ path }) => path) };
}

/** What an edit of a node without content wants: that it is there. */
function nodeItself(path: InstancePath): Value {
  const { schema, keys, value } = path.at(-1) ?? {};
  if (schema?.kind === "container" || (schema?.kind === "list" && keys)) return emptyObject(schema);
  return value;
}
