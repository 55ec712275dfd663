import type { Dataplane, Device, Devices } from "../../dataplane/dataplane.ts";
import { peerPath } from "./cause.ts";
import {
  type Bank,
  type DeviceEnd,
  type DeviceWiring,
  deviceHops,
  type FarEnd,
  type PortEnd,
  portHops,
} from "./chain.ts";
import { type CubeRuntime, cubePath } from "./cube.ts";
import {
  type DeviceEntry,
  type EntryChange,
  type EntryPlace,
  EntrySteps,
  entryPlace,
  hooksFor,
} from "./device-entries.ts";
import { isXdpHop } from "./hop.ts";
import { type CausedRow, firstBank, HopWriter, type HopWriterParts, putHops } from "./hop-steps.ts";
import type { Inheritance } from "./inheritance.ts";
import { phase, type Step, type StepList, type StepOwner } from "./step.ts";

/** A port as it is to be connected; `far` undefined: not connected. */
export interface PortWish {
  readonly end: PortEnd;
  readonly far: FarEnd | undefined;
  /** False when the port or its cube goes away. */
  readonly exists: boolean;
}

/** A device as it is to be; without `device` it is gone. */
export interface DeviceWish {
  readonly ifindex: number;
  readonly device: Device | undefined;
  readonly tcubes: readonly CubeRuntime[];
}

export interface Wishes {
  readonly ports: readonly PortWish[];
  readonly devices: readonly DeviceWish[];
  /** The object of a cube by the cube's id. */
  readonly objectOf: (id: string) => string | undefined;
}

interface PortWire {
  readonly end: PortEnd;
  readonly far: FarEnd | undefined;
  readonly rows: readonly CausedRow[];
  readonly path: ForwardingPath | undefined;
}

interface DeviceWire {
  readonly wiring: DeviceWiring;
  readonly entry: DeviceEntry;
  readonly rows: readonly CausedRow[];
}

/** How frames of a cube reach the far end of a port. */
export type ForwardingPath = "XDP" | "TC";

/**
 * The wiring of cubes with each other and with network devices: the programs on each device, and
 * the hops between everything. It is a function of ports, peers, chains and devices; `plan` gives
 * the steps from what is wired now to what is wished, for the given ports and devices only.
 */
export class Wiring {
  readonly #dataplane: Dataplane;
  readonly #devices: Devices;
  readonly #entrySteps: EntrySteps;
  readonly #ports = new Map<string, PortWire>();
  readonly #wires = new Map<number, DeviceWire>();

  constructor(dataplane: Dataplane, devices: Devices) {
    this.#dataplane = dataplane;
    this.#devices = devices;
    this.#entrySteps = new EntrySteps({ dataplane, devices });
  }

  /** What a port is connected to, undefined while it is not. */
  farEndOf(cube: CubeRuntime, port: string): FarEnd | undefined {
    return this.#ports.get(portIdOf({ cube, port }))?.far;
  }

  /** Undefined while frames reach nothing. */
  forwardingPath(cube: CubeRuntime, port: string): ForwardingPath | undefined {
    return this.#ports.get(portIdOf({ cube, port }))?.path;
  }

  /** Whether frames that a port sends arrive somewhere. */
  isUp(cube: CubeRuntime, port: string): boolean {
    const far = this.farEndOf(cube, port);
    if (far?.device === undefined) return far !== undefined;
    const device = this.#devices.byIndex(far.device.device.ifindex);
    return device?.up === true && device.running;
  }

