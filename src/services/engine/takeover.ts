import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Slices } from "../../lib/slices.ts";
import { type GroundParts, SurveyedGround } from "./ground.ts";
import { Inheritance } from "./inheritance.ts";
import type { Plan, Planner } from "./planner.ts";
import { recirculationSteps } from "./recirculation.ts";
import type { Step } from "./step.ts";

export interface Takeover {
  readonly planner: Planner;
  readonly parts: GroundParts;
  /** The configuration without anything, and the one that is wanted. */
  readonly empty: DataObject;
  readonly root: DataObject;
}

/**
 * What makes the configuration out of what the data plane holds already: all that a plan from
 * nothing would do, less what is there, and then the removal of what it would not have made. The
 * order is that of any plan, so packets are forwarded by what was there until what is new is whole.
 */
export function* planTakeover({ planner, parts, empty, root }: Takeover): Slices<Plan> {
  const inherited = new Inheritance(parts.dataplane);
  const recirculation = recirculationSteps(parts, inherited);
  const plan = yield* planner.plan(empty, root, inherited);
  const ground = new SurveyedGround(parts);
  const steps: Step[] = [];
  for (const step of [...recirculation, ...plan.steps]) {
    const rest = step.onto ? step.onto(ground) : step;
    if (rest) steps.push(rest);
    yield;
  }
  const left = yield* ground.leftovers();
  const all = [...left.before, ...steps, ...left.steps];
  return { steps: all, released: [], unload: left.unload };
}
