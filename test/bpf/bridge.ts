import type { Row } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import type { Codec, MapLayout } from "../../src/dataplane/layout.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import {
  type Hop,
  hopFlag,
  type PortCounters,
  type Position,
  position,
} from "../../src/gen/bpf/core.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { recirculationObject } from "../../src/gen/bpf/recirculation.ts";
import { simplebridgeObject } from "../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../src/lib/codec.ts";
import { Inheritance } from "../../src/services/engine/inheritance.ts";
import { recirculationId, recirculationSteps } from "../../src/services/engine/recirculation.ts";
import { pinDirectory } from "../support/kernel.ts";

const objectDirectory = new URL("../../build/bpf/", import.meta.url).pathname;

/** uapi/linux/bpf.h: struct __sk_buff and struct xdp_md. */
const SKB_SIZE = 192;
const SKB_MARK = 8;
const SKB_PRIORITY = 32;
const SKB_CB = 48;
const SKB_CB_WORDS = 5;
const XDP_SIZE = 24;
const XDP_DATA = 0;
const XDP_DATA_END = 4;

export const TC = { next: -1, drop: 2, redirect: 7 } as const;
export const XDP = { drop: 1, pass: 2, redirect: 4 } as const;

const { maps } = simplebridgeObject;

const BRIDGE = "cubes/bridge";
const ENTRY = "devices/entry";
/** Of the bridge in the jump tables, once it is there. */
export const SLOT = 7;

export interface Outcome {
  readonly verdict: number;
  readonly data: Uint8Array;
  readonly durationNs: number;
}

export interface XdpOutcome extends Outcome {
  /** Where XDP says that TC has to go on, undefined for a frame that has gone. */
  readonly position: Position | undefined;
}

export interface TcOutcome extends Outcome {
  /** cb[0]: where a frame that leaves goes. */
  readonly port: number;
  readonly cb: readonly number[];
  readonly mark: number;
  readonly priority: number;
}

interface SkbFields {
  readonly mark?: number;
  readonly priority?: number;
  readonly cb?: readonly number[];
  readonly repeat?: number;
}

/** A loaded simplebridge with rows written by hand, as the engine would. */
export class TestBridge implements Disposable {
  readonly dataplane: KernelDataplane;
  readonly #pins = pinDirectory();
  #hops: readonly Partial<Hop>[] = [];

  constructor(capacity: Readonly<Record<string, number>> = {}, { clsactOnly = false } = {}) {
    const pinDirectory = this.#pins.path;
    this.dataplane = openKernelDataplane({ pinDirectory, objectDirectory, clsactOnly });
    this.dataplane.loadObject({ id: BRIDGE, object: "simplebridge", constants: {}, capacity });
    this.dataplane.loadObject({ id: ENTRY, object: "entry", constants: {}, capacity: {} });
    this.age(300);
  }

  /** Ports 0, 1, … */
  wire(...hops: readonly Partial<Hop>[]): this {
    this.#hops = hops;
    for (const [port, hop] of hops.entries()) this.put(maps.hops, port, { ...noHop, ...hop });
    this.put(maps.cube, 0, { portsEnd: hops.length, slot: SLOT, logLevel: "off" });
    return this;
  }

  age(seconds: number): this {
    return this.put(maps.settings, 0, { agingTimeNs: BigInt(seconds * 1e9) });
  }

  fix(address: string, port: number): this {
    return this.put(maps.staticFdb, fdbKey(address), { port });
  }

  /** As if the last frame from there had come some time ago. */
  learned(address: string, port: number, secondsAgo = 0): this {
    const lastSeenNs = process.hrtime.bigint() - BigInt(Math.round(secondsAgo * 1e9));
    return this.put(maps.learnedFdb, fdbKey(address), { port, lastSeenNs });
  }

  /** Frames into the entry program go to this port; the jump tables hold the bridge if asked. */
  enterBy(hop: Partial<Hop>, { withPrograms = true } = {}): this {
    const row = rowOf(entryObject.maps.hop, 0, { ...noHop, slot: SLOT, ...hop });
    this.dataplane.putRows(ENTRY, entryObject.maps.hop.name, [row]);
    if (withPrograms) {
      for (const program of ["ingress", "xdp_ingress"]) {
        this.dataplane.setProgram(SLOT, BRIDGE, program);
      }
    }
    return this;
  }

  /** Another cube in the TC jump table, which passes all it gets to the stack. */
  neighbour(slot: number): this {
    this.enterBy({ kind: "next" }, { withPrograms: false });
    this.dataplane.setProgram(slot, ENTRY, "ingress");
    return this;
  }

