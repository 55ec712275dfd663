import {
  type Attachment,
  type Dataplane,
  type Device,
  type Devices,
  familyOf,
} from "../../dataplane/dataplane.ts";
import type { Hop } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { peerPath } from "./cause.ts";
import { type CubeRuntime, hooksOf, mapTarget } from "./cube.ts";
import { entryName, madePromiscuousNote } from "./entry.ts";
import { deviceHop, entryHop, noHop, sameHop, tailHop } from "./hop.ts";
import type { Inheritance } from "./inheritance.ts";
import { attachStep, loadStep, opposite, promiscuousStep } from "./placing.ts";
import { type MapTarget, rowStep } from "./rows.ts";
import { phase, type Step, type StepList, type StepOwner } from "./step.ts";

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

/** The port that a step is done for. */
interface Owner {
  readonly cube: CubeRuntime;
  readonly port: string;
}

/** Which port the entry program of a device hands frames to. */
interface EntryWire extends Owner {
  readonly hop: Hop;
  /** The entry object of the device. */
  readonly objectId: string;
  /** True if this engine switched the device to promiscuous mode. */
  readonly madePromiscuous: boolean;
}

/** The port that a device is to feed, if any. */
interface EntryWish {
  readonly ifindex: number;
  readonly wish: PortWish | undefined;
  readonly inherited: Inheritance | undefined;
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

