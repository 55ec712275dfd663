import { type ErrorTag, type Violation, violationsMax } from "../error.ts";
import type { DataSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { type DataObject, keysOf } from "../tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../tree/path.ts";
import type { Cursor } from "../xpath/cursor.ts";

export interface Fault {
  readonly tag: ErrorTag;
  readonly appTag?: string;
  readonly message: string;
}

/** What cannot be judged, because part of the candidate is unknown. */
export interface Unknown {
  /** True for a node, or a child of it, whose content is unknown. */
  covers(node: Cursor, child?: DataSchema): boolean;
  /** True where the verdict of a rule on the node would depend on what is unknown. */
  touch(rule: object, node: Cursor): boolean;
}

/** Collects what is wrong; counts what there is no room for. */
export class Report {
  readonly violations: Violation[] = [];
  readonly doubts: Unknown | undefined;
  total = 0;

  constructor(doubts?: Unknown) {
    this.doubts = doubts;
  }

  /** `child`: the missing node below the cursor that is wrong. */
  add(node: Cursor, fault: Fault, child?: DataSchema): void {
    if (this.doubts?.covers(node, child)) return;
    this.total += 1;
    if (this.violations.length >= violationsMax) return;
    const path = cursorPath(node) + (child ? printPath([{ schema: child }]) : "");
    this.violations.push({ path: path || "/", ...fault });
  }

  /** Violations that are known to be there but are not worth naming one by one. */
  addUnnamed(count: number): void {
    this.total += count;
  }
}

/** The node's path from the root; that of an action's input goes through the action's name. */
function cursorPath({ parent, schema, value }: Cursor): string {
  if (!parent) return "";
  if (schema.kind === "parameters") return `${cursorPath(parent)}/${operationName(schema.path)}`;
  return cursorPath(parent) + printPath([pathStep(schema as DataSchema, value)]);
}

/** `reset` of `/m:device/reset/input`. */
function operationName(path: string): string {
  return path.split("/").at(-2) ?? "";
}

/** The path of a node of the data tree. */
export function instancePath({ parent, schema, value }: Cursor): InstancePath {
  return parent ? [...instancePath(parent), pathStep(schema as DataSchema, value)] : [];
}

function pathStep(schema: DataSchema, value: Cursor["value"]): PathStep {
  if (schema.kind === "list") return { schema, keys: keysOf(schema, value as DataObject) };
  return schema.kind === "leaf-list" ? { schema, value: value as LeafValue } : { schema };
}
