import type {
  LeafSchema,
  ListSchema,
  OperationSchema,
  ParentSchema,
} from "../datamodel/schema/schema.ts";
import { type Body, bodyOf, entriesOf, fitBody, objectOf } from "./body.ts";
import { type Command, commands } from "./command-line.ts";
import { listEdits, nodeEdits, predicatesOf, withoutLongLists } from "./creation.ts";
import type { Edit } from "./edit.ts";
import { type Target, titleOf } from "./target.ts";
import { suggestion, UsageError } from "./usage-error.ts";

export type Request =
  | { readonly kind: "show"; readonly path: string }
  | { readonly kind: "write"; readonly edits: readonly Edit[] }
  | { readonly kind: "invoke"; readonly path: string; readonly json: string };

export interface Order {
  readonly command: Command | undefined;
  readonly target: Target;
  readonly parameters: ReadonlyMap<string, string>;
  /** `del` may take more than one thing away. */
  readonly isAll: boolean;
  /** Parsed JSON or YAML from a file or pipe, in place of parameters. */
  readonly input?: unknown;
}

type Node = Extract<Target, { kind: "node" }>;
type Operation = Extract<Target, { kind: "operation" }>;

/** What to ask of the daemon. Pure: everything is decided by the models. @throws UsageError */
export function requestFor(order: Order): Request {
  const { command, target, parameters } = order;
  if (target.kind === "operation") return invocation(order, target);
  if (command === "show" || command === "del") {
    const [name] = parameters.keys();
    if (name !== undefined) throw new UsageError(`${command} takes no ${name}=`);
  }
  if (command === "show") return { kind: "show", path: target.path || "/" };
  if (target.kind === "root") throw new UsageError("which node? The module alone names none");
  switch (command) {
    case "add":
      return { kind: "write", edits: additions(order, target) };
    case "set":
      return { kind: "write", edits: settings(order, target) };
    case "del":
      return { kind: "write", edits: [deletion(target, order.isAll)] };
    default:
      throw noCommand(target);
  }
}

function noCommand(target: Target): UsageError {
  const title = titleOf(target);
  const [last = ""] = title.split(" ").slice(-1);
  const advice = suggestion(last, commands);
  return new UsageError(`what about ${title}? Say show, add, set or del${advice}`);
}

function invocation(order: Order, target: Operation): Request {
  const { command, parameters, input } = order;
  if (command !== undefined) {
    throw new UsageError(`${target.schema.name} is an action and goes without ${command}`);
  }
  const parent = target.schema.input;
  const body =
    input === undefined
      ? bodyOf(parent, inputParameters(target, parameters))
      : fitBody(parent, input);
  return { kind: "invoke", path: target.path, json: JSON.stringify(body) };
}

/** Mandatory inputs may be given as words, in their order. */
function inputParameters(
  { schema, inputs }: Operation,
  parameters: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const names = mandatoryInputs(schema).map(({ name }) => name);
  const wanted = names.map((name) => `<${name}>`).join(" ");
  if (inputs.length > names.length) {
    const takes = wanted === "" ? "no words" : `${wanted} and nothing more`;
    throw new UsageError(`${schema.name} takes ${takes}: ${inputs.at(-1)} is too much`);
  }
  const all = new Map(parameters);
  for (const [index, text] of inputs.entries()) {
    const name = names[index] ?? "";
    if (all.has(name)) throw new UsageError(`${name} is given twice: as ${text}, and with =`);
    all.set(name, text);
  }
  const isLacking = names.some((name) => !all.has(name));
  if (isLacking) throw new UsageError(`write ${[schema.name, wanted].join(" ")}`);
  return all;
}

/** Leaves that an action or rpc cannot do without. */
export function mandatoryInputs({ input }: OperationSchema): LeafSchema[] {
  return input.children.filter(
    (child) => child.kind === "leaf" && child.ir.mandatory,
  ) as LeafSchema[];
}

function additions(order: Order, target: Node): Edit[] {
  const { schema, path } = target;
  if (isWholeList(target)) return listAdditions(order, target, schema as ListSchema);
  switch (schema.kind) {
    case "list":
      return nodeEdits({ operation: "CREATE", path }, schema, objectBody(order, target));
    case "container": {
      const operation = schema.presence ? "CREATE" : "MERGE";
      return nodeEdits({ operation, path }, schema, objectBody(order, target));
    }
    case "leaf-list":
      if (target.hasValue) return [{ path, operation: "CREATE", json: "null" }];
      throw new UsageError(`${schema.name} needs the value to add`);
    default:
      throw new UsageError(`${schema.name} is a ${schema.kind}: set it, or name it as name=value`);
  }
}

