import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Device, Devices } from "../../dataplane/dataplane.ts";
import { peerPath } from "./cause.ts";
import { baseOf, type CubeBase, type PortBase } from "./cube.ts";

/** A port by the names of its cube and itself. */
export interface PortName {
  readonly list: ListSchema;
  readonly cube: string;
  readonly port: string;
}

/**
 * Which port has which device for its peer, over all cubes, and what may not be a peer. Kept
 * current by the differences of each commit, so that judging one costs what it changes.
 */
export class PeerIndex {
  readonly #devices: Devices;
  readonly #ports = new Map<string, PortName>();

  constructor(devices: Devices) {
    this.#devices = devices;
  }

  /** The port that names the device, whether or not the device exists. */
  portOf(peer: string): PortName | undefined {
    return this.#ports.get(peer);
  }

  /**
   * Violations of the ports that got another peer. A restored configuration (`restoring`) may name
   * devices that are not there yet: those ports are down until they appear.
   */
  check(changes: readonly PeerChange[], options: { readonly restoring: boolean }): Violation[] {
    const freed = new Set(changes.flatMap(({ was }) => (was ? [was] : [])));
    const taken = new Map<string, PortName>();
    const violations: Violation[] = [];
    for (const { name, is, type } of changes) {
      if (!is) continue;
      const owner = taken.get(is) ?? (freed.has(is) ? undefined : this.#ports.get(is));
      taken.set(is, name);
      const fault = owner ? inUse(is, owner) : this.#fault(is, type, options.restoring);
      if (fault)
        violations.push({
          path: peerPath({ list: name.list, name: name.cube }, name.port),
          ...fault,
        });
    }
    return violations;
  }

  /** Takes over the changes of a commit that was applied (or, swapped, of one that was undone). */
  update(changes: readonly PeerChange[]): void {
    for (const { was } of changes) if (was) this.#ports.delete(was);
    for (const { name, is } of changes) if (is) this.#ports.set(is, name);
  }

  #fault(peer: string, type: CubeBase["type"], restoring: boolean): Fault | undefined {
    if (peer.includes(":")) {
      const message = `peer ${peer} is a port of a cube: only network devices can be peers yet`;
      return { tag: "operation-not-supported", message };
    }
    const device = this.#devices.byName(peer);
    // What a restored configuration names may have changed: such a port is down.
    if (restoring) return undefined;
    if (device === undefined) return failed("instance-required", `no network device ${peer}`);
    const fault = deviceFault(device, type);
    return fault === undefined ? undefined : failed("unusable-device", fault);
  }
}

/** Why a device cannot be the peer of a port, undefined if it can. */
export function deviceFault(device: Device, type: CubeBase["type"]): string | undefined {
  const { name } = device;
  if (device.loopback) return `${name} is the loopback device`;
  if (device.mac === "") return `${name} has no link-layer address: it carries no Ethernet`;
  if (type === "XDP_SKB" && device.kind === "veth") {
    return `${name} is a veth: generic XDP drops its segmented TCP frames; use TC or XDP_DRV`;
  }
  return undefined;
}

/** A port whose peer a commit sets, changes or removes. */
export interface PeerChange {
  readonly name: PortName;
  readonly type: CubeBase["type"];
  readonly was: string | undefined;
  readonly is: string | undefined;
}

/** The changes of peers between two versions of one service's cubes. */
export function peerChanges(
  list: ListSchema,
  older: YangList<DataObject>,
  newer: YangList<DataObject>,
): PeerChange[] {
  const changes: PeerChange[] = [];
  newer.diff(older, (_key, was, is) => {
    const cube = baseOf((is ?? was) as DataObject);
    const add = (port: PortBase, before: string | undefined, after: string | undefined): void => {
      if (before === after) return;
      const name = { list, cube: cube.name, port: port.name };
      changes.push({ name, type: cube.type, was: before || undefined, is: after || undefined });
    };
    const [before, after] = [was && baseOf(was).ports, is && baseOf(is).ports];
    if (before && after) {
      after.diff(before, (_port, portWas, portIs) => {
        const port = portIs ?? portWas;
        if (port) add(port, portWas?.peer, portIs?.peer);
      });
    } else {
      for (const port of before ?? []) add(port, port.peer, undefined);
      for (const port of after ?? []) add(port, undefined, port.peer);
    }
  });
  return changes;
}

type Fault = Pick<Violation, "tag" | "appTag" | "message">;

function failed(appTag: string, message: string): Fault {
  return { tag: "operation-failed", appTag, message };
}

function inUse(peer: string, owner: PortName): Fault {
  return { tag: "in-use", message: `${peer} is the peer of ${owner.cube}:${owner.port} already` };
}
