import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import {
  type Dataplane,
  type Family,
  KernelError,
  type ProgramSlot,
} from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { CubeWiring, LogLevel } from "../../gen/bpf/core.ts";
import { assert } from "../../lib/assert.ts";
import { lowerCase } from "../../lib/case.ts";
import type { AnyCubeReader, AnyService } from "../any-service.ts";
import type { StateMap } from "../cube-reader.ts";
import type { CubeView } from "./cube-view.ts";
import type { Rooms, WantedObject } from "./inheritance.ts";
import { fixedPart } from "./init-only.ts";
import { perCpuValues } from "./per-cpu.ts";
import type { MapTarget } from "./rows.ts";

/** The base leaves of a cube (yang/base/yangplane-base.yang) that the engine itself works with. */
export interface CubeBase {
  readonly name: string;
  readonly uuid?: string;
  readonly type: "TC" | "XDP_SKB" | "XDP_DRV";
  readonly loglevel?: Uppercase<LogLevel>;
  readonly ports?: YangList<PortBase, readonly [name: string]>;
}

export interface PortBase {
  readonly name: string;
  readonly index?: number;
  readonly peer?: string;
  readonly tcubes?: readonly string[];
}

/** The engine's view of a cube of any service. */
export function baseOf(config: DataObject): CubeBase {
  return config as object as CubeBase;
}

/** What the engine keeps of a cube while its object is loaded; rows and state are in the maps. */
export interface CubeRuntime {
  readonly name: string;
  /** The top-level list it stands in. */
  readonly list: ListSchema;
  readonly service: AnyService;
  /** The name of its objects, and its own among all there ever were: `cubes/<uuid>`. */
  readonly id: string;
  /** The object that is loaded for it. */
  readonly objectId: string;
  /** The object that it succeeds, if any. */
  readonly from?: string | undefined;
  /** Position in the jump tables of the programs that frames enter by. */
  readonly slot: number;
  /** Position of the program for frames that leave, if it has one. */
  readonly egressSlot?: number | undefined;
  /** Position of the program for frames that its service sends, if it has one. */
  readonly packetOutSlot?: number | undefined;
  readonly type: CubeBase["type"];
  /** What its growing tables have room for. */
  readonly rooms: Rooms;
}

/** A cube by its list and name. */
export type CubeName = Pick<CubeRuntime, "list" | "name">;

/** The path of a cube: what causes a step that no smaller node does. */
export function cubePath({ list, name }: CubeName): string {
  return printPath([{ schema: list, keys: [name] }]);
}

/** The programs of a service, by their names in C. */
export interface ProgramNames {
  readonly ingress: string;
  readonly egress?: string | undefined;
  readonly xdp?: string | undefined;
  /** For frames that the service sends (bpf/include/slow_path.h). */
  readonly packetOut?: string | undefined;
}

export function programsOf({ programs, object }: AnyService): ProgramNames {
  const tc = typeof programs.tc === "string" ? { ingress: programs.tc } : programs.tc;
  const xdp = typeof programs.xdp === "string" ? programs.xdp : programs.xdp?.ingress;
  const nameOf = (prop: string): string => {
    const program = object.programs[prop];
    assert(program, `object ${object.name} has program ${prop}`);
    return program.name;
  };
  return {
    ingress: nameOf(tc.ingress),
    egress: tc.egress && nameOf(tc.egress),
    xdp: xdp && nameOf(xdp),
    packetOut: object.programs["packetOut"]?.name,
  };
}

/** The programs of a cube, where they are in the jump tables. */
export function placedPrograms(cube: CubeRuntime): readonly ProgramSlot[] {
  const { service, objectId, slot, egressSlot, packetOutSlot, type } = cube;
  const { ingress, egress, xdp, packetOut } = programsOf(service);
  const placed: ProgramSlot[] = [{ family: "tc", slot, objectId, program: ingress }];
  const place = (program: string | undefined, at: number | undefined): void => {
    if (program === undefined || at === undefined) return;
    placed.push({ family: "tc", slot: at, objectId, program });
  };
  place(egress, egressSlot);
  place(packetOut, packetOutSlot);
  if (type !== "TC" && xdp !== undefined) {
    placed.push({ family: "xdp", slot, objectId, program: xdp });
  }
  return placed;
}

/** The row of a cube that nobody has written yet. */
export const noWiring: CubeWiring = { portsEnd: 0, slot: 0, logLevel: "off" };