  /** Another bridge in the jump tables, with these hops. */
  besides(slot: number, ...hops: readonly Partial<Hop>[]): this {
    const id = `cubes/${slot}`;
    this.dataplane.loadObject({ id, object: "simplebridge", constants: {}, capacity: {} });
    const rows = hops.map((hop, port) => rowOf(maps.hops, port, { ...noHop, ...hop }));
    this.dataplane.putRows(id, maps.hops.name, rows);
    const own = { portsEnd: hops.length, slot, logLevel: "off" } as const;
    this.dataplane.putRows(id, maps.cube.name, [rowOf(maps.cube, 0, own)]);
    for (const program of ["ingress", "xdp_ingress"]) {
      this.dataplane.setProgram(slot, id, program);
    }
    return this;
  }

  /** The bridge in that slot has just heard the station on a port. */
  learnedBeside(slot: number, address: string, port: number): this {
    const settings = rowOf(maps.settings, 0, { agingTimeNs: BigInt(300e9) });
    this.dataplane.putRows(`cubes/${slot}`, maps.settings.name, [settings]);
    const value = { port, lastSeenNs: process.hrtime.bigint() };
    const row = rowOf(maps.learnedFdb, fdbKey(address), value);
    this.dataplane.putRows(`cubes/${slot}`, maps.learnedFdb.name, [row]);
    return this;
  }

  /** With a recirculation device. */
  recirculating(): this {
    const { dataplane } = this;
    const parts = { dataplane, devices: new MemoryDevices() };
    const ifindex = dataplane.openRecirculation();
    const steps = recirculationSteps(parts, new Inheritance(dataplane), ifindex);
    for (const step of steps) step.apply();
    return this;
  }

  get recirculation() {
    const { name, key, value } = recirculationObject.maps.recirculation;
    const row = this.dataplane.lookup(recirculationId, name, key.encode(0));
    return value.decode(row ?? new Uint8Array(value.size));
  }

  put<K, V>(map: MapLayout<K, V>, key: K, value: V): this {
    this.dataplane.putRows(BRIDGE, map.name, [rowOf(map, key, value)]);
    return this;
  }

  get<K, V>(map: MapLayout<K, V>, key: K): V | undefined {
    const bytes = this.dataplane.lookup(BRIDGE, map.name, map.key.encode(key));
    return bytes && map.value.decode(bytes);
  }

  /** Ports by learned address. */
  learnedPorts(): Record<string, number> {
    const rows = this.dataplane.rows(BRIDGE, maps.learnedFdb.name);
    return Object.fromEntries(
      rows.map(({ key, value }) => [
        macText(maps.learnedFdb.key.decode(key).address),
        maps.learnedFdb.value.decode(value).port,
      ]),
    );
  }

  lastSeenNs(address: string): bigint | undefined {
    return this.get(maps.learnedFdb, fdbKey(address))?.lastSeenNs;
  }

  counters(port: number, slot = SLOT): PortCounters {
    const id = slot === SLOT ? BRIDGE : `cubes/${slot}`;
    const bytes = this.dataplane.lookup(id, maps.counters.name, u32.encode(port));
    return sumOverCpus(maps.counters.value, bytes ?? new Uint8Array());
  }

  /** Drops of a port by name of the reason; only those that occurred. */
  drops(port: number): Record<string, number> {
    const reasons: Readonly<Record<number, string>> = simplebridgeObject.drops;
    const counts = this.counters(port).drops.entries();
    const occurred = [...counts].filter(([, count]) => count > 0n);
    return Object.fromEntries(
      occurred.map(([reason, count]) => [reasons[reason] ?? `${reason}`, Number(count)]),
    );
  }

  /** What subscribers are told while the callback runs. */
  async events(run: () => void): Promise<Uint8Array[]> {
    const records: Uint8Array[] = [];
    await new Promise<void>((resolve) => {
      const subscription = this.dataplane.subscribe(BRIDGE, maps.fdbEvents.name, (record) => {
        records.push(record);
        setImmediate(() => {
          subscription[Symbol.dispose]();
          resolve();
        });
      });
      run();
    });
    return records;
  }

  tc(port: number, data: Uint8Array, fields: SkbFields = {}): TcOutcome {
    return this.#runTc(BRIDGE, "ingress", data, { ...fields, cb: [port] });
  }

  /** From a device: what cb[] holds is a stranger's. */
  tcEntry(
    data: Uint8Array,
    fields: SkbFields = {},
    program: "ingress" | "egress" = "ingress",
  ): TcOutcome {
    const cb = Array.from({ length: SKB_CB_WORDS }, () => 0xdeadbeef);
    return this.#runTc(ENTRY, program, data, { cb, ...fields });
  }

