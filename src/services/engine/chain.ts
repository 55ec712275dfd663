/**
 * Chains of hops: the rows by which frames pass the transparent cubes of a port or a device. All
 * pure; docs/adr/0021-chains.md has the order.
 */
import type { Device } from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { Hop } from "../../gen/bpf/core.ts";
import { way } from "../../gen/bpf/core.ts";
import { entryObject, entryWay } from "../../gen/bpf/entry.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import { deviceHop, entryHop, nextHop, noHop, tailHop, type XdpMode } from "./hop.ts";

/** A port and what is attached to it, the cube next to its own cube first. */
export interface PortEnd {
  readonly cube: CubeRuntime;
  readonly port: string;
  readonly index: number;
  readonly tcubes: readonly CubeRuntime[];
}

/** A device and what is attached to it, the cube next to the wire first. */
export interface DeviceEnd {
  readonly device: Device;
  readonly tcubes: readonly CubeRuntime[];
}

/** What a port is connected to: a device, or a port that names it too. */
export type FarEnd =
  | { readonly device: DeviceEnd; readonly port?: undefined }
  | { readonly port: PortEnd; readonly device?: undefined };

/** A row of a map with hops. */
export interface HopRow {
  /** The name of the objects that have it, one after the other. */
  readonly owner: string;
  readonly objectId: string;
  readonly layout: MapLayout;
  /** The cube that a plan names for it; for a device the one whose cube made it necessary. */
  readonly cube: string;
  readonly key: number;
  readonly hop: Hop;
  /** Of a transparent cube, and behind an egress program: by which hop frames get there. */
  readonly enteredBy?: Hop;
  /** Of a device: where frames go on without us. */
  readonly past?: Hop;
}

/** Which pair of rows of a transparent cube a chain is written to: 0, or 1 for the time between. */
export type Bank = (tcube: CubeRuntime) => 0 | 1;

/** Where a chain begins, and its rows. */
interface Chain {
  readonly first: Hop;
  readonly rows: readonly HopRow[];
}

type Way = keyof typeof way;

/** `tcubes` in the order that frames pass them, those without a program for the way left out. */
function chain(
  tcubes: readonly CubeRuntime[],
  { direction, last, bank }: { readonly direction: Way; readonly last: Hop; readonly bank: Bank },
): Chain {
  let first = last;
  const rows: HopRow[] = [];
  for (const tcube of tcubes.toReversed()) {
    const slot = direction === "ingress" ? tcube.slot : tcube.egressSlot;
    if (slot === undefined) continue;
    const key = bank(tcube) * 2 + way[direction];
    const enteredBy = tailHop(slot, key);
    rows.push({ ...rowOf(tcube, "hops"), key, hop: first, enteredBy });
    first = enteredBy;
  }
  return { first, rows };
}

function rowOf(cube: CubeRuntime, prop: "hops" | "egressHops") {
  const { id: owner, objectId, name } = cube;
  return { owner, objectId, layout: mapLayout(cube.service, prop), cube: name };
}

/** Into a port, from outside. */
function entering({ cube, index, tcubes }: PortEnd, bank: Bank): Chain {
  const last = tailHop(cube.slot, index);
  return chain(tcubes.toReversed(), { direction: "ingress", last, bank });
}

/** Whether something is done with frames that leave by a device. */
function hasEgress(tcubes: readonly CubeRuntime[]): boolean {
  return tcubes.some(({ egressSlot }) => egressSlot !== undefined);
}

/** The hop out of a port, behind all that is attached to it. */
function outHop({ cube }: PortEnd, far: FarEnd | undefined, bank: Bank): Hop {
  if (far?.device) {
    const { device, tcubes } = far.device;
    return deviceHop(device, cube.type, { isPlain: !hasEgress(tcubes) });
  }
  return far ? entering(far.port, bank).first : noHop;
}

export interface PortHops {
  readonly rows: readonly HopRow[];
  /** The hop to the far end itself. */
  readonly out: Hop;
  /** Nothing is done with frames between the cube's own program and the far end. */
  readonly isPlain: boolean;
}

/** All rows that belong to a port: its own, and those of what is attached to it. */
export function portHops(end: PortEnd, far: FarEnd | undefined, bank: Bank): PortHops {
  const { cube, index, tcubes } = end;
  const out = outHop(end, far, bank);
  const leaving = chain(tcubes, { direction: "egress", last: out, bank });
  const rows = [...entering(end, bank).rows, ...leaving.rows];
  const isPlain = leaving.rows.length === 0;
  if (far === undefined) return { rows, out, isPlain };
  const own = { ...rowOf(cube, "hops"), key: index };
  if (far.port || cube.egressSlot === undefined) {
    return { rows: [...rows, { ...own, hop: leaving.first }], out, isPlain };
  }
  const enteredBy = tailHop(cube.egressSlot, index);
  const behind = { ...rowOf(cube, "egressHops"), key: index, hop: leaving.first, enteredBy };
  const before = { ...own, hop: enteredBy };
  return { rows: [...rows, behind, before], out, isPlain: false };
}

/** The object with the programs of a device, and what is in front of them and behind. */
export interface DeviceWiring extends DeviceEnd {
  readonly objectId: string;
  /** The port that frames from the device go to; undefined: its stack. */
  readonly port: PortEnd | undefined;
}

/** All rows that belong to a device: its own, and those of what is attached to it. */
export function deviceHops(wiring: DeviceWiring, bank: Bank): readonly HopRow[] {
  const { device, tcubes, port, objectId } = wiring;
  const past = nextHop(device.ifindex, "ingress");
  const inside = port ? entering(port, bank).first : past;
  const coming = chain(tcubes, { direction: "ingress", last: inside, bank });
  const outside = nextHop(device.ifindex, "egress");
  const going = chain(tcubes.toReversed(), { direction: "egress", last: outside, bank });
  const cube = port?.cube.name ?? tcubes[0]?.name ?? "";
  const own = { owner: objectId, objectId, layout: entryObject.maps.hop, cube };
  const first = entryHop(coming.first, device, xdpModeOf(wiring));
  const rows: HopRow[] = [...coming.rows, { ...own, key: entryWay.ingress, hop: first, past }];
  if (going.rows.length > 0) {
    const leaving = { ...own, key: entryWay.egress, hop: going.first, past: outside };
    rows.push(...going.rows, leaving);
  }
  return rows;
}

/** How XDP programs are attached to a device, undefined if there are none. */
export function xdpModeOf({
  tcubes,
  port,
}: Pick<DeviceWiring, "tcubes" | "port">): XdpMode | undefined {
  const cubes = port ? [...tcubes, port.cube] : tcubes;
  return cubes.map(({ type }) => type).find((type): type is XdpMode => type !== "TC");
}

export function needsEgressHook({ tcubes }: Pick<DeviceWiring, "tcubes">): boolean {
  return hasEgress(tcubes);
}
