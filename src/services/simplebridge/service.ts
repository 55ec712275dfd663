import { simplebridgeFdbEvent, simplebridgeObject } from "../../gen/bpf/simplebridge.ts";
import {
  type FdbEntry,
  type Simplebridge,
  simplebridgeModel,
} from "../../gen/yang/simplebridge.ts";
import { assert } from "../../lib/assert.ts";
import { macBytes, macText } from "../../lib/mac.ts";
import { type CubeReader, defineService, type NodeRef } from "../service.ts";

const nsPerSecond = 1_000_000_000n;

type Bridge = CubeReader<Simplebridge, typeof simplebridgeObject>;

/** A learning Ethernet bridge without VLANs and spanning tree. */
export const service = defineService({
  model: simplebridgeModel,
  object: simplebridgeObject,

  programs: { tc: "ingress", xdp: "xdpIngress" },
  capacity: { learnedFdb: (config) => config.fdb.size },

  tables: {
    settings: { entries: (config) => [config.fdb], row: settingsRow },
    staticFdb: { entries: (config) => config.fdb.entry, row: staticRow },
  },

  state: { fdb: (bridge, only) => ({ entry: learnedEntries(bridge, only) }) },
  events: { fdbEvents: (record) => changed([simplebridgeFdbEvent.decode(record)]) },
  actions: {
    "fdb/flush": (_input, bridge) => ({
      output: { flushed: true },
      ...forgetStations(bridge, () => true),
    }),
  },
  forget: { "fdb/entry": ([address], bridge) => forgetStation(bridge, String(address)) },
  portReleased: (port, bridge) => forgetStations(bridge, (station) => station.port === port),
  expire: {
    everyMs: ({ fdb }) => Math.min((fdb.agingTime * 1000) / 10, 30_000),
    run: (bridge) => forgetStations(bridge, (station) => isAged(bridge, station)),
  },
});

export function settingsRow({ agingTime }: { readonly agingTime: number }) {
  return { key: 0, value: { agingTimeNs: BigInt(agingTime) * nsPerSecond } };
}

export function staticRow({ address, port }: FdbEntry, { ports }: Simplebridge) {
  const index = ports.get(port)?.index;
  assert(index !== undefined, "an entry's port exists: it is a leafref");
  return { key: { address: macBytes(address) }, value: { port: index } };
}

interface Station {
  readonly port: number;
  readonly lastSeenNs: bigint;
}

/** Stations that frames would be sent to by what was learned: not aged, and not configured. */
function learnedEntries(bridge: Bridge, only: NodeRef) {
  return stations(bridge, only).flatMap(({ key, value }) => {
    const address = macText(key.address);
    const port = bridge.portName(value.port);
    const isShadowed = bridge.config.fdb.entry.has(address);
    if (port === undefined || isShadowed || isAged(bridge, value)) return [];
    return [{ address, port, age: Number(ageNs(bridge, value) / nsPerSecond) }];
  });
}

/** One station where its entry is asked for, else all. */
function stations({ maps }: Bridge, [, , keys]: NodeRef) {
  if (keys === undefined) return maps.learnedFdb.rows();
  const key = { address: macBytes(String(keys)) };
  const value = maps.learnedFdb.get(key);
  return value === undefined ? [] : [{ key, value }];
}

function ageNs(bridge: Bridge, { lastSeenNs }: Station): bigint {
  const age = bridge.now() - lastSeenNs;
  return age > 0n ? age : 0n;
}

function isAged(bridge: Bridge, station: Station): boolean {
  return ageNs(bridge, station) >= BigInt(bridge.config.fdb.agingTime) * nsPerSecond;
}

function forgetStations(bridge: Bridge, isGone: (station: Station) => boolean) {
  const gone = bridge.maps.learnedFdb.rows().filter(({ value }) => isGone(value));
  bridge.maps.learnedFdb.delete(gone.map(({ key }) => key));
  return changed(gone.map(({ key }) => key));
}

function forgetStation(bridge: Bridge, address: string): boolean {
  const key = { address: macBytes(address) };
  const isKnown = bridge.maps.learnedFdb.get(key) !== undefined;
  bridge.maps.learnedFdb.delete([key]);
  return isKnown;
}

function changed(stations: readonly { readonly address: Uint8Array }[]) {
  return { changed: stations.map(({ address }): NodeRef => ["fdb", "entry", [macText(address)]]) };
}
