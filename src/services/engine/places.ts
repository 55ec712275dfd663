import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Device, Devices } from "../../dataplane/dataplane.ts";
import type { FarEnd, PortEnd } from "./chain.ts";
import { baseOf, type CubeBase, type CubeRuntime, type PortBase } from "./cube.ts";
import { deviceFault } from "./peers.ts";
import type { LoadedPort } from "./plan-draft.ts";
import { isTransparent, parsePeer, type Topology } from "./topology.ts";
import type { DeviceWish, PortWish } from "./wiring.ts";

export interface LinkParts {
  readonly topology: Topology;
  readonly devices: Devices;
  /** A device that is no more, whatever there is of its index. */
  readonly gone?: number | undefined;
}

export interface PlaceParts extends LinkParts {
  /** The loaded cube of a configuration, or the one that the plan loads. */
  readonly cubeOf: (config: DataObject) => CubeRuntime | undefined;
}

/** What a port is to be connected to: a device that there is, or a port that names it too. */
export type Link =
  | { readonly device: Device; readonly cube?: undefined }
  | { readonly device?: undefined; readonly cube: string; readonly port: string };

export function linkOf(
  { topology, devices, gone }: LinkParts,
  { name, type }: Pick<CubeBase, "name" | "type">,
  port: PortBase,
): Link | undefined {
  const peer = parsePeer(port.peer);
  if (peer === undefined) return undefined;
  if (peer.cube !== undefined) {
    return topology.isMutual({ cube: name, port: port.name }, peer) ? peer : undefined;
  }
  const device = devices.byName(peer.device);
  if (device === undefined || device.ifindex === gone) return undefined;
  // A device that came after the configuration was judged may be one that cannot be used.
  return deviceFault(device, type) === undefined ? { device } : undefined;
}

/** Ports and devices of one version of the configuration, as they are to be wired. */
export class Places {
  readonly #parts: PlaceParts;

  constructor(parts: PlaceParts) {
    this.#parts = parts;
  }

  port({ cube, port: name, index }: LoadedPort): PortWish {
    const { topology, cubeOf } = this.#parts;
    const found = topology.cube(cube.name);
    const current = found && cubeOf(found.config);
    const port = found && baseOf(found.config).ports?.get(name);
    if (current?.id !== cube.id || port === undefined) {
      const end = { cube, port: name, index, tcubes: [] };
      return { end, far: undefined, exists: false };
    }
    return { end: this.#end(current, port), far: this.#farEnd(current, port), exists: true };
  }

  /** What is there of an ifindex. */
  device(ifindex: number): DeviceWish {
    const { devices, topology, gone } = this.#parts;
    const device = ifindex === gone ? undefined : devices.byIndex(ifindex);
    const tcubes = device ? this.#tcubes(topology.attachedTo(device.name)) : [];
    const isUsable = device && tcubes.every(({ type }) => deviceFault(device, type) === undefined);
    return { ifindex, device, tcubes: isUsable ? tcubes : [] };
  }

  #farEnd(of: CubeRuntime, port: PortBase): FarEnd | undefined {
    const { topology, cubeOf } = this.#parts;
    const link = linkOf(this.#parts, of, port);
    if (link?.device) {
      const { device } = link;
      return { device: { device, tcubes: this.device(device.ifindex).tcubes } };
    }
    const other = link && topology.cube(link.cube);
    const cube = other && cubeOf(other.config);
    const config = link && topology.port(link.cube, link.port);
    return cube && config && { port: this.#end(cube, config) };
  }

  #end(cube: CubeRuntime, { name, index = 0, tcubes = [] }: PortBase): PortEnd {
    return { cube, port: name, index, tcubes: this.#tcubes(tcubes) };
  }

  #tcubes(names: readonly string[]): readonly CubeRuntime[] {
    const { topology, cubeOf } = this.#parts;
    return names.flatMap((name) => {
      const found = topology.cube(name);
      if (found === undefined || !isTransparent(found.list)) return [];
      return cubeOf(found.config) ?? [];
    });
  }
}
