import { type ErrorTag, RequestError, refuse } from "../error.ts";
import {
  quoted,
  StepReader,
  type TextPredicate,
  type TextStep,
} from "../schema/instance-identifier.ts";
import { membersOf } from "../schema/members.ts";
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  ParentSchema,
  Schema,
} from "../schema/schema.ts";
import { type LeafValue, ValueError } from "../schema/value-type.ts";
import type { ListKeys } from "./list.ts";

/** One data node on the way from the root. */
export interface PathStep {
  readonly schema: DataSchema;
  /**
   * List entry: its keys; in a list without keys its position, counted from 1. Absent on a list
   * step: the list as a whole (last step only).
   */
  readonly keys?: ListKeys;
  /** Leaf-list entry: its value. Absent: the leaf-list as a whole. */
  readonly value?: LeafValue;
}

/** Where a data node is, from the root; [] is the root itself. */
export type InstancePath = readonly PathStep[];

/** The canonical text of a path (RFC 7951 §6.11); "/" for the root. */
export function printPath(path: InstancePath): string {
  return path.map(printStep).join("") || "/";
}

function printStep({ schema, keys, value }: PathStep): string {
  const name = `/${schema.jsonName}`;
  if (schema.kind === "list" && keys) return name + printKeys(schema, keys);
  if (schema.kind === "leaf-list" && value !== undefined) {
    return `${name}[.=${quoted(schema.type.toText(value))}]`;
  }
  return name;
}

/** The predicates that choose an entry. */
export function printKeys(schema: ListSchema, keys: ListKeys): string {
  if (schema.keys.length === 0) return `[${keys[0]}]`;
  return schema.keys
    .map((leaf, index) => `[${leaf.name}=${quoted(leaf.type.toText(keys[index] ?? null))}]`)
    .join("");
}

/**
 * Reads `/simplebridge:simplebridge[name='br0']/ports[name="p1"]/peer`: keys in any order, values
 * in either kind of quote. "/" is the root.
 * @throws RequestError whose violation has the path up to what is wrong
 */
export function parsePath(schema: Schema, text: string): InstancePath {
  return new PathParser(schema).parse(text);
}

/**
 * Reads many paths. What the one before began with is not read again: the paths of a transaction
 * mostly name siblings, and then share all steps but the last.
 */
export class PathParser {
  readonly #schema: Schema;
  /** The steps above the last of the path read before, and their text. */
  #above: InstancePath = [];
  #aboveText = "";

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** As `parsePath`. */
  parse(text: string): InstancePath {
    if (text === "/") return [];
    const isBelow = text.startsWith(this.#aboveText) && text[this.#aboveText.length] === "/";
    const path: PathStep[] = isBelow ? [...this.#above] : [];
    let start = isBelow ? this.#aboveText.length : 0;
    const reader = readingSteps(() => new StepReader(text, start));
    do {
      start = reader.position;
      const step = readingSteps(() => reader.step());
      const last = path.at(-1);
      const parent = last === undefined ? this.#schema.root : parentBelow(last, path);
      path.push(selectedStep(childNamed(parent, step, path), step, path));
    } while (!reader.atEnd);
    this.#above = path.slice(0, -1);
    this.#aboveText = text.slice(0, start);
    return path;
  }
}

/** A node, or as much of its path as names nodes of the schema. */
export interface KnownPlace {
  readonly path: InstancePath;
  /** The path ends at a list of which one entry is meant, and it cannot be told which. */
  readonly isSomeEntry?: boolean;
}

/** Reads a path as far as it can be read. */
export function knownPlace(schema: Schema, text: string): KnownPlace {
  const path: PathStep[] = [];
  try {
    const reader = new StepReader(text);
    do {
      const step = reader.step();
      const above = [...path];
      const last = path.at(-1);
      const node = childNamed(last ? parentBelow(last, path) : schema.root, step, path);
      path.push({ schema: node });
      path.splice(-1, 1, selectedStep(node, step, above));
    } while (!reader.atEnd);
    return { path };
  } catch (error) {
    if (!(error instanceof RequestError || error instanceof ValueError)) throw error;
    const { schema: node, keys } = path.at(-1) ?? {};
    return { path, isSomeEntry: node?.kind === "list" && keys === undefined };
  }
}

function readingSteps<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw refuse("malformed-message", "", `the path is malformed: ${error.message}`);
  }
}