export function isSameWiring(one: CubeWiring, other: CubeWiring): boolean {
  const { portsEnd, slot, logLevel } = one;
  return portsEnd === other.portsEnd && slot === other.slot && logLevel === other.logLevel;
}

/** The row that tells the programs of a cube about itself. */
export function wiringRow({ slot }: Pick<CubeRuntime, "slot">, config: DataObject): CubeWiring {
  const { ports, loglevel = "INFO" } = baseOf(config);
  const indexes = [...(ports ?? [])].map(({ index = 0 }) => index);
  return { portsEnd: Math.max(-1, ...indexes) + 1, slot, logLevel: lowerCase(loglevel) };
}

function familiesOf(type: CubeBase["type"]): readonly Family[] {
  return type === "TC" ? ["tc"] : ["tc", "xdp"];
}

/** How the object of a cube is loaded, beside the room of its growing tables. */
export function wantedObject(
  { list, service }: Pick<CubeRuntime, "list" | "service">,
  config: DataObject,
): WantedObject {
  const fixed = fixedPart(list, config);
  const capacity: Record<string, number> = {};
  for (const [map, entries] of Object.entries(service.capacity ?? {})) {
    capacity[mapLayout(service, map).name] = entries(fixed);
  }
  const constants: Record<string, Uint8Array> = {};
  for (const [prop, value] of Object.entries(service.constants?.(fixed) ?? {})) {
    const constant = service.object.constants[prop];
    assert(constant, `object ${service.object.name} has constant ${prop}`);
    constants[constant.name] = constant.value.encode(value);
  }
  const families = familiesOf(baseOf(config).type);
  return { object: service.object.name, constants, capacity, families };
}

export function mapLayout(service: AnyService, prop: string): MapLayout {
  const layout = service.object.maps[prop];
  assert(layout, `object ${service.object.name} has map ${prop}`);
  return layout;
}

export function mapTarget(dataplane: Dataplane, cube: CubeRuntime, prop: string): MapTarget {
  const layout = mapLayout(cube.service, prop);
  return { dataplane, cube: cube.name, objectId: cube.objectId, layout, cause: cubePath(cube) };
}

/** The cube as its service reads it, for one configuration and what is known by now. */
export function cubeReader(
  dataplane: Dataplane,
  cube: CubeRuntime,
  { config, facts }: CubeView,
): AnyCubeReader {
  const maps: Record<string, StateMap<unknown, unknown>> = {};
  for (const [prop, layout] of Object.entries(cube.service.object.maps)) {
    if (layout.owner === "state") maps[prop] = stateMap(mapTarget(dataplane, cube, prop));
  }
  return {
    config,
    facts,
    maps,
    portName: (index) => portNames(config).get(index),
    now: coarseClock,
  };
}

const namesByPorts = new WeakMap<object, ReadonlyMap<number, string>>();

function portNames(config: DataObject): ReadonlyMap<number, string> {
  const { ports } = baseOf(config);
  if (ports === undefined) return new Map();
  const known = namesByPorts.get(ports);
  if (known) return known;
  const names = new Map([...ports].map(({ name, index }) => [index ?? -1, name]));
  namesByPorts.set(ports, names);
  return names;
}

/** CLOCK_MONOTONIC as Node reads it; the kernel's coarse clock trails it by at most one tick. */
function coarseClock(): bigint {
  return process.hrtime.bigint();
}

function stateMap(target: MapTarget): StateMap<unknown, unknown> {
  const { dataplane, objectId, layout } = target;
  return {
    rows: () =>
      dataplane.rows(objectId, layout.name).map(({ key, value }) => ({
        key: layout.key.decode(key),
        value: stateValue(layout, value),
      })),
    get: (key) => {
      const value = dataplane.lookup(objectId, layout.name, layout.key.encode(key));
      return value === undefined ? undefined : stateValue(layout, value);
    },
    delete: (keys) => deletePresent(target, keys),
  };
}

function stateValue({ type, value }: MapLayout, bytes: Uint8Array): unknown {
  const isPerCpu = type === "percpu_array" || type === "percpu_hash";
  return isPerCpu ? perCpuValues(value, bytes) : value.decode(bytes);
}

/** One by one: the program may evict any of them meanwhile, and a batch is all or nothing. */
function deletePresent({ dataplane, objectId, layout }: MapTarget, keys: readonly unknown[]): void {
  for (const key of keys) {
    try {
      dataplane.deleteRows(objectId, layout.name, [layout.key.encode(key)]);
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== "ENOENT") throw error;
    }
  }
}
