import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import type { Dataplane, Device, Devices, Hook } from "../../dataplane/dataplane.ts";
import type { Hop } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { peerPath } from "./cause.ts";
import { type CubeRuntime, hooksOf, mapTarget } from "./cube.ts";
import { deviceHop, noHop, sameHop, tailHop } from "./hop.ts";
import { type MapTarget, rowStep } from "./rows.ts";
import { phase, type Step, type StepList } from "./step.ts";

/** A port as it is to be connected; `peer` undefined or absent from the machine: not connected. */
export interface PortWish {
  readonly cube: CubeRuntime;
  readonly port: string;
  readonly index: number;
  readonly device: Device | undefined;
  /** False when the port or its cube goes away. */
  readonly exists: boolean;
}

/** What a port is connected by now. */
interface PortWire {
  readonly ifindex: number | undefined;
  readonly hop: Hop;
}

/** On an entry object: the device is to leave promiscuous mode when the object goes. */
export const madePromiscuousNote = "promiscuous";

/** The port that a step is done for. */
interface Owner {
  readonly cube: CubeRuntime;
  readonly port: string;
}

/** Which port the entry program of a device hands frames to. */
interface EntryWire extends Owner {
  readonly index: number;
  /** True if this engine switched the device to promiscuous mode. */
  readonly madePromiscuous: boolean;
}

/**
 * The wiring between cubes and network devices: the entry program on each device and the out row
 * (hop) of each port. It is a function of ports, peers and devices; `plan` gives the steps from
 * what is wired now to what is wished, for the given ports only.
 */
export class Wiring {
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #ports = new Map<string, PortWire>();
  readonly #entries = new Map<number, EntryWire>();

  constructor(dataplane: Dataplane, devices: Devices) {
    this.#dataplane = dataplane;
    this.#devices = devices;
  }

  /** The device a port is wired to, undefined while it has none. */
  ifindexOf(cube: CubeRuntime, port: string): number | undefined {
    return this.#ports.get(portId(cube, port))?.ifindex;
  }

  hopOf(cube: CubeRuntime, port: string): Hop {
    return this.#ports.get(portId(cube, port))?.hop ?? noHop;
  }

  /** The port a device feeds. */
  portOf(ifindex: number): { readonly cube: string; readonly port: string } | undefined {
    const entry = this.#entries.get(ifindex);
    return entry && { cube: entry.cube.name, port: entry.port };
  }

  plan(steps: StepList, wishes: readonly PortWish[]): void {
    const wanted = new Map<number, PortWish | undefined>();
    for (const wish of wishes) {
      const ifindex = this.ifindexOf(wish.cube, wish.port);
      // The device may feed another port by now, if devices swapped their names.
      const isOurs = ifindex !== undefined && this.#isFedBy(wish, ifindex);
      if (isOurs && !wanted.has(ifindex)) wanted.set(ifindex, undefined);
      if (wish.device) wanted.set(wish.device.ifindex, wish);
    }
    for (const wish of wishes) this.#planHop(steps, wish);
    for (const [ifindex, wish] of wanted) this.#planEntry(steps, ifindex, wish);
  }