  /** The objects with the programs on devices, by ifindex. */
  *entryObjects(): Generator<readonly [ifindex: number, objectId: string]> {
    for (const [ifindex, { entry }] of this.#wires) yield [ifindex, entry.objectId];
  }

  entryObject(ifindex: number): string | undefined {
    return this.#wires.get(ifindex)?.entry.objectId;
  }

  /** Undefined for a device that is not wired. */
  madePromiscuous(ifindex: number): boolean | undefined {
    return this.#wires.get(ifindex)?.entry.madePromiscuous;
  }

  /** Takes over the wiring of a plan for the same configuration, made from nothing. */
  adopt({ wiring }: { readonly wiring: Wiring }): void {
    replace(this.#ports, wiring.#ports);
    replace(this.#wires, wiring.#wires);
  }

  /** The port a device feeds. */
  portOf(ifindex: number): { readonly cube: string; readonly port: string } | undefined {
    const port = this.#wires.get(ifindex)?.wiring.port;
    return port && { cube: port.cube.name, port: port.port };
  }

  portEnd(ifindex: number): PortEnd | undefined {
    return this.#wires.get(ifindex)?.wiring.port;
  }

  /** The devices that were known by a name when they were wired. */
  *wiredAs(name: string): Generator<number> {
    for (const [ifindex, { wiring }] of this.#wires) {
      if (wiring.device.name === name) yield ifindex;
    }
  }

  /** `inherited`: entry objects that are there though nothing is wired yet. */
  plan(steps: StepList, wishes: Wishes, inherited?: Inheritance): void {
    const ports = new Map(wishes.ports.map((wish) => [portIdOf(wish.end), wish]));
    const devices = this.#deviceChanges(wishes, ports, inherited);
    for (const change of devices) this.#entrySteps.load(steps, change);
    const parts = { steps, dataplane: this.#dataplane, objectOf: wishes.objectOf };
    this.#planHops(parts, ports, devices);
    for (const change of devices) this.#entrySteps.unload(steps, change);
    for (const [id, wish] of ports) {
      const is = wish.exists ? portWire(wish) : undefined;
      steps.add(phase.attach, remember(this.#ports, id, { was: this.#ports.get(id), is }));
    }
    for (const { ifindex, wiring, is } of devices) {
      const was = this.#wires.get(ifindex);
      const wire = wiring && is && { wiring, entry: is, rows: deviceRows(wiring, firstBank) };
      steps.add(phase.attach, remember(this.#wires, ifindex, { was, is: wire }));
    }
  }

  #planHops(
    parts: HopWriterParts,
    ports: ReadonlyMap<string, PortWish>,
    devices: readonly DeviceChange[],
  ): void {
    const was = [
      ...[...ports.keys()].flatMap((id) => this.#ports.get(id)?.rows ?? []),
      ...devices.flatMap(({ ifindex }) => this.#wires.get(ifindex)?.rows ?? []),
    ];
    const existing = [...ports.values()].filter(({ exists }) => exists);
    const wanted = (bank: Bank) => [
      ...existing.flatMap((wish) => portRows(wish, bank)),
      ...devices.flatMap(({ wiring }) => (wiring ? deviceRows(wiring, bank) : [])),
    ];
    const { steps } = parts;
    const writer = new HopWriter(parts, was);
    putHops(writer, { was, wanted });
    for (const change of devices) this.#entrySteps.attach(steps, change);
    for (const change of devices) this.#entrySteps.detach(steps, change);
    writer.clearAllBut(wanted(firstBank));
  }

  /** What becomes of the devices that are wished, and of those that ports leave or come to. */
  #deviceChanges(
    { devices }: Wishes,
    ports: ReadonlyMap<string, PortWish>,
    inherited: Inheritance | undefined,
  ): DeviceChange[] {
    const wished = new Map<number, DeviceWish>();
    const fed = new Map<number, PortEnd>();
    for (const id of ports.keys()) {
      const left = this.#ports.get(id)?.far?.device?.device.ifindex;
      const wire = left === undefined ? undefined : this.#wires.get(left);
      if (wire) wished.set(wire.wiring.device.ifindex, wishOf(wire.wiring));
    }
    for (const { end, far } of ports.values()) {
      if (!far?.device) continue;
      fed.set(far.device.device.ifindex, end);
      wished.set(far.device.device.ifindex, wishOf(far.device));
    }
    for (const wish of devices) wished.set(wish.ifindex, wish);
    return [...wished.values()].map((wish) => {
      const port = fed.get(wish.ifindex) ?? this.#stillFed(wish.ifindex, ports);
      return this.#deviceChange(wish, port, inherited);
    });
  }

  /** The port that a device feeds and that nothing is wished of. */
  #stillFed(ifindex: number, ports: ReadonlyMap<string, PortWish>): PortEnd | undefined {
    const port = this.#wires.get(ifindex)?.wiring.port;
    return port && !ports.has(portIdOf(port)) ? port : undefined;
  }

  #deviceChange(
    { ifindex, device, tcubes }: DeviceWish,
    port: PortEnd | undefined,
    inherited: Inheritance | undefined,
  ): DeviceChange {
    const before = this.#wires.get(ifindex);
    const was = before?.entry;
    if (device === undefined || (port === undefined && tcubes.length === 0)) {
      return { ifindex, owner: ownerOf(before?.wiring), was, is: undefined, wiring: undefined };
    }
    const place: EntryPlace = was ?? entryPlace(ifindex, device.promiscuous, inherited);
    const { objectId, madePromiscuous, from } = place;
    const wiring = { device, tcubes, port, objectId };
    const hooks = hooksFor(wiring);
    const is = { objectId, madePromiscuous, hooks, feedsPort: port !== undefined };
    return { ifindex, owner: ownerOf(wiring), was, is, from, wiring };
  }
}

interface DeviceChange extends EntryChange {
  readonly wiring: DeviceWiring | undefined;
}

function wishOf({ device, tcubes }: DeviceEnd): DeviceWish {
  return { ifindex: device.ifindex, device, tcubes };
}

function portWire(wish: PortWish): PortWire {
  const { end, far } = wish;
  const { out, isPlain } = portHops(end, far, firstBank);
  const isXdp = isPlain && (far?.port ? end.cube.type !== "TC" : isXdpHop(out));
  const path = far && (isXdp ? "XDP" : "TC");
  return { end, far, rows: portRows(wish, firstBank), path };
}

function portRows({ end, far }: PortWish, bank: Bank): readonly CausedRow[] {
  const cause = peerPath(end.cube, end.port);
  return portHops(end, far, bank).rows.map((row) => ({ ...row, cause }));
}

function deviceRows(wiring: DeviceWiring, bank: Bank): readonly CausedRow[] {
  const { cause } = ownerOf(wiring);
  return deviceHops(wiring, bank).map((row) => ({ ...row, cause }));
}

/** The port that a device feeds, or else what is attached to it. */
function ownerOf(wiring: DeviceWiring | undefined): StepOwner {
  if (wiring?.port) {
    const { cube, port } = wiring.port;
    return { cube: cube.name, cause: peerPath(cube, port) };
  }
  const [tcube] = wiring?.tcubes ?? [];
  return { cube: tcube?.name ?? "", cause: tcube ? cubePath(tcube) : "" };
}

function portIdOf({ cube, port }: Pick<PortEnd, "cube" | "port">): string {
  return `${cube.id}:${port}`;
}

function replace<K, V>(records: Map<K, V>, by: ReadonlyMap<K, V>): void {
  records.clear();
  for (const [key, value] of by) records.set(key, value);
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
