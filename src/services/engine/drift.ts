import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import { type Drift, driftsMax } from "../../datamodel/datastore/drift.ts";
import type { Step } from "./step.ts";

type Operation = PlanStep["operation"];

const things: Readonly<Record<Operation, Drift["thing"]>> = {
  load: "object",
  unload: "object",
  put: "row",
  delete: "row",
  "set-program": "program",
  "clear-program": "program",
  attach: "attachment",
  detach: "attachment",
  "set-device": "device",
  "restore-device": "device",
};

/** What takes away something that nobody wants. */
const removals: ReadonlySet<Operation> = new Set<Operation>([
  "unload",
  "delete",
  "clear-program",
  "detach",
  "restore-device",
]);

/** The drifts that steps would mend: all are counted, the first ones kept. */
export class DriftList {
  readonly drifts: Drift[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(step: Step): void {
    const found = step.found?.() ?? [];
    for (const [index, one] of step.describe().entries()) this.#push(driftOf(one, found[index]));
  }

  /** An object that nobody wants. */
  addObject(id: string): void {
    this.#push({ cube: "", thing: "object", kind: "unexpected", target: id });
  }

  /** A device of the engine's own. */
  addMissingDevice(name: string): void {
    this.#push({ cube: "", thing: "device", kind: "missing", target: name });
  }

  #push(drift: Drift): void {
    this.#total += 1;
    if (this.drifts.length < driftsMax) this.drifts.push(drift);
  }
}

function driftOf({ operation, cube, target, key, value, cause }: PlanStep, found: unknown): Drift {
  const isUnexpected = removals.has(operation);
  const kind = isUnexpected ? "unexpected" : found === undefined ? "missing" : "changed";
  return {
    cube,
    thing: things[operation],
    kind,
    target,
    ...(key === undefined ? {} : { key }),
    ...(isUnexpected || value === undefined ? {} : { expected: value }),
    ...(found === undefined ? {} : { found }),
    ...(cause ? { cause } : {}),
  };
}