  /** The objects with the programs on devices, by ifindex. */
  *entryObjects(): Generator<readonly [ifindex: number, objectId: string]> {
    for (const [ifindex, { objectId }] of this.#entries) yield [ifindex, objectId];
  }

  entryObject(ifindex: number): string | undefined {
    return this.#entries.get(ifindex)?.objectId;
  }

  /** The port a device feeds. */
  portOf(ifindex: number): { readonly cube: string; readonly port: string } | undefined {
    const entry = this.#entries.get(ifindex);
    return entry && { cube: entry.cube.name, port: entry.port };
  }

  /** `inherited`: entry objects that are there though nothing is wired yet. */
  plan(steps: StepList, wishes: readonly PortWish[], inherited?: Inheritance): void {
    const wanted = new Map<number, PortWish | undefined>();
    for (const wish of wishes) {
      const ifindex = this.ifindexOf(wish.cube, wish.port);
      // The device may feed another port by now, if devices swapped their names.
      const isOurs = ifindex !== undefined && this.#isFedBy(wish, ifindex);
      if (isOurs && !wanted.has(ifindex)) wanted.set(ifindex, undefined);
      if (wish.device) wanted.set(wish.device.ifindex, wish);
    }
    for (const wish of wishes) this.#planHop(steps, wish);
    for (const [ifindex, wish] of wanted) this.#planEntry(steps, { ifindex, wish, inherited });
  }

  #isFedBy({ cube, port }: PortWish, ifindex: number): boolean {
    const entry = this.#entries.get(ifindex);
    return entry?.cube.id === cube.id && entry.port === port;
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

  #planEntry(steps: StepList, { ifindex, wish, inherited }: EntryWish): void {
    const was = this.#entries.get(ifindex);
    if (wish === undefined) {
      if (was) this.#planDetach(steps, ifindex, was);
      return;
    }
    const { cube, port, device } = wish;
    const hop = entryHop(tailHop(cube.slot, wish.index), device, cube.type);
    const is = { cube, port, hop };
    if (was === undefined) {
      const name = entryName(ifindex);
      const madePromiscuous = inherited?.madePromiscuous(name) ?? wish.device?.promiscuous !== true;
      const { id, from } = inherited?.place(name, entryRequest) ?? { id: name };
      this.#planAttach(steps, { ifindex, from }, { ...is, objectId: id, madePromiscuous });
      return;
    }
    const wire = { ...was, ...is };
    const target = this.#entryTarget(wire);
    if (!sameHop(was.hop, hop)) {
      steps.add(phase.attach, rowStep(target, { key: 0, was: was.hop, is: hop }));
    }
    this.#planHooks(steps, ifindex, { was, is: wire });
    steps.add(phase.attach, remember(this.#entries, ifindex, { was, is: wire }));
  }

  #planAttach(
    steps: StepList,
    { ifindex, from }: { readonly ifindex: number; readonly from?: string | undefined },
    wire: EntryWire,
  ): void {
    const row = { key: 0, was: noHop, is: wire.hop };
    steps.add(phase.attach, this.#loading(wire, from));
    steps.add(phase.attach, rowStep(this.#entryTarget(wire), row));
    for (const hook of hooksOf(wire.cube.type)) {
      steps.add(phase.attach, this.#attaching(wire, { ifindex, hook }));
    }
    if (wire.madePromiscuous) steps.add(phase.attach, this.#promiscuous(wire, ifindex));
    steps.add(phase.attach, remember(this.#entries, ifindex, { was: undefined, is: wire }));
  }

  #planDetach(steps: StepList, ifindex: number, wire: EntryWire): void {
    if (wire.madePromiscuous) {
      const restored = { operation: "restore-device", value: { promiscuous: false } } as const;
      steps.add(phase.detach, opposite(this.#promiscuous(wire, ifindex), restored));
    }
    for (const hook of hooksOf(wire.cube.type)) {
      steps.add(phase.detach, this.#detaching(wire, { ifindex, hook }));
    }
    const row = { key: 0, was: wire.hop, is: noHop };
    steps.add(phase.detach, rowStep(this.#entryTarget(wire), row));
    steps.add(phase.detach, opposite(this.#loading(wire), { operation: "unload" }));
    steps.add(phase.detach, remember(this.#entries, ifindex, { was: wire, is: undefined }));
  }

  /** A device that moves between a TC and an XDP cube changes hooks where they differ. */
  #planHooks(
    steps: StepList,
    ifindex: number,
    { was, is }: { readonly was: EntryWire; readonly is: EntryWire },
  ): void {
    const before = hooksOf(was.cube.type);
    const after = hooksOf(is.cube.type);
    for (const hook of before.filter((other) => !after.includes(other))) {
      steps.add(phase.attach, this.#detaching(was, { ifindex, hook }));
    }
    for (const hook of after.filter((other) => !before.includes(other))) {
      steps.add(phase.attach, this.#attaching(is, { ifindex, hook }));
    }
  }

  #entryTarget({ cube, port, objectId }: EntryWire): MapTarget {
    return {
      dataplane: this.#dataplane,
      cube: cube.name,
      objectId,
      layout: entryObject.maps.hop,
      cause: peerPath(cube, port),
    };
  }

  #loading(wire: EntryWire, from?: string): Step {
    const { objectId, madePromiscuous } = wire;
    const plain = { ...entryRequest, id: objectId };
    return loadStep(this.#dataplane, {
      owner: stepOwner(wire),
      layout: entryObject,
      request: madePromiscuous ? { ...plain, note: madePromiscuousNote } : plain,
      from,
      target: objectId,
    });
  }

  #attaching(wire: EntryWire, place: Place): Step {
    const { ingress, xdpIngress } = entryObject.programs;
    const program = familyOf(place.hook) === "xdp" ? xdpIngress.name : ingress.name;
    const attachment = { ...place, objectId: wire.objectId, program };
    const parts = { dataplane: this.#dataplane, devices: this.#devices };
    return attachStep(parts, stepOwner(wire), attachment);
  }

  #detaching(wire: EntryWire, place: Place): Step {
    return opposite(this.#attaching(wire, place), { operation: "detach" });
  }

  #promiscuous(wire: EntryWire, ifindex: number): Step {
    return promiscuousStep(this.#devices, stepOwner(wire), ifindex);
  }
}

type Place = Pick<Attachment, "ifindex" | "hook">;

const entryRequest = { object: entryObject.name, constants: {}, capacity: {} };

function stepOwner({ cube, port }: Owner): StepOwner {
  return { cube: cube.name, cause: peerPath(cube, port) };
}

function portId(cube: CubeRuntime, port: string): string {
  return `${cube.id}:${port}`;
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
