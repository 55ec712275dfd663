import type { Attachment, Dataplane, Devices, Hook } from "../../dataplane/dataplane.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { type DeviceWiring, needsEgressHook, xdpModeOf } from "./chain.ts";
import { entryName, madePromiscuousNote } from "./entry.ts";
import type { Inheritance } from "./inheritance.ts";
import { attachStep, loadStep, opposite, promiscuousStep } from "./placing.ts";
import { phase, type Step, type StepList, type StepOwner } from "./step.ts";

/** What is on a device while frames enter a cube, or pass one, there. */
export interface DeviceEntry {
  /** The entry object of the device. */
  readonly objectId: string;
  /** The device is to leave promiscuous mode when no port needs it any more. */
  readonly madePromiscuous: boolean;
  readonly hooks: readonly Hook[];
  readonly feedsPort: boolean;
}

export interface EntryChange {
  readonly ifindex: number;
  readonly owner: StepOwner;
  readonly was: DeviceEntry | undefined;
  readonly is: DeviceEntry | undefined;
  /** The object that it succeeds. */
  readonly from?: string | undefined;
}

const entryRequest = { object: entryObject.name, constants: {}, capacity: {} };

const programs = {
  "tcx-ingress": entryObject.programs.ingress.name,
  "tcx-egress": entryObject.programs.egress.name,
  "xdp-native": entryObject.programs.xdpIngress.name,
  "xdp-generic": entryObject.programs.xdpIngress.name,
} as const satisfies Record<Hook, string>;

export interface EntryPlace extends Pick<DeviceEntry, "objectId" | "madePromiscuous"> {
  /** The object that it succeeds. */
  readonly from?: string | undefined;
}

/** The hooks that a device needs; an XDP program has its TC twin behind it. */
export function hooksFor(wiring: Pick<DeviceWiring, "tcubes" | "port">): readonly Hook[] {
  const mode = xdpModeOf(wiring);
  const hooks: Hook[] = mode ? [mode === "XDP_DRV" ? "xdp-native" : "xdp-generic"] : [];
  hooks.push("tcx-ingress");
  if (needsEgressHook(wiring)) hooks.push("tcx-egress");
  return hooks;
}

/** Where the entry object of a device is, or is to be loaded; the mode that it was found in. */
export function entryPlace(
  ifindex: number,
  promiscuous: boolean,
  inherited: Inheritance | undefined,
): EntryPlace {
  const name = entryName(ifindex);
  const madePromiscuous = inherited?.madePromiscuous(ifindex) ?? !promiscuous;
  const { id, from } = inherited?.place(name, entryRequest) ?? { id: name };
  return { objectId: id, madePromiscuous, from };
}

/**
 * Steps that load the programs of a device, put them where frames come by, and take them away. The
 * rows of an object are complete between `load` and `attach`, and cleared after `detach`.
 */
export class EntrySteps {
  readonly #parts: { readonly dataplane: Dataplane; readonly devices: Devices };

  constructor(parts: { readonly dataplane: Dataplane; readonly devices: Devices }) {
    this.#parts = parts;
  }

  load(steps: StepList, { owner, was, is, from }: EntryChange): void {
    if (is && !was) steps.add(phase.attach, this.#loading(owner, is, from));
  }

  attach(steps: StepList, change: EntryChange): void {
    const { was, is } = change;
    for (const hook of was?.hooks ?? []) {
      // A device runs one XDP program: the old one makes room first.
      const isReplaced = is && isXdp(hook) && !is.hooks.includes(hook) && is.hooks.some(isXdp);
      if (isReplaced) steps.add(phase.attach, this.#detaching(change, hook));
    }
    for (const hook of is?.hooks ?? []) {
      if (!was?.hooks.includes(hook)) steps.add(phase.attach, this.#attaching(change, hook));
    }
    const isFirst = is?.feedsPort === true && was?.feedsPort !== true;
    if (isFirst && is.madePromiscuous) steps.add(phase.attach, this.#promiscuous(change));
  }

  detach(steps: StepList, change: EntryChange): void {
    const { was, is } = change;
    if (was?.feedsPort && was.madePromiscuous && is?.feedsPort !== true) {
      const restored = { operation: "restore-device", value: { promiscuous: false } } as const;
      steps.add(phase.detach, opposite(this.#promiscuous(change), restored));
    }
    for (const hook of was?.hooks ?? []) {
      const wasReplaced = isXdp(hook) && is?.hooks.some(isXdp);
      if (is?.hooks.includes(hook) || wasReplaced) continue;
      steps.add(phase.detach, this.#detaching(change, hook));
    }
  }

  unload(steps: StepList, { owner, was, is }: EntryChange): void {
    if (!was || is) return;
    steps.add(phase.detach, opposite(this.#loading(owner, was), { operation: "unload" }));
  }

  #loading(owner: StepOwner, { objectId, madePromiscuous }: DeviceEntry, from?: string): Step {
    const plain = { ...entryRequest, id: objectId };
    return loadStep(this.#parts.dataplane, {
      owner,
      layout: entryObject,
      request: madePromiscuous ? { ...plain, note: madePromiscuousNote } : plain,
      from,
      target: objectId,
    });
  }

  #attaching({ ifindex, owner, was, is }: EntryChange, hook: Hook): Step {
    const objectId = (is ?? was)?.objectId ?? "";
    const attachment: Attachment = { ifindex, hook, objectId, program: programs[hook] };
    return attachStep(this.#parts, owner, attachment);
  }

  #detaching(change: EntryChange, hook: Hook): Step {
    return opposite(this.#attaching(change, hook), { operation: "detach" });
  }

  #promiscuous({ ifindex, owner }: EntryChange): Step {
    return promiscuousStep(this.#parts.devices, owner, ifindex);
  }
}

function isXdp(hook: Hook): boolean {
  return hook === "xdp-native" || hook === "xdp-generic";
}