  #isFedBy({ cube, port }: PortWish, ifindex: number): boolean {
    const entry = this.#entries.get(ifindex);
    return entry?.cube.objectId === cube.objectId && entry.port === port;
  }

  #planHop(steps: StepList, wish: PortWish): void {
    const id = portId(wish.cube, wish.port);
    const was = this.#ports.get(id);
    const hop = wish.device ? deviceHop(wish.device, wish.cube.type) : noHop;
    const is = wish.exists ? { ifindex: wish.device?.ifindex, hop } : undefined;
    const at = hop === noHop ? phase.clearHops : phase.putHops;
    const before = was?.hop ?? noHop;
    if (!sameHop(before, hop)) {
      const target = mapTarget(this.#dataplane, wish.cube, "hops");
      const cause = peerPath(wish.cube, wish.port);
      steps.add(at, rowStep({ ...target, cause }, { key: wish.index, was: before, is: hop }));
    }
    steps.add(at, remember(this.#ports, id, { was, is }));
  }

  #planEntry(steps: StepList, ifindex: number, wish: PortWish | undefined): void {
    const was = this.#entries.get(ifindex);
    if (wish === undefined) {
      if (was) this.#planDetach(steps, ifindex, was);
      return;
    }
    const hop = tailHop(wish.cube.slot, wish.index);
    const is = { cube: wish.cube, port: wish.port, index: wish.index };
    if (was === undefined) {
      this.#planAttach(steps, ifindex, {
        ...is,
        madePromiscuous: wish.device?.promiscuous !== true,
      });
      return;
    }
    const before = tailHop(was.cube.slot, was.index);
    const target = this.#entryTarget(wish, ifindex);
    if (!sameHop(before, hop)) {
      steps.add(phase.attach, rowStep(target, { key: 0, was: before, is: hop }));
    }
    this.#planHooks(steps, ifindex, { was, is: wish });
    const wire = { ...is, madePromiscuous: was.madePromiscuous };
    steps.add(phase.attach, remember(this.#entries, ifindex, { was, is: wire }));
  }

  #planAttach(steps: StepList, ifindex: number, wire: EntryWire): void {
    const row = { key: 0, was: noHop, is: tailHop(wire.cube.slot, wire.index) };
    steps.add(phase.attach, this.#entryObject(wire, ifindex, "load"));
    steps.add(phase.attach, rowStep(this.#entryTarget(wire, ifindex), row));
    for (const hook of hooksOf(wire.cube.type)) {
      steps.add(phase.attach, this.#attachment(wire, { ifindex, hook }, "attach"));
    }
    if (wire.madePromiscuous) steps.add(phase.attach, this.#promiscuous(wire, ifindex, true));
    steps.add(phase.attach, remember(this.#entries, ifindex, { was: undefined, is: wire }));
  }

  #planDetach(steps: StepList, ifindex: number, wire: EntryWire): void {
    if (wire.madePromiscuous) steps.add(phase.detach, this.#promiscuous(wire, ifindex, false));
    for (const hook of hooksOf(wire.cube.type)) {
      steps.add(phase.detach, this.#attachment(wire, { ifindex, hook }, "detach"));
    }
    const row = { key: 0, was: tailHop(wire.cube.slot, wire.index), is: noHop };
    steps.add(phase.detach, rowStep(this.#entryTarget(wire, ifindex), row));
    steps.add(phase.detach, this.#entryObject(wire, ifindex, "unload"));
    steps.add(phase.detach, remember(this.#entries, ifindex, { was: wire, is: undefined }));
  }

  /** A device that moves between a TC and an XDP cube changes hooks where they differ. */
  #planHooks(
    steps: StepList,
    ifindex: number,
    { was, is }: { readonly was: Owner; readonly is: Owner },
  ): void {
    const before = hooksOf(was.cube.type);
    const after = hooksOf(is.cube.type);
    for (const hook of before.filter((other) => !after.includes(other))) {
      steps.add(phase.attach, this.#attachment(was, { ifindex, hook }, "detach"));
    }
    for (const hook of after.filter((other) => !before.includes(other))) {
      steps.add(phase.attach, this.#attachment(is, { ifindex, hook }, "attach"));
    }
  }

  #entryTarget({ cube, port }: Owner, ifindex: number): MapTarget {
    return {
      dataplane: this.#dataplane,
      cube: cube.name,
      objectId: entryId(ifindex),
      layout: entryObject.maps.hop,
      cause: peerPath(cube, port),
    };
  }

  #entryObject(owner: EntryWire, ifindex: number, operation: "load" | "unload"): Step {
    const id = entryId(ifindex);
    const plain = { id, object: entryObject.name, constants: {}, capacity: {} };
    const request = owner.madePromiscuous ? { ...plain, note: madePromiscuousNote } : plain;
    return reversible(
      operation === "load",
      { ...describedFor(owner), operation, target: id },
      () => this.#dataplane.loadObject(request),
      () => this.#dataplane.unloadObject(id),
    );
  }

  #attachment(
    owner: Owner,
    { ifindex, hook }: { readonly ifindex: number; readonly hook: Hook },
    operation: "attach" | "detach",
  ): Step {
    const name = this.#devices.byIndex(ifindex)?.name ?? `ifindex ${ifindex}`;
    const program = hook.startsWith("xdp")
      ? entryObject.programs.xdpIngress.name
      : entryObject.programs.ingress.name;
    const attachment = { ifindex, hook, objectId: entryId(ifindex), program };
    return reversible(
      operation === "attach",
      { ...describedFor(owner), operation, target: `${name} ${hook}` },
      () => this.#dataplane.attach(attachment),
      () => this.#dataplane.detach(ifindex, hook),
    );
  }

  #promiscuous(owner: Owner, ifindex: number, on: boolean): Step {
    const name = this.#devices.byIndex(ifindex)?.name ?? `ifindex ${ifindex}`;
    const operation = on ? ("set-device" as const) : ("restore-device" as const);
    const set = (value: boolean) => (): void => {
      // A device that has vanished took its promiscuous mode along.
      if (this.#devices.byIndex(ifindex)) this.#devices.setPromiscuous(ifindex, value);
    };
    const step = { ...describedFor(owner), operation, target: name, value: { promiscuous: on } };
    return reversible(on, step, set(true), set(false));
  }
}

function describedFor({ cube, port }: Owner): Pick<PlanStep, "cube" | "cause"> {
  return { cube: cube.name, cause: peerPath(cube, port) };
}

function portId(cube: CubeRuntime, port: string): string {
  return `${cube.objectId}:${port}`;
}

/** The device an entry object is for, undefined for other objects. */
export function entryDevice(objectId: string): number | undefined {
  const ifindex = /^devices\/([0-9]+)$/.exec(objectId)?.[1];
  return ifindex === undefined ? undefined : Number(ifindex);
}

function entryId(ifindex: number): string {
  return `devices/${ifindex}`;
}

/** A step that does `forth` (or, not `forward`, `back`) and undoes it by the other. */
function reversible(
  forward: boolean,
  description: PlanStep,
  forth: () => void,
  back: () => void,
): Step {
  return {
    describe: () => [description],
    apply: forward ? forth : back,
    undo: forward ? back : forth,
  };
}

/** Keeps the engine's own record in step with what was done; nothing to plan or print. */
function remember<K, V>(
  records: Map<K, V>,
  key: K,
  { was, is }: { readonly was: V | undefined; readonly is: V | undefined },
): Step {
  const set = (value: V | undefined) => (): void => {
    if (value === undefined) records.delete(key);
    else records.set(key, value);
  };
  return { describe: () => [], apply: set(is), undo: set(was) };
}
