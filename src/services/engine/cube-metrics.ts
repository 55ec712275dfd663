import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import {
  type Census,
  type Dataplane,
  type Devices,
  KernelError,
} from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import { rate, way } from "../../gen/bpf/core.ts";
import { u32, u64 } from "../../lib/codec.ts";
import type { Metric, MetricSource, Tell } from "../../lib/metric.ts";
import type { Slices } from "../../lib/slices.ts";
import { readCounters, readDeviceDrops, readRecirculationDrops } from "./counters.ts";
import { baseOf, type CubeRuntime, mapTarget } from "./cube.ts";
import type { FrameSender } from "./frame-sender.ts";
import { perCpuValues } from "./per-cpu.ts";
import type { Planner } from "./planner.ts";
import { isTransparent } from "./topology.ts";
import { TrafficMetrics } from "./traffic-metrics.ts";

const ofService = ["service"];
const ofPort = ["service", "cube", "port"];
const ofMap = ["service", "cube", "map"];

const cubes = gauge("yangplane_cubes", "Cubes of a service.", ofService);
const ports = gauge("yangplane_ports", "Ports of the cubes of a service.", ofService);
const portUp = gauge(
  "yangplane_port_up",
  "Whether a port forwards: its peer is there and up.",
  ofPort,
);
const portTraffic = new TrafficMetrics({
  prefix: "yangplane_port",
  name: "a port",
  labels: ofPort,
});
const wayTraffic = new TrafficMetrics({
  prefix: "yangplane_transparent_cube",
  name: "a transparent cube",
  labels: ["service", "cube", "way"],
});
const deviceDrops = counter(
  "yangplane_device_dropped_packets_total",
  "Frames from a device that reached no cube, by reason.",
  ["device", "reason"],
);
const mapEntries = gauge(
  "yangplane_map_entries",
  "Rows in a map of a cube; only maps whose rows the kernel counts (hash maps, since Linux 6.6).",
  ofMap,
);
const mapMaxEntries = gauge("yangplane_map_max_entries", "Room for rows in such a map.", ofMap);
const lostRecords = counter(
  "yangplane_ring_buffer_lost_records_total",
  "Records of a cube for the daemon that found no room in a ring buffer, or were too many.",
  ["service", "cube", "ring_buffer"],
);
const refusedFrames = counter(
  "yangplane_packet_out_refused_frames_total",
  "Frames that services wanted sent and that were refused, or dropped at once.",
  [],
);
const portsLeftOut = gauge(
  "yangplane_scrape_ports_left_out",
  "Ports beyond the 10,000 that one answer has series for.",
  [],
);
const unread = gauge(
  "yangplane_scrape_unread",
  "Cubes and devices without series in this answer because their maps could not be read.",
  [],
);

/** Ports that are told of at most: each has five series and one for each reason of its drops. */
const portsMax = 10_000;

/** The name of a map that counts, in its one row, what found no room in a ring buffer. */
const lostSuffix = "_lost";

/** Maps that count what a cube could not hand to a ring buffer that all cubes share (rate.h). */
const sharedBuffers: Readonly<Record<string, string>> = { punt_rate: "punts", log_rate: "logs" };

