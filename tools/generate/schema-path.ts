import type { IrXpath } from "../../src/datamodel/schema/ir.ts";

/** A node on the way from the root; choices and cases are no data nodes and have no step. */
export interface Step {
  readonly module: string;
  readonly name: string;
}

/** Where a node is built. */
export interface Location {
  readonly steps: readonly Step[];
  /** Inside the input or output of an rpc or action: that step's index, and which. */
  readonly parameters: { readonly depth: number; readonly direction: string } | undefined;
}

/**
 * `/module:name/…`, a prefix where the module changes: the form of the lock file and the schema.
 */
export function formatPath(steps: readonly Step[]): string {
  let module = "";
  let path = "";
  for (const step of steps) {
    path += step.module === module ? `/${step.name}` : `/${step.module}:${step.name}`;
    module = step.module;
  }
  return path;
}

/** The steps of a path as `formatPath` writes it. */
export function parseSchemaPath(path: string): Step[] {
  let module = "";
  return path
    .split("/")
    .filter((part) => part !== "")
    .map((part) => {
      const [prefix = "", local] = part.split(":");
      if (local !== undefined) module = prefix;
      return { module, name: local ?? part };
    });
}

/** A leafref path that goes on from what another leafref refers to. */
export interface DerefPath {
  /** To the other leafref. */
  readonly path: IrXpath;
  /** From its target on. */
  readonly onwards: IrXpath;
}

/** `deref(../server)/../address`, which libyang takes from version 3 on. */
export function derefPath({ expression, module }: IrXpath): DerefPath | undefined {
  const parts = /^\s*deref\(([^()]*)\)\s*\/(.*)$/s.exec(withoutPredicates(expression));
  if (parts === null) return undefined;
  const [, path = "", onwards = ""] = parts;
  return { path: { expression: path, module }, onwards: { expression: onwards, module } };
}

/** The schema path a leafref path leads to from the leaf at `from` (RFC 7950 §9.9.2). */
export function resolveLeafref(path: IrXpath, from: Location): string {
  const text = withoutPredicates(path.expression).trim();
  let steps = text.startsWith("/") ? [] : [...from.steps];
  for (const part of text.split("/").map((name) => name.trim())) {
    if (part === "" || part === "." || part === "current()") continue;
    steps = part === ".." ? up(steps, from) : down(steps, part, path.module, from);
  }
  return formatPath(steps);
}

function withoutPredicates(expression: string): string {
  return expression.replace(/\[[^\]]*\]/g, "");
}

/** `input` and `output` are no nodes of the data tree: one step leads over them. */
function up(steps: readonly Step[], from: Location): Step[] {
  const parent = steps.slice(0, -1);
  return parent.length - 1 === from.parameters?.depth && isParameters(parent, from)
    ? parent.slice(0, -1)
    : parent;
}

function isParameters(steps: readonly Step[], from: Location): boolean {
  return steps.every((step, index) => sameStep(step, from.steps[index]));
}

function down(steps: readonly Step[], part: string, module: string, from: Location): Step[] {
  const [prefix, local] = part.includes(":") ? part.split(":") : [module, part];
  const step = { module: prefix ?? module, name: local ?? part };
  const direction = from.parameters?.direction;
  const atOperation =
    direction !== undefined && steps.length === from.parameters?.depth && isParameters(steps, from);
  if (!atOperation) return [...steps, step];
  return [...steps, { module: steps.at(-1)?.module ?? module, name: direction }, step];
}

function sameStep(a: Step, b: Step | undefined): boolean {
  return a.name === b?.name && a.module === b.module;
}
