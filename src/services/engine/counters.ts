import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { ObjectLayout } from "../../dataplane/layout.ts";
import { type PortCounters, portCounters } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";
import { perCpuValues } from "./per-cpu.ts";
import { recirculationObjectId } from "./recirculation.ts";
import type { MapTarget } from "./rows.ts";

/** A map of counters. */
type CountersTarget = Pick<MapTarget, "dataplane" | "objectId" | "layout">;

/** The model's `counters` container. */
export interface Counters {
  readonly rxPackets: bigint;
  readonly rxBytes: bigint;
  readonly txPackets: bigint;
  readonly txBytes: bigint;
  /** Only reasons that have occurred. */
  readonly drops: readonly { readonly reason: string; readonly packets: bigint }[];
}

/** What the programs on a device have dropped: frames that reached no cube. */
export function readDeviceDrops(dataplane: Dataplane, objectId: string): Counters["drops"] {
  const layout = entryObject.maps.counters;
  const target = { dataplane, objectId, layout };
  const packets = new Map<string, bigint>();
  for (let row = 0; row < layout.maxEntries; row += 1) {
    for (const drop of readCounters(target, entryObject, row).drops) {
      packets.set(drop.reason, (packets.get(drop.reason) ?? 0n) + drop.packets);
    }
  }
  return [...packets].map(([reason, count]) => ({ reason, packets: count }));
}

/** What the programs on the recirculation device have dropped. */
export function readRecirculationDrops(dataplane: Dataplane): Counters["drops"] {
  const objectId = recirculationObjectId(dataplane);
  const layout = recirculationObject.maps.counters;
  return readCounters({ dataplane, objectId, layout }, recirculationObject, 0).drops;
}

/** What a port has counted, summed over all CPUs. */
export function readCounters(target: CountersTarget, object: ObjectLayout, port: number): Counters {
  const { dataplane, objectId, layout } = target;
  const row = dataplane.lookup(objectId, layout.name, layout.key.encode(port));
  const perCpu = row === undefined ? [] : perCpuValues(portCounters, row);
  const sum = (pick: (counters: PortCounters) => bigint | undefined): bigint => {
    return perCpu.reduce<bigint>((total, counters) => total + (pick(counters) ?? 0n), 0n);
  };
  const drops = Object.entries(object.drops ?? {}).map(([code, reason]) => {
    return { reason, packets: sum((counters) => counters.drops[Number(code)]) };
  });
  return {
    rxPackets: sum(({ rxPackets }) => rxPackets),
    rxBytes: sum(({ rxBytes }) => rxBytes),
    txPackets: sum(({ txPackets }) => txPackets),
    txBytes: sum(({ txBytes }) => txBytes),
    drops: drops.filter(({ packets }) => packets > 0n),
  };
}