  /** On the recirculation device, as a program left the frame. */
  tcRecirculation(data: Uint8Array, cb: readonly number[]): TcOutcome {
    return this.#runTc(recirculationId, "recirculate", data, { cb });
  }

  /** As the entry program would call it, from a device of that sort, with the port in data_meta. */
  xdp(port: number, frame: Uint8Array): XdpOutcome {
    const hop = { ...cube(SLOT, port), flags: this.#hops[port]?.flags ?? 0 };
    return this.#runXdp(BRIDGE, frame, position.encode({ nonce: 0, hop }));
  }

  xdpEntry(frame: Uint8Array): XdpOutcome {
    return this.#runXdp(ENTRY, frame, new Uint8Array());
  }

  #runXdp(id: string, frame: Uint8Array, meta: Uint8Array): XdpOutcome {
    const data = Buffer.concat([meta, frame]);
    const context = Buffer.alloc(XDP_SIZE);
    context.writeUInt32LE(meta.length, XDP_DATA);
    context.writeUInt32LE(data.length, XDP_DATA_END);
    const result = this.dataplane.testRun(id, "xdp_ingress", { data, context });
    const size = Buffer.from(result.context).readUInt32LE(XDP_DATA);
    return {
      verdict: result.verdict,
      data: result.data.slice(size),
      durationNs: result.durationNs,
      position: size === position.size ? position.decode(result.data) : undefined,
    };
  }

  #runTc(
    id: string,
    program: string,
    data: Uint8Array,
    { mark = 0, priority = 0, cb = [], repeat = 1 }: SkbFields,
  ): TcOutcome {
    const context = Buffer.alloc(SKB_SIZE);
    context.writeUInt32LE(mark, SKB_MARK);
    context.writeUInt32LE(priority, SKB_PRIORITY);
    for (const [word, value] of cb.entries()) context.writeUInt32LE(value, SKB_CB + 4 * word);
    const result = this.dataplane.testRun(id, program, { data, context, repeat });
    const after = Buffer.from(result.context);
    return {
      verdict: result.verdict | 0,
      data: result.data,
      durationNs: result.durationNs,
      port: after.readUInt32LE(SKB_CB),
      cb: Array.from({ length: SKB_CB_WORDS }, (_, word) => after.readUInt32LE(SKB_CB + 4 * word)),
      mark: after.readUInt32LE(SKB_MARK),
      priority: after.readUInt32LE(SKB_PRIORITY),
    };
  }

  [Symbol.dispose](): void {
    this.dataplane[Symbol.dispose]();
    this.#pins[Symbol.dispose]();
  }
}

const noHop: Hop = { kind: "none", flags: 0, slot: 0, arg: 0 };

export const cube = (slot: number, port: number): Hop => ({
  ...noHop,
  kind: "tail",
  slot,
  arg: port,
});

/** A device no frame is really sent to: a test run stops at the verdict. */
export const device = (ifindex: number): Hop => ({ ...noHop, kind: "device", arg: ifindex });

export const xdpDevice = (ifindex: number): Hop => ({
  ...device(ifindex),
  flags: hopFlag.xdp,
});

/** One whose frames may carry checksums that nobody has finished. */
export const tapDevice = (ifindex: number): Hop => ({
  ...device(ifindex),
  flags: hopFlag.xdp | hopFlag["xdp-checksum"],
});

function rowOf<K, V>(map: MapLayout<K, V>, key: K, value: V): Row {
  return { key: map.key.encode(key), value: map.value.encode(value) };
}

function fdbKey(address: string) {
  const octets = address.split(":").map((octet) => Number.parseInt(octet, 16));
  return { address: Uint8Array.from(octets) };
}

export function macText(address: Uint8Array): string {
  return [...address].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

function sumOverCpus(codec: Codec<PortCounters>, bytes: Uint8Array): PortCounters {
  const rows: PortCounters[] = [];
  for (let at = 0; at < bytes.length; at += codec.size) rows.push(codec.decode(bytes.slice(at)));
  const sum = (pick: (row: PortCounters) => bigint) =>
    rows.reduce((total, row) => total + pick(row), 0n);
  const [first] = rows;
  return {
    rxPackets: sum((row) => row.rxPackets),
    rxBytes: sum((row) => row.rxBytes),
    txPackets: sum((row) => row.txPackets),
    txBytes: sum((row) => row.txBytes),
    drops: (first?.drops ?? []).map((_, reason) => sum((row) => row.drops[reason] ?? 0n)),
  };
}
