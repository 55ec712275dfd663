import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Slices } from "../../lib/slices.ts";
import { DriftList } from "./drift.ts";
import { type GroundParts, SurveyedGround } from "./ground.ts";
import { Inheritance, type Running } from "./inheritance.ts";
import type { Plan, Planner } from "./planner.ts";
import { recirculationSteps } from "./recirculation.ts";
import type { Step } from "./step.ts";

export interface Takeover {
  readonly planner: Planner;
  readonly parts: GroundParts;
  /** The configuration without anything, and the one that is wanted. */
  readonly empty: DataObject;
  readonly root: DataObject;
  /** What is known of the cubes if they are this daemon's own. */
  readonly running?: Running;
  /** Only looks: the recirculation device is not made if it is missing. */
  readonly isTrial?: boolean;
}

export interface Survey {
  readonly plan: Plan;
  /** What of the wanted is not there, and what is there beside it. */
  readonly drifts: DriftList;
  /** Objects that the plan loads. */
  readonly loads: ReadonlySet<string>;
}

/**
 * What makes the configuration out of what the data plane holds already: all that a plan from
 * nothing would do, less what is there, and then the removal of what it would not have made. The
 * order is that of any plan, so packets are forwarded by what was there until what is new is whole.
 */
export function* survey(takeover: Takeover): Slices<Survey> {
  const { planner, parts, empty, root, running, isTrial = false } = takeover;
  const { dataplane } = parts;
  const inherited = new Inheritance(dataplane, running);
  const drifts = new DriftList();
  const ifindex = isTrial ? dataplane.recirculation() : dataplane.openRecirculation();
  const [own] = dataplane.ownDevices;
  if (own !== undefined && ifindex === undefined) drifts.addMissingDevice(own);
  const recirculation = recirculationSteps(parts, inherited, ifindex);
  const plan = yield* planner.plan(empty, root, inherited);
  const ground = new SurveyedGround(parts, { isTrial });
  const steps: Step[] = [];
  for (const step of [...recirculation, ...plan.steps]) {
    // What belongs to an object that is missing is missing with it.
    const isTold = step.objectId !== undefined && ground.missing.has(step.objectId);
    const rest = step.onto ? step.onto(ground) : step;
    if (rest) steps.push(rest);
    if (rest && !isTold) drifts.add(rest);
    yield;
  }
  const left = yield* ground.leftovers();
  for (const step of [...left.before, ...left.steps]) drifts.add(step);
  for (const id of left.unload) if (!ground.isSucceeded(id)) drifts.addObject(id);
  const all = [...left.before, ...steps, ...left.steps];
  const { unload } = left;
  return { plan: { ...plan, steps: all, released: [], unload }, drifts, loads: ground.missing };
}