/** What the step behind `last` is looked up in. */
function parentBelow({ schema, keys }: PathStep, path: InstancePath): ParentSchema {
  if (schema.kind === "container" || (schema.kind === "list" && keys)) return schema;
  if (schema.kind !== "list") {
    throw wrong("unknown-element", path, `${schema.name} is a ${schema.kind}, nothing is below it`);
  }
  const wanted = schema.keys.map(({ name }) => name).join(", ") || "position";
  throw wrong("missing-element", path, `an entry of ${schema.name} is chosen by its ${wanted}`);
}

function childNamed(parent: ParentSchema, step: TextStep, path: InstancePath): DataSchema {
  const given = step.module === undefined ? step.name : `${step.module}:${step.name}`;
  const child = membersOf(parent).get(given);
  if (child) return child;
  const last = path.at(-1);
  const where = last ? `${last.schema.name} has no node` : "there is no top-level node";
  throw wrong("unknown-element", path, `${where} named "${given}"`);
}

function selectedStep(schema: DataSchema, step: TextStep, path: InstancePath): PathStep {
  const { predicates } = step;
  if (predicates.length === 0) return { schema };
  if (schema.kind === "list") return { schema, keys: entryKeys(schema, predicates, path) };
  const [only] = predicates;
  if (schema.kind === "leaf-list" && only?.kind === "value" && predicates.length === 1) {
    return { schema, value: readValue(schema, only.value, path) };
  }
  throw wrong("bad-element", [...path, { schema }], `[…] does not fit the ${schema.kind}`);
}

function entryKeys(
  schema: ListSchema,
  predicates: readonly TextPredicate[],
  path: InstancePath,
): ListKeys {
  const [only] = predicates;
  if (schema.keys.length === 0 && only?.kind === "position" && predicates.length === 1) {
    return [only.position];
  }
  const texts: (string | undefined)[] = schema.keys.map(() => undefined);
  for (const predicate of predicates) {
    const index = keyIndex(schema, predicate, path);
    if (texts[index] !== undefined) {
      const name = schema.keys[index]?.name;
      throw wrong("bad-element", [...path, { schema }], `key ${name} twice`);
    }
    texts[index] = predicate.kind === "key" ? predicate.value : "";
  }
  return schema.keys.map((leaf, index) => {
    const text = texts[index];
    if (text !== undefined) return readValue(leaf, text, path);
    throw wrong("missing-element", [...path, { schema }], `key ${leaf.name} is missing`);
  });
}

function keyIndex(schema: ListSchema, predicate: TextPredicate, path: InstancePath): number {
  if (predicate.kind !== "key") {
    const message = `an entry of ${schema.name} is chosen by its keys`;
    throw wrong("bad-element", [...path, { schema }], message);
  }
  const { module = schema.module, name } = predicate;
  const index = schema.keys.findIndex((leaf) => leaf.name === name && leaf.module === module);
  if (index >= 0) return index;
  throw wrong("bad-element", [...path, { schema }], `"${name}" is not a key of ${schema.name}`);
}

/** The value of a key, or of a leaf-list; `path` leads to the parent of the list or leaf-list. */
function readValue(
  schema: LeafSchema | LeafListSchema,
  text: string,
  path: InstancePath,
): LeafValue {
  try {
    return schema.type.fromText(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const list = schema.kind === "leaf" ? [{ schema: schema.parent as ListSchema }] : [];
    const at = printPath([...path, ...list, { schema }]);
    throw refuse("invalid-value", at, error.message, error.appTag);
  }
}

function wrong(tag: ErrorTag, path: InstancePath, message: string): RequestError {
  return refuse(tag, path.length === 0 ? "" : printPath(path), message);
}
