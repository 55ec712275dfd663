/** Steps that load objects, and put programs where packets come by. */
import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import {
  type Attachment,
  type Dataplane,
  type Devices,
  KernelError,
  type ObjectRequest,
  type ProgramSlot,
} from "../../dataplane/dataplane.ts";
import type { ObjectLayout } from "../../dataplane/layout.ts";
import type { Step, StepOwner } from "./step.ts";

export interface ObjectLoad {
  readonly owner: StepOwner;
  readonly layout: ObjectLayout;
  readonly request: ObjectRequest;
  /** The object that it succeeds, if any. */
  readonly from?: string | undefined;
  /** What a plan calls it. */
  readonly target: string;
  readonly value?: unknown;
}

export function loadStep(dataplane: Dataplane, load: ObjectLoad): Step {
  const { owner, layout, request, from, target, value } = load;
  const step: Step = {
    describe: () => [
      { ...owner, operation: "load", target, ...(value === undefined ? {} : { value }) },
    ],
    apply: () => dataplane.loadObject(request, from),
    undo: () => dataplane.unloadObject(request.id),
    found: () => (from === undefined ? [] : [dataplane.objectFaults(from).join("; ")]),
    objectId: request.id,
    onto: (ground) => (ground.takeObject({ request, from, layout, owner }) ? undefined : step),
  };
  return step;
}

/** Puts a program into a slot of its jump table. */
export function programStep(dataplane: Dataplane, owner: StepOwner, wanted: ProgramSlot): Step {
  const { family, slot, objectId, program } = wanted;
  const step: Step = {
    describe: () => [{ ...owner, operation: "set-program", target: `${family}[${slot}]` }],
    apply: () => dataplane.setProgram(slot, objectId, program),
    undo: () => dataplane.clearProgram(family, slot),
    objectId,
    onto: (ground) => {
      const was = ground.takeProgram(wanted);
      if (was === undefined) return step;
      if (isSameProgram(was, wanted)) return undefined;
      return {
        ...step,
        found: () => [placedText(was)],
        undo: () => putBack(was, () => dataplane.setProgram(slot, was.objectId, was.program)),
      };
    },
  };
  return step;
}

/** Puts a program in place of another one of the same slot. */
export function exchangeStep(
  dataplane: Dataplane,
  owner: StepOwner,
  { was, is }: { readonly was: ProgramSlot; readonly is: ProgramSlot },
): Step {
  return {
    ...programStep(dataplane, owner, is),
    undo: () => dataplane.setProgram(was.slot, was.objectId, was.program),
  };
}

export function attachStep(
  parts: { readonly dataplane: Dataplane; readonly devices: Devices },
  owner: StepOwner,
  attachment: Attachment,
): Step {
  const { dataplane, devices } = parts;
  const { ifindex, hook, objectId } = attachment;
  const target = `${deviceName(devices, ifindex)} ${hook}`;
  const step: Step = {
    describe: () => [{ ...owner, operation: "attach", target }],
    apply: () => dataplane.attach(attachment),
    undo: () => dataplane.detach(ifindex, hook),
    objectId,
    onto: (ground) => {
      const { same, excluded } = ground.takeAttachment(attachment);
      if (excluded) {
        const other = attachStep(parts, owner, excluded);
        return { ...sequence([opposite(other, { operation: "detach" }), step]), objectId };
      }
      if (same === undefined) return step;
      if (isSameProgram(same, attachment)) return undefined;
      return {
        describe: () => step.describe(),
        found: () => [placedText(same)],
        objectId,
        apply: () => dataplane.reattach(attachment),
        undo: () => putBack(same, () => dataplane.reattach(same)),
      };
    },
  };
  return step;
}

export function promiscuousStep(devices: Devices, owner: StepOwner, ifindex: number): Step {
  const target = deviceName(devices, ifindex);
  const set = (on: boolean) => () => setPromiscuous(devices, ifindex, on);
  const step: Step = {
    describe: () => [{ ...owner, operation: "set-device", target, value: { promiscuous: true } }],
    apply: set(true),
    undo: set(false),
    found: () => [{ promiscuous: false }],
    onto: (ground) => {
      ground.takeMode(ifindex);
      return devices.byIndex(ifindex)?.promiscuous ? undefined : step;
    },
  };
  return step;
}

/** A device that has vanished took its promiscuous mode along, heard of or not. */
function setPromiscuous(devices: Devices, ifindex: number, on: boolean): void {
  if (!devices.byIndex(ifindex)) return;
  try {
    devices.setPromiscuous(ifindex, on);
  } catch (error) {
    if (!(error instanceof KernelError && error.code === "ENODEV")) throw error;
  }
}

/** The opposite of a step: doing it is undoing the other. */
export function opposite(
  step: Step,
  change: Pick<PlanStep, "operation"> & Pick<PlanStep, "value">,
): Step {
  return {
    describe: () => step.describe().map((one) => ({ ...one, ...change })),
    apply: () => step.undo(),
    undo: () => step.apply(),
  };
}

/** Steps done one after the other, as one. */
function sequence(steps: readonly Step[]): Step {
  const undo = (count: number): void => {
    for (const step of steps.slice(0, count).toReversed()) step.undo();
  };
  return {
    describe: () => steps.flatMap((step) => step.describe()),
    apply: () => {
      for (const [index, step] of steps.entries()) {
        try {
          step.apply();
        } catch (error) {
          undo(index);
          throw error;
        }
      }
    },
    undo: () => undo(steps.length),
  };
}

function deviceName(devices: Devices, ifindex: number): string {
  return devices.byIndex(ifindex)?.name ?? `ifindex ${ifindex}`;
}

/** A program as it is told of where it is found. */
export function placedText({ objectId, program }: Placed): string {
  return objectId === "" ? "a program of no object that is there" : `${program} of ${objectId}`;
}

interface Placed {
  readonly objectId: string;
  readonly program: string;
}

function isSameProgram(a: Placed, b: Placed): boolean {
  return a.objectId === b.objectId && a.program === b.program;
}

/** A program whose object is gone cannot be had back: what has taken its place stays. */
function putBack({ objectId }: Placed, action: () => void): void {
  if (objectId !== "") action();
}
