import type { IrModule } from "../datamodel/schema/ir.ts";
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ParentSchema,
} from "../datamodel/schema/schema.ts";
import { type Builtin, builtins } from "./builtins.ts";
import type { Command } from "./command-line.ts";
import type { CubeInfo } from "./daemon.ts";
import { exampleOf, firstSentence, isSettable, leafLines, oneLine, typeWord } from "./leaf-help.ts";
import { enumsOf } from "./leaf-text.ts";
import { isService } from "./models.ts";
import { mandatoryInputs } from "./request.ts";
import { paragraph, tableLines } from "./table.ts";
import { type Target, titleOf } from "./target.ts";

/** What may follow on the command line, from the models (cli.md §5). */

type Row = readonly [keyword: string, type: string, description: string, example: string];
type Width = number | undefined;

const header = ["Keyword", "Type", "Description", "Example"];

/** Help for a line without words: services, commands, running cubes. */
export function rootHelp(
  models: readonly IrModule[],
  cubes: readonly CubeInfo[],
  width: Width,
): string[] {
  const services = models
    .filter(isService)
    .map(({ name, description }): Row => [name, "service", firstSentence(description), ""]);
  const rpcs = models.flatMap((model) =>
    model.rpcs.map(
      ({ name, description }): Row => [name, "command", firstSentence(description), ""],
    ),
  );
  const commands = [...builtins].map(([name, { what }]): Row => [name, "command", what, ""]);
  const running = cubes.map(({ name, service }): Row => [name, "cube", service, ""]);
  return [
    ...helpTable([...services, ...rpcs, ...commands], width),
    ...(running.length === 0 ? [] : ["", "Running cubes:", ...helpTable(running, width)]),
  ];
}

/** Help behind a command that is no service's. */
export function builtinHelp({ what, words, examples }: Builtin, width: Width): string[] {
  const rows = words.map(([keyword, type, about]): Row => [keyword, type, about, ""]);
  return [
    ...paragraph(`${what}.`, width),
    ...(rows.length === 0 ? [] : ["", ...helpTable(rows, width)]),
    "",
    ...examples.map((example) => `Example: yangplane ${example}`),
  ];
}

/** Help behind a path, for the command already given. */
export function targetHelp(target: Target, command: Command | undefined, width: Width): string[] {
  const about = paragraph(aboutOf(target), width);
  const rows = targetRows(target, command);
  const table =
    rows.length > 0 ? helpTable(rows, width) : [`nothing more can follow ${titleOf(target)}`];
  const examples = target.kind === "operation" ? exampleLines(target) : [];
  return [...about, ...(about.length === 0 ? [] : [""]), ...table, ...examples];
}

/** An example of an rpc, if the model has one for all it needs. */
function exampleLines({ path, schema }: Extract<Target, { kind: "operation" }>): string[] {
  const words = mandatoryInputs(schema).map(exampleOf);
  const isRpc = path.lastIndexOf("/") === 0;
  if (!isRpc || words.length === 0 || words.includes("")) return [];
  return ["", `Example: yangplane ${[schema.name, ...words].join(" ")}`];
}

/** All that the model says of what stands at the end; a list or container is told by its rows. */
function aboutOf(target: Target): string {
  if (target.kind === "operation") return oneLine(target.schema.ir.description);
  if (target.kind === "root") return "";
  const { schema } = target;
  return schema.kind === "leaf" || schema.kind === "leaf-list"
    ? [oneLine(schema.ir.description), ...leafLines(schema).slice(1)].join("\n")
    : "";
}

function targetRows(target: Target, command: Command | undefined): Row[] {
  if (target.kind === "operation") return inputRows(target);
  const { schema } = target;
  if (target.kind === "root") return childRows(schema as ParentSchema, command);
  if (schema.kind === "leaf" || schema.kind === "leaf-list") {
    return [...valueRows(schema), ...commandRows(target, command)];
  }
  if (schema.kind === "anydata") return commandRows(target, command);
  if (schema.kind === "list" && target.keyCount < schema.keys.length) {
    const more = command === "add" ? parameterRows(schema, command) : commandRows(target, command);
    return [...schema.keys.map(keyRow), ...more];
  }
  if (command === "add" || command === "set") return parameterRows(schema, command);
  return [...childRows(schema, command), ...commandRows(target, command)];
}

