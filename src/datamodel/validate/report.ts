import type { ErrorTag, Violation } from "../error.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { type DataObject, keysOf } from "../tree/node.ts";
import { type InstancePath, type PathStep, printPath } from "../tree/path.ts";
import type { Cursor, NodeSchema } from "../xpath/cursor.ts";

/** As many violations as one answer may carry (ARCHITECTURE §5). */
export const violationsMax = 10_000;

export interface Fault {
  readonly tag: ErrorTag;
  readonly appTag?: string;
  readonly message: string;
}

/** Collects what is wrong; counts what there is no room for. */
export class Report {
  readonly violations: Violation[] = [];
  total = 0;

  /** `child`: the missing node below the cursor that is wrong. */
  add(node: Cursor, fault: Fault, child?: NodeSchema): void {
    this.total += 1;
    if (this.violations.length >= violationsMax) return;
    const steps = cursorPath(node);
    if (child && "prop" in child) steps.push({ schema: child });
    this.violations.push({ path: printPath(steps), ...fault });
  }

  /** Violations that are known to be there but are not worth naming one by one. */
  addUnnamed(count: number): void {
    this.total += count;
  }
}

/** The node's path from the root. */
export function cursorPath(node: Cursor): PathStep[] {
  const steps: PathStep[] = [];
  for (let at: Cursor | undefined = node; at?.parent; at = at.parent) steps.push(pathStep(at));
  return steps.reverse() satisfies InstancePath;
}

function pathStep({ schema, value }: Cursor): PathStep {
  const data = schema as PathStep["schema"];
  if (data.kind === "list") return { schema: data, keys: keysOf(data, value as DataObject) };
  return data.kind === "leaf-list" ? { schema: data, value: value as LeafValue } : { schema: data };
}
