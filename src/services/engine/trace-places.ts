import { refuse } from "../../datamodel/error.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import { type Hop, hopFlag } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { baseOf, mapLayout, type PortBase } from "./cube.ts";
import type { Planner } from "./planner.ts";

/** A hop row that frames follow into a cube. */
export interface HopPlace {
  readonly objectId: string;
  readonly layout: MapLayout;
  readonly row: number;
}

export interface TracePlaceParts {
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly planner: Planner;
  readonly root: () => DataObject;
}

/**
 * The hop rows by which frames come to a port (`cube:port`), or from and to a network device.
 * @throws RequestError where there are none
 */
export function tracePlaces(parts: TracePlaceParts, at: string): readonly HopPlace[] {
  const places = at.includes(":") ? portPlaces(parts, at) : devicePlaces(parts, at);
  if (places.length > 0) return places;
  throw refuse("operation-failed", "", `no frame passes ${at}: no cube is connected there`);
}

/** Frames come to a port from where its peer is. */
function portPlaces(parts: TracePlaceParts, at: string): readonly HopPlace[] {
  const { peer } = findPort(parts, at).port;
  if (peer === undefined || peer === "") return [];
  if (!peer.includes(":")) return devicePlaces(parts, peer).slice(0, 1);
  const other = findPort(parts, peer);
  const cube = parts.planner.loaded.of(other.config);
  if (cube === undefined) return [];
  const layout = mapLayout(cube.service, "hops");
  return [{ objectId: cube.objectId, layout, row: other.port.index ?? 0 }];
}

function devicePlaces({ devices, planner }: TracePlaceParts, name: string): readonly HopPlace[] {
  const device = devices.byName(name);
  if (device === undefined) throw refuse("data-missing", "", `there is no device ${name}`);
  const objectId = planner.wiring.entryObject(device.ifindex);
  if (objectId === undefined) return [];
  const layout = entryObject.maps.hop;
  return Array.from({ length: layout.maxEntries }, (_, row) => ({ objectId, layout, row }));
}

function findPort(
  { planner, root }: TracePlaceParts,
  at: string,
): { readonly config: DataObject; readonly port: PortBase } {
  const [cube = "", name = ""] = at.split(":");
  for (const list of planner.services.keys()) {
    const config = (root()[list.prop] as YangList<DataObject>).get(cube);
    const port = config && baseOf(config).ports?.get(name);
    if (config && port) return { config, port };
  }
  throw refuse("data-missing", "", `there is no port ${at}`);
}

/** Has frames that follow a hop looked at, or not any more; rows that lead to no cube have none. */
export function setTraced(
  { dataplane }: Pick<TracePlaceParts, "dataplane">,
  { objectId, layout, row }: HopPlace,
  isTraced: boolean,
): void {
  if (!dataplane.objects().includes(objectId)) return;
  const key = layout.key.encode(row);
  const bytes = dataplane.lookup(objectId, layout.name, key);
  const hop = bytes && (layout.value.decode(bytes) as Hop);
  if (hop === undefined || hop.kind !== "tail") return;
  const flags = isTraced ? hop.flags | hopFlag.trace : hop.flags & ~hopFlag.trace;
  if (flags === hop.flags) return;
  dataplane.putRows(objectId, layout.name, [
    { key, value: layout.value.encode({ ...hop, flags }) },
  ]);
}
