import { quoted } from "../datamodel/schema/instance-identifier.ts";
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  OperationSchema,
  ParentSchema,
  RootSchema,
  Schema,
} from "../datamodel/schema/schema.ts";
import { commands } from "./command-line.ts";
import { leafValue } from "./leaf-text.ts";
import { suggestion, UsageError } from "./usage-error.ts";

/** What the path words of a command name. */
export type Target =
  | { readonly kind: "root"; readonly path: ""; readonly schema: RootSchema }
  | {
      readonly kind: "node";
      /** RFC 7951 §6.11. */
      readonly path: string;
      readonly schema: DataSchema;
      /** How many key words a list got: all of them, or none for the list as a whole. */
      readonly keyCount: number;
      /** A single value of a leaf-list was named. */
      readonly hasValue: boolean;
    }
  | {
      readonly kind: "operation";
      readonly path: string;
      readonly schema: OperationSchema;
      /** Its mandatory inputs as they were typed, in their order. */
      readonly inputs: readonly string[];
    };

/**
 * Follows path words from the top of a module: its name is not among them, and where the module
 * has a top node of that name, the words go on below it. Keys are words after their list, in the
 * order of the model.
 * @throws UsageError naming the first word that leads nowhere, with what would
 */
export function findTarget(schema: Schema, module: string, words: readonly string[]): Target {
  const root: Target = { kind: "root", path: "", schema: schema.root };
  const top = schema.root.childByName.get(`${module}:${module}`);
  let target: Target = top ? nodeTarget("", top) : root;
  const rest = [...words];
  while (rest.length > 0) target = step(target, rest);
  return target;
}

/** The rpc that the first word names, in a module of which nothing else is named. */
export function rpcTarget(schema: Schema, words: readonly string[]): Target {
  const rest = [...words];
  let target = childTarget({ kind: "root", path: "", schema: schema.root }, rest.shift() ?? "");
  while (rest.length > 0) target = step(target, rest);
  return target;
}

/** Takes as many words as one node needs. */
function step(target: Target, words: string[]): Target {
  if (target.kind === "operation") {
    return { ...target, inputs: [...target.inputs, words.shift() ?? ""] };
  }
  if (target.kind === "root") return childTarget(target, words.shift() ?? "");
  const { schema } = target;
  if (schema.kind === "list" && target.keyCount < schema.keys.length) {
    return entryTarget(target.path, schema, words);
  }
  if (schema.kind === "leaf-list" && !target.hasValue) {
    return valueTarget(target.path, schema, words.shift() ?? "");
  }
  return childTarget(target, words.shift() ?? "");
}

function nodeTarget(parentPath: string, schema: DataSchema): Target {
  const path = `${parentPath}/${schema.jsonName}`;
  return { kind: "node", path, schema, keyCount: 0, hasValue: false };
}

function entryTarget(path: string, schema: ListSchema, words: string[]): Target {
  const texts = words.splice(0, schema.keys.length);
  if (texts.length < schema.keys.length) {
    const missing = schema.keys.slice(texts.length).map(({ name }) => `<${name}>`);
    throw new UsageError(`${schema.name} ${texts.join(" ")} lacks ${missing.join(" ")}`);
  }
  return {
    kind: "node",
    path: path + keyPredicates(schema.keys, texts),
    schema,
    keyCount: texts.length,
    hasValue: false,
  };
}

/** Keys typed as text, as the predicates of an instance path. @throws UsageError */
export function keyPredicates(keys: readonly LeafSchema[], texts: readonly string[]): string {
  return keys
    .map((leaf, index) => {
      const value = leafValue(leaf, texts[index] ?? "");
      return `[${leaf.name}=${quoted(leaf.type.toText(value))}]`;
    })
    .join("");
}

function valueTarget(path: string, schema: LeafListSchema, text: string): Target {
  const value = schema.type.toText(leafValue(schema, text));
  const predicate = `[.=${quoted(value)}]`;
  return { kind: "node", path: path + predicate, schema, keyCount: 0, hasValue: true };
}

function childTarget(target: Target, word: string): Target {
  const parent = target.schema;
  if ("childByName" in parent) {
    const child = parent.childByName.get(word);
    if (child) return nodeTarget(target.path, child);
    const operation = parent.operations.get(word);
    if (operation) return operationTarget(target.path, operation);
    const known = namesBelow(parent);
    const advice = suggestion(word, [...known, ...commands]) || listed(known);
    throw new UsageError(`${titleOf(target)} has no ${word}${advice}`);
  }
  throw new UsageError(`${titleOf(target)} is a single value: ${word} leads nowhere`);
}

function operationTarget(parentPath: string, schema: OperationSchema): Target {
  // The schema path already says whether the name needs its module here.
  const name = schema.path.split("/").at(-1) ?? schema.name;
  return { kind: "operation", path: `${parentPath}/${name}`, schema, inputs: [] };
}

/** Nodes and actions that may be named next. */
function namesBelow(parent: ParentSchema): string[] {
  const operations = new Set([...parent.operations.values()].map(({ name }) => name));
  return [...parent.children.map(({ name }) => name), ...operations];
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "" : `; it has ${names.join(", ")}`;
}

/** How a message calls the target: `ports p1` rather than its whole path. */
export function titleOf(target: Target): string {
  if (target.kind === "root") return "the module";
  if (target.kind === "operation") return target.schema.name;
  const keys = /\[[^/]*\]$/.exec(target.path)?.[0] ?? "";
  return target.schema.name + keys.replaceAll(/\[[^=]*=(['"])(.*?)\1\]/g, " $2");
}
