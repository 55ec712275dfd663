import type { DataSchema, LeafSchema, ParentSchema } from "../datamodel/schema/schema.ts";
import type { Command } from "./command-line.ts";
import type { CubeInfo, ModuleInfo } from "./daemon.ts";
import { namesOf } from "./leaf-text.ts";
import { tableLines } from "./table.ts";
import { type Target, titleOf } from "./target.ts";

/** What may follow on the command line, from the models (cli.md §5). */

type Row = readonly [keyword: string, type: string, description: string, example: string];

const header = ["Keyword", "Type", "Description", "Example"];
const exampleExtension = "yangplane-extensions:cli-example";

const builtins: readonly Row[] = [
  ["connect", "command", "connect a port, cube:port, to a device or another port", ""],
  ["disconnect", "command", "end such a connection", ""],
  ["plan", "command", "what a command would write to the kernel, changing nothing", ""],
  ["cubes", "list", "all cubes", ""],
  ["services", "list", "all services", ""],
  ["version", "command", "version of this program", ""],
];

/** Help for a line without words: services, commands, running cubes. */
export function rootHelp(
  modules: readonly ModuleInfo[],
  cubes: readonly CubeInfo[],
  width: number | undefined,
): string[] {
  const services = modules.map(
    ({ name, description }): Row => [name, "service", firstSentence(description), ""],
  );
  const running = cubes.map(({ name, service }): Row => [name, "cube", service, ""]);
  return [
    ...helpTable([...services, ...builtins], width),
    ...(running.length === 0 ? [] : ["", "Running cubes:", ...helpTable(running, width)]),
  ];
}

/** Help behind a path, for the command already given. */
export function targetHelp(
  target: Target,
  command: Command | undefined,
  width: number | undefined,
): string[] {
  const rows = targetRows(target, command);
  if (rows.length > 0) return helpTable(rows, width);
  return [`nothing more can follow ${titleOf(target)}`];
}

function targetRows(target: Target, command: Command | undefined): Row[] {
  if (target.kind === "operation") return parameterRows(target.schema.input);
  const { schema } = target;
  if (target.kind === "root") return childRows(schema as ParentSchema, command);
  const rows = commandRows(command);
  if (schema.kind === "list" && target.keyCount < schema.keys.length) {
    return [...schema.keys.map(keyRow), ...(command === "add" ? parameterRows(schema) : rows)];
  }
  if (schema.kind === "list" || schema.kind === "container") {
    if (command === "add" || command === "set") return parameterRows(schema);
    return [...childRows(schema, command), ...rows];
  }
  return rows;
}

function commandRows(command: Command | undefined): Row[] {
  if (command !== undefined) return [];
  const about: [Command, string][] = [
    ["add", "create"],
    ["set", "change"],
    ["show", "print"],
    ["del", "delete"],
  ];
  return about.map(([name, what]): Row => [name, "command", what, ""]);
}

function childRows(parent: ParentSchema, command: Command | undefined): Row[] {
  const nodes = parent.children
    .filter((child) => !(child.kind === "leaf" && child.isKey))
    .filter(({ config }) => config || command === undefined || command === "show")
    .map((child): Row => [child.name, typeName(child), firstSentence(child.ir.description), ""]);
  const operations = new Set(parent.operations.values());
  const actions = [...operations].map(
    ({ name, ir }): Row => [name, "action", firstSentence(ir.description), ""],
  );
  return command === undefined ? [...nodes, ...actions] : nodes;
}

function keyRow(leaf: LeafSchema): Row {
  return [`<${leaf.name}>`, typeName(leaf), firstSentence(leaf.ir.description), exampleOf(leaf)];
}

/** Leaves to be given as `name=value`, those of containers below with dots. */
function parameterRows(parent: ParentSchema, prefix = ""): Row[] {
  return parent.children.filter(isSettable).flatMap((child): Row[] => {
    if (child.kind === "container") return parameterRows(child, `${prefix}${child.name}.`);
    if (child.kind !== "leaf" && child.kind !== "leaf-list") return [];
    const names = namesOf(child.ir.type).join("|");
    const isRequired = child.kind === "leaf" && child.ir.mandatory;
    const description = firstSentence(child.ir.description) + (isRequired ? " (required)" : "");
    return [
      [
        `${prefix}${child.name}=${names || "value"}`,
        typeName(child),
        description,
        exampleOf(child),
      ],
    ];
  });
}

function isSettable(child: DataSchema): boolean {
  return child.config && !(child.kind === "leaf" && child.isKey);
}

function typeName(schema: DataSchema): string {
  if (schema.kind === "leaf") return schema.ir.type.base;
  return schema.kind === "leaf-list" ? `list of ${schema.ir.type.base}` : schema.kind;
}

function exampleOf({ extensions }: DataSchema): string {
  return extensions.find(({ name }) => name === exampleExtension)?.argument ?? "";
}

/** The first sentence of a description, on one line. */
export function firstSentence(description: string | undefined): string {
  const text = (description ?? "").replaceAll(/\s+/g, " ").trim();
  return /^(.*?)\.( |$)/.exec(text)?.[1] ?? text;
}

function helpTable(rows: readonly Row[], width: number | undefined): string[] {
  const columns = rows.some(([, , , example]) => example !== "") ? 4 : 3;
  const cut = (row: readonly string[]) => row.slice(0, columns);
  return tableLines(cut(header), rows.map(cut), { indent: 1, width });
}

export const usage = `\
usage: yangplane [plan] <service|cube> [node|key …] <add|show|set|del> [name=value …]
       yangplane <cube> <node …> <action> [name=value …]
       yangplane connect|disconnect <cube:port> <device|cube:port>
       yangplane cubes|services|version

  yangplane simplebridge add br0          create a cube
  yangplane br0 ports add p1 peer=veth1   give it a port
  yangplane br0 show                      print it
  yangplane plan br0 ports del p1         print the map writes of a change, change nothing
  yangplane simplebridge add < all.yaml   create many, from JSON or YAML
  yangplane br0 ports ?                   what can follow

flags
  -json -yaml -brief -normal -verbose     how to print
  -hide=a,b.c                             what to leave out
  --plan                                  as the word plan
  -                                       wait for a body on standard input
  --                                      what follows are nodes and keys, whatever they look like
  --socket PATH                           the daemon's socket (or YANGPLANE_SOCKET)
  --help --version

exit status: 0 done, 1 refused by the daemon, 2 wrong command line, 3 no daemon`;
