import type { TraceStep, TraceTarget } from "../../datamodel/datastore/trace.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Devices } from "../../dataplane/dataplane.ts";
import { type Hop, hopFlag, type TraceRecord, traceRecord, way } from "../../gen/bpf/core.ts";
import { entryObject } from "../../gen/bpf/entry.ts";
import { baseOf, type CubeRuntime } from "./cube.ts";
import { isTransparent } from "./topology.ts";
import type { TracePlaceParts } from "./trace-places.ts";

type Parts = Pick<TracePlaceParts, "devices" | "planner" | "root">;

/** By how much the clock of the programs, the monotonic one, is behind the time since 1970. */
export function clockOffsetNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
}

/** A record of the programs in the words of the configuration; `frame` is told from outside. */
export function traceStep(parts: Parts, bytes: Uint8Array, offsetNs: bigint): TraceStep {
  const record = traceRecord.decode(bytes);
  const { frame, event, length } = record;
  const cube = parts.planner.loaded.bySlot(record.slot);
  return {
    frame,
    timeNs: record.timeNs + offsetNs,
    event,
    length,
    head: record.head.subarray(0, Math.min(length, record.head.length)),
    ...(cube && { cube: cube.name }),
    ...outcomeOf(parts, record, cube),
  };
}

function outcomeOf(
  parts: Parts,
  record: TraceRecord,
  cube: CubeRuntime | undefined,
): Pick<TraceStep, "reason" | "target"> {
  if (record.event === "punted") return {};
  if (record.event === "dropped") return { reason: reasonOf(record, cube) };
  return { target: targetOf(parts, record.hop) };
}

function reasonOf({ reason }: TraceRecord, cube: CubeRuntime | undefined): string {
  const { drops } = cube?.service.object ?? entryObject;
  return (drops as Readonly<Record<number, string>> | undefined)?.[reason] ?? String(reason);
}

function targetOf(parts: Parts, { kind, flags, slot, arg }: Hop): TraceTarget {
  if (kind === "none") return { kind: "none" };
  if (kind === "next") {
    const device = deviceName(parts.devices, arg);
    return { kind: flags & hopFlag.egress ? "device" : "stack", device };
  }
  if (kind === "device") {
    const wired = parts.planner.wiring.portOf(arg);
    const port = wired && { port: `${wired.cube}:${wired.port}` };
    return { kind, device: deviceName(parts.devices, arg), ...port };
  }
  const cube = parts.planner.loaded.bySlot(slot);
  const name = cube?.name ?? "";
  if (cube === undefined || !isTransparent(cube.list)) {
    return { kind: "cube", cube: name, port: portName(parts, cube, arg) };
  }
  return { kind: "cube", cube: name, way: arg & way.egress ? "egress" : "ingress" };
}

function deviceName(devices: Devices, ifindex: number): string {
  return devices.byIndex(ifindex)?.name ?? `ifindex ${ifindex}`;
}

function portName({ root }: Parts, cube: CubeRuntime | undefined, index: number): string {
  if (cube === undefined) return "";
  const config = (root()[cube.list.prop] as YangList<DataObject>).get(cube.name);
  for (const port of (config && baseOf(config).ports) ?? [])
    if (port.index === index) return port.name;
  return "";
}
