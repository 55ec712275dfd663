import type { Violation } from "../../datamodel/error.ts";
import type { Device, Devices } from "../../dataplane/dataplane.ts";
import { peerPath, portPath } from "./cause.ts";
import { baseOf, type CubeBase } from "./cube.ts";
import { type PortChange, type PortName, portText } from "./port-changes.ts";
import { ReferenceIndex } from "./reference-index.ts";
import { type PeerName, parsePeer, type Topology } from "./topology.ts";

interface PeerChange {
  readonly by: PortName;
  readonly type: CubeBase["type"];
  readonly was: readonly string[];
  readonly is: readonly string[];
}

export interface PeerCheck {
  readonly topology: Topology;
  /**
   * A restored configuration may name devices that are not there yet: those ports are down until
   * they appear.
   */
  readonly restoring: boolean;
}

/** Which port has which device or port for its peer, over all cubes, and what may not be a peer. */
export class PeerIndex {
  readonly #devices: Devices;
  /** Devices that the data plane has for itself. */
  readonly #own: ReadonlySet<string>;
  readonly #index = new ReferenceIndex<PortName>();

  constructor(devices: Devices, ownDevices: readonly string[]) {
    this.#devices = devices;
    this.#own = new Set(ownDevices);
  }

  /** The port that names a device, whether or not it exists, or another port. */
  portOf(peer: string): PortName | undefined {
    return this.#index.owner(peer);
  }

  /** The port that has a device for its peer once some changes are made. */
  portAfter(changes: readonly PortChange[]): (peer: string) => PortName | undefined {
    return this.#index.ownerAfter(peerChanges(changes));
  }

  check(changes: readonly PortChange[], check: PeerCheck): Violation[] {
    const peers = peerChanges(changes);
    const conflicts = this.#index.conflicts(peers);
    const taken = new Set(conflicts.map(({ change }) => change));
    const violations = conflicts.map(({ change, name, owner }) =>
      violation(change.by, inUse(name, owner)),
    );
    for (const change of peers) {
      const [peer] = change.is;
      const fault = taken.has(change) || !peer ? undefined : this.#fault(peer, change, check);
      if (fault) violations.push(violation(change.by, fault));
    }
    return [...violations, ...this.#removals(changes, check)];
  }

  update(changes: readonly PortChange[]): void {
    this.#index.update(peerChanges(changes));
  }

  #fault(peer: string, { by, type }: PeerChange, check: PeerCheck): Fault | undefined {
    const name = parsePeer(peer);
    if (name?.cube !== undefined) return portFault(name, { by, type }, check.topology);
    // What a restored configuration names may have changed: such a port is down.
    if (check.restoring) return undefined;
    const device = this.#devices.byName(peer);
    if (device === undefined) return failed("instance-required", `no network device ${peer}`);
    const own = this.#own.has(peer) ? `${peer} is Yangplane's own` : undefined;
    const fault = own ?? deviceFault(device, type);
    return fault === undefined ? undefined : failed("unusable-device", fault);
  }

  /** Ports that are gone while another names them. */
  #removals(changes: readonly PortChange[], { topology }: PeerCheck): Violation[] {
    const ownerAfter = this.portAfter(changes);
    return changes.flatMap(({ name, is }) => {
      const owner = is === undefined ? ownerAfter(portText(name)) : undefined;
      if (owner === undefined || topology.port(name.cube, name.port)) return [];
      const path = portPath({ list: name.list, name: name.cube }, name.port);
      return [{ path, tag: "in-use", message: `${portText(owner)} has it for its peer` }];
    });
  }
}

/** Why a device cannot be used by a cube of a type, undefined if it can. */
export function deviceFault(device: Device, type: CubeBase["type"]): string | undefined {
  const { name } = device;
  if (device.loopback) return `${name} is the loopback device`;
  if (device.mac === "") return `${name} has no link-layer address: it carries no Ethernet`;
  if (type === "XDP_SKB" && device.kind === "veth") {
    return `${name} is a veth: generic XDP drops its segmented TCP frames; use TC or XDP_DRV`;
  }
  return undefined;
}

/** Why a port cannot be the peer of another. */
function portFault(
  { cube, port }: Extract<PeerName, { readonly cube: string }>,
  { by, type }: Pick<PeerChange, "by" | "type">,
  topology: Topology,
): Fault | undefined {
  const found = topology.cube(cube);
  if (found === undefined) return failed("instance-required", `no cube ${cube}`);
  if (topology.port(cube, port) === undefined) {
    return failed("instance-required", `cube ${cube} has no port ${port}`);
  }
  const other = baseOf(found.config).type;
  if ((other === "TC") === (type === "TC")) return undefined;
  return failed("type-mismatch", mismatch({ name: cube, type: other }, { name: by.cube, type }));
}

/** Cubes of TC and of XDP are not put together. */
export function mismatch(
  one: Pick<CubeBase, "name" | "type">,
  other: Pick<CubeBase, "name" | "type">,
): string {
  return `${one.name} has type ${one.type} and ${other.name} ${other.type}`;
}

function peerChanges(changes: readonly PortChange[]): PeerChange[] {
  return changes.flatMap(({ name, type, was, is }) => {
    if ((was?.peer ?? "") === (is?.peer ?? "")) return [];
    const listOf = (peer: string | undefined) => (peer ? [peer] : []);
    return [{ by: name, type, was: listOf(was?.peer), is: listOf(is?.peer) }];
  });
}

export type Fault = Pick<Violation, "tag" | "appTag" | "message">;

function violation({ list, cube, port }: PortName, fault: Fault): Violation {
  return { path: peerPath({ list, name: cube }, port), ...fault };
}

export function failed(appTag: string, message: string): Fault {
  return { tag: "operation-failed", appTag, message };
}

function inUse(peer: string, owner: PortName): Fault {
  return { tag: "in-use", message: `${peer} is the peer of ${portText(owner)} already` };
}