interface CubeMetricsParts {
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly planner: Planner;
  readonly root: () => DataObject;
  readonly sender: Pick<FrameSender, "refused">;
  readonly isPortUp: (cube: CubeRuntime, port: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** Traffic, drops and map fill of all cubes. Costs O(ports + maps), whatever the maps hold. */
export class CubeMetrics implements MetricSource {
  readonly metrics = [
    cubes,
    ports,
    portUp,
    ...portTraffic.all,
    ...wayTraffic.all,
    deviceDrops,
    mapEntries,
    mapMaxEntries,
    lostRecords,
    refusedFrames,
    portsLeftOut,
    unread,
  ];
  readonly #parts: CubeMetricsParts;

  constructor(parts: CubeMetricsParts) {
    this.#parts = parts;
  }

  *collect(tell: Tell): Slices<void> {
    const { planner, root, dataplane, sender } = this.#parts;
    const round = new Round(tell, dataplane.census());
    const configured = root();
    for (const list of planner.services.keys()) {
      const configs = configured[list.prop] as YangList<DataObject>;
      let portCount = 0;
      for (const config of configs) {
        portCount += baseOf(config).ports?.size ?? 0;
        this.#cube(round, config);
        yield;
      }
      tell(cubes, configs.size, [list.name]);
      tell(ports, portCount, [list.name]);
    }
    yield* this.#devices(round);
    tell(refusedFrames, sender.refused);
    tell(portsLeftOut, round.portsLeftOut);
    tell(unread, round.failures.length);
    // One line a scrape: where one cube cannot be read, others mostly cannot either.
    if (round.failures.length > 0) this.#parts.onError(round.failures[0]);
  }

  #cube(round: Round, config: DataObject): void {
    // Gone since the round began, or not loaded yet.
    const cube = this.#parts.planner.loaded.of(config);
    if (cube === undefined) return;
    round.reading(() => {
      if (isTransparent(cube.list)) this.#ways(round, cube);
      else this.#ports(round, cube, config);
      for (const layout of Object.values(cube.service.object.maps)) {
        this.#map(round, cube, layout);
      }
    });
  }

  #ports(round: Round, cube: CubeRuntime, config: DataObject): void {
    const target = mapTarget(this.#parts.dataplane, cube, "counters");
    for (const { name, index = 0 } of baseOf(config).ports ?? []) {
      if (!round.hasRoomForPort()) continue;
      const labels = [cube.list.name, cube.name, name];
      const counters = readCounters(target, cube.service.object, index);
      round.tell(portUp, this.#parts.isPortUp(cube, name) ? 1 : 0, labels);
      portTraffic.tell(round.tell, counters, labels);
    }
  }

  #ways(round: Round, cube: CubeRuntime): void {
    const target = mapTarget(this.#parts.dataplane, cube, "counters");
    for (const [name, row] of Object.entries(way)) {
      const counters = readCounters(target, cube.service.object, row);
      wayTraffic.tell(round.tell, counters, [cube.list.name, cube.name, name]);
    }
  }

  *#devices(round: Round): Slices<void> {
    const { dataplane, devices, planner } = this.#parts;
    round.reading(() => {
      const [device = ""] = dataplane.ownDevices;
      for (const { reason, packets } of readRecirculationDrops(dataplane)) {
        round.tell(deviceDrops, Number(packets), [device, reason]);
      }
    });
    for (const [ifindex, objectId] of [...planner.wiring.entryObjects()]) {
      const device = devices.byIndex(ifindex)?.name;
      const isThere = planner.wiring.entryObject(ifindex) === objectId;
      if (device !== undefined && isThere) {
        round.reading(() => {
          for (const { reason, packets } of readDeviceDrops(dataplane, objectId)) {
            round.tell(deviceDrops, Number(packets), [device, reason]);
          }
        });
      }
      yield;
    }
  }

  #map({ tell, census }: Round, cube: CubeRuntime, layout: MapLayout): void {
    const labels = [cube.list.name, cube.name];
    if (isLossCount(layout)) {
      const row = this.#parts.dataplane.lookup(cube.objectId, layout.name, u32.encode(0));
      const buffer = layout.name.slice(0, -lostSuffix.length);
      tell(lostRecords, row ? Number(u64.decode(row)) : 0, [...labels, buffer]);
    }
    const shared = sharedBuffers[layout.name];
    if (shared !== undefined) {
      const row = this.#parts.dataplane.lookup(cube.objectId, layout.name, u32.encode(0));
      tell(lostRecords, lossesOf(row), [...labels, shared]);
    }
    if (layout.owner === "core" || !layout.type.endsWith("hash")) return;
    const { rows, maxEntries } = census.of(cube.objectId, layout.name);
    if (rows === undefined) return;
    tell(mapEntries, rows, [...labels, layout.name]);
    tell(mapMaxEntries, maxEntries, [...labels, layout.name]);
  }
}

/** One answer in the making. */
class Round {
  readonly tell: Tell;
  readonly census: Census;
  readonly failures: KernelError[] = [];
  portsLeftOut = 0;
  #portCount = 0;

  constructor(tell: Tell, census: Census) {
    this.tell = tell;
    this.census = census;
  }

  /** Goes on without what the kernel refuses to read. */
  reading(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.failures.push(error);
    }
  }

  hasRoomForPort(): boolean {
    this.#portCount += 1;
    if (this.#portCount <= portsMax) return true;
    this.portsLeftOut += 1;
    return false;
  }
}

/** On all CPUs. */
function lossesOf(row: Uint8Array | undefined): number {
  const perCpu = row === undefined ? [] : perCpuValues(rate, row);
  return perCpu.reduce((sum, { over, full }) => sum + Number(over + full), 0);
}

function isLossCount({ name, type, value }: MapLayout): boolean {
  return name.endsWith(lostSuffix) && type === "array" && value === u64;
}

function gauge(name: string, help: string, labels: readonly string[]): Metric {
  return { name, help, type: "gauge", labels };
}

function counter(name: string, help: string, labels: readonly string[]): Metric {
  return { name, help, type: "counter", labels };
}
