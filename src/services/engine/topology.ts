import type { ListSchema } from "../../datamodel/schema/schema.ts";
import { emptyList, listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { baseOf, type PortBase } from "./cube.ts";

/** What a peer leaf says. */
export type PeerName =
  | { readonly device: string; readonly cube?: undefined }
  | { readonly device?: undefined; readonly cube: string; readonly port: string };

/** Undefined for a port without a peer. */
export function parsePeer(peer: string | undefined): PeerName | undefined {
  if (!peer) return undefined;
  const [cube = "", port] = peer.split(":");
  return port === undefined ? { device: peer } : { cube, port };
}

export interface FoundCube {
  readonly list: ListSchema;
  readonly config: DataObject;
}

/** The cubes, ports and chains of one version of the configuration. */
export class Topology {
  readonly #root: DataObject;
  readonly #lists: readonly ListSchema[];

  constructor(root: DataObject, lists: Iterable<ListSchema>) {
    this.#root = root;
    this.#lists = [...lists];
  }

  /** A cube of any service. O(services). */
  cube(name: string): FoundCube | undefined {
    for (const list of this.#lists) {
      const config = (this.#root[list.prop] as YangList<DataObject>).get(name);
      if (config) return { list, config };
    }
    return undefined;
  }

  port(cube: string, port: string): PortBase | undefined {
    const found = this.cube(cube);
    return found && baseOf(found.config).ports?.get(port);
  }

  /** Whether the port that another names for its peer names it too. */
  isMutual(name: { readonly cube: string; readonly port: string }, peer: PeerName): boolean {
    if (peer.cube === undefined) return false;
    return this.port(peer.cube, peer.port)?.peer === `${name.cube}:${name.port}`;
  }

  /** The configured devices. */
  get devices(): YangList<DeviceConfig, readonly [name: string]> | undefined {
    return this.#root["netdev"] as YangList<DeviceConfig, readonly [name: string]> | undefined;
  }

  /** Devices that are configured otherwise than before. */
  changedDevices(before: Topology): DeviceChange[] {
    return [...listChanges(before.devices, this.devices ?? noDevices)].map(([, was, is]) => {
      return { name: (is ?? was)?.name ?? "", was, is };
    });
  }

  /** What is attached to a device, the cube next to the wire first. */
  attachedTo(device: string): readonly string[] {
    return this.devices?.get(device)?.tcubes ?? [];
  }
}

/** An entry of yang/netdev.yang. */
export interface DeviceConfig {
  readonly name: string;
  readonly tcubes?: readonly string[];
}

export interface DeviceChange {
  readonly name: string;
  readonly was: DeviceConfig | undefined;
  readonly is: DeviceConfig | undefined;
}

const noDevices = emptyList<DeviceConfig, readonly [name: string]>(false);

/** A cube without ports of its own, to be attached to a port or device. */
export function isTransparent(list: ListSchema): boolean {
  return list.childByName.has("parent");
}