/** Mandatory inputs that are still to be given as words, then what may be given by name. */
function inputRows({ schema, inputs }: Extract<Target, { kind: "operation" }>): Row[] {
  const mandatory = mandatoryInputs(schema);
  const names = new Set(mandatory.map(({ name }) => `${name}=value`));
  const others = parameterRows(schema.input, undefined).filter(([keyword]) => !names.has(keyword));
  return [...mandatory.slice(inputs.length).map(keyRow), ...others];
}

/** Names the type has, each with what it means. */
function valueRows(leaf: LeafSchema | LeafListSchema): Row[] {
  return enumsOf(leaf.ir.type).map(
    ({ name, description }): Row => [name, "value", firstSentence(description), ""],
  );
}

function commandRows(
  { schema }: Extract<Target, { kind: "node" }>,
  command: Command | undefined,
): Row[] {
  if (command !== undefined) return [];
  const isLeaf = schema.kind === "leaf";
  const all: readonly [Command, string, boolean][] = [
    ["add", "create", !isLeaf && schema.kind !== "anydata"],
    ["set", "change", schema.kind === "list" || schema.kind === "container"],
    ["show", "print", true],
    ["del", isLeaf ? "give it its default back" : "delete", !(isLeaf && schema.isKey)],
  ];
  return all
    .filter(([name, , isPossible]) => isPossible && (schema.config || name === "show"))
    .map(([name, what]): Row => [name, "command", what, ""]);
}

function childRows(parent: ParentSchema, command: Command | undefined): Row[] {
  const nodes = parent.children
    .filter((child) => !(child.kind === "leaf" && child.isKey))
    .filter(({ config }) => config || command === undefined || command === "show")
    .map((child): Row => [child.name, typeName(child), descriptionOf(child), ""]);
  const operations = new Set(parent.operations.values());
  const actions = [...operations].map(
    ({ name, ir }): Row => [name, "action", firstSentence(ir.description), ""],
  );
  return command === undefined ? [...nodes, ...actions] : nodes;
}

function keyRow(leaf: LeafSchema): Row {
  return [`<${leaf.name}>`, typeWord(leaf), descriptionOf(leaf), exampleOf(leaf)];
}

/** Leaves to be given as `name=value`, those of containers below with dots. */
function parameterRows(parent: ParentSchema, command: Command | undefined, prefix = ""): Row[] {
  return parent.children.flatMap((child): Row[] => {
    if (!child.config) return [];
    if (child.kind === "container") {
      return parameterRows(child, command, `${prefix}${child.name}.`);
    }
    if (child.kind !== "leaf" && child.kind !== "leaf-list") return [];
    if (!isSettable(child, command)) return [];
    const keyword = `${prefix}${child.name}=value`;
    return [[keyword, typeWord(child), descriptionOf(child), exampleOf(child)]];
  });
}

function typeName(schema: DataSchema): string {
  return schema.kind === "leaf" || schema.kind === "leaf-list" ? typeWord(schema) : schema.kind;
}

function descriptionOf(schema: DataSchema): string {
  if (schema.kind === "leaf" || schema.kind === "leaf-list") return leafLines(schema).join("\n");
  const state = schema.config ? "" : "\nstate";
  return firstSentence(schema.ir.description) + state;
}

function helpTable(rows: readonly Row[], width: Width): string[] {
  const columns = rows.some(([, , , example]) => example !== "") ? 4 : 3;
  const cut = (row: readonly string[]) => row.slice(0, columns);
  return tableLines(cut(header), rows.map(cut), { indent: 1, width });
}