/** Entries whose keys stand in the body: one that has a path, or many a list. */
function listAdditions(order: Order, { path }: Node, schema: ListSchema): Edit[] {
  const entries =
    order.input === undefined ? oneEntry(order, schema) : fittedEntries(schema, order.input);
  const [only, ...more] = entries;
  if (only === undefined || more.length > 0)
    return listEdits({ operation: "CREATE", path }, schema, entries);
  const entryPath = path + predicatesOf(schema, only);
  return nodeEdits({ operation: "CREATE", path: entryPath }, schema, only);
}

function fittedEntries(schema: ListSchema, input: unknown): Body[] {
  return entriesOf(schema, input).map((entry) => fitBody(schema, entry) as Body);
}

function oneEntry({ parameters }: Order, schema: ListSchema): Body[] {
  const lacking = schema.keys.filter(({ name }) => !parameters.has(name));
  if (lacking.length === 0) return [bodyOf(schema, parameters)];
  const keys = lacking.map(({ name }) => `<${name}>`).join(" ");
  throw new UsageError(`${schema.name} lacks ${keys}, and there is no body on standard input`);
}

/** One edit a member: the node itself has to exist, which a merge of it would not ask for. */
function settings(order: Order, target: Node): Edit[] {
  const { schema, path } = target;
  if (isWholeList(target)) {
    if (order.input === undefined) throw new UsageError(`which of ${schema.name}? Give its keys`);
    const list = schema as ListSchema;
    return fittedEntries(list, order.input).flatMap((entry) =>
      memberEdits(path + predicatesOf(list, entry), list, entry),
    );
  }
  if (schema.kind !== "list" && schema.kind !== "container") {
    throw new UsageError(`write set ${schema.name}=<value> behind the node it belongs to`);
  }
  const edits = memberEdits(path, schema, objectBody(order, target));
  if (edits.length === 0)
    throw new UsageError(`nothing to set in ${titleOf(target)}: add name=value`);
  return edits;
}

function memberEdits(path: string, schema: ParentSchema, body: Body): Edit[] {
  const { rest, lists } = withoutLongLists(schema, body);
  const members = Object.entries(rest).map(
    ([name, value]): Edit => ({
      path: `${path}/${name}`,
      operation: "MERGE",
      json: JSON.stringify(value),
    }),
  );
  const long = lists.flatMap(({ at, list, entries }) =>
    listEdits({ operation: "MERGE", path: path + at }, list, entries),
  );
  return [...members, ...long];
}

function objectBody({ command, parameters, input }: Order, { schema }: Node): Body {
  if (schema.kind !== "list" && schema.kind !== "container") return {};
  if (input === undefined) return bodyOf(schema, parameters, command);
  return fitBody(schema, objectOf(schema, input)) as Body;
}

/** What has an identity must exist to be deleted; a leaf or a whole list merely ends up empty. */
function deletion(target: Node, isAll: boolean): Edit {
  const { schema, path, hasValue } = target;
  if (schema.kind === "leaf" && schema.isKey) {
    throw new UsageError(`${schema.name} is a key: delete the entry`);
  }
  const isEntry = schema.kind === "list" && !isWholeList(target);
  const isPresent = schema.kind === "container" && schema.presence;
  const isOne = isEntry || isPresent || hasValue || schema.kind === "leaf";
  if (!isOne && !isAll) throw manyAtOnce(target);
  return { path, operation: isEntry || isPresent || hasValue ? "DELETE" : "REMOVE" };
}

/** Nobody is asked whether it is meant: scripts have nobody to answer. */
function manyAtOnce(target: Node): UsageError {
  const title = titleOf(target);
  return new UsageError(
    target.schema.kind === "container"
      ? `this would delete all that is set in ${title}: name what, or add --all`
      : `this would delete every entry of ${title}: name one, or add --all`,
  );
}

function isWholeList({ schema, keyCount }: Node): boolean {
  return schema.kind === "list" && keyCount < Math.max(1, schema.keys.length);
}

/**
 * False where a body has no place: standard input is left alone then, it may be that of a script
 * which goes on.
 */
export function takesInput({ command, target, parameters }: Order): boolean {
  if (parameters.size > 0) return false;
  if (target.kind === "operation") {
    return target.inputs.length === 0 && target.schema.input.children.length > 0;
  }
  return command === "add" || command === "set";
}

/** True where the command says nothing without a body: then a pipe is worth waiting for. */
export function needsInput({ command, target, parameters }: Order): boolean {
  if (parameters.size > 0 || target.kind === "root") return false;
  if (target.kind === "operation") {
    return target.inputs.length === 0 && mandatoryInputs(target.schema).length > 0;
  }
  if (command === "set") return true;
  return command === "add" && isWholeList(target);
}
