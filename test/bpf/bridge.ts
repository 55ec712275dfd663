import type { Row } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import type { Codec, MapLayout } from "../../src/dataplane/layout.ts";
import { type Hop, hopFlag, type PortCounters } from "../../src/gen/bpf/core.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { simplebridgeObject } from "../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../src/lib/codec.ts";
import { pinDirectory } from "../support/kernel.ts";

const objectDirectory = new URL("../../build/bpf/", import.meta.url).pathname;

/** uapi/linux/bpf.h: struct __sk_buff and struct xdp_md. */
const SKB_SIZE = 192;
const SKB_MARK = 8;
const SKB_PRIORITY = 32;
const SKB_CB = 48;
const XDP_SIZE = 24;
const META_SIZE = 4;

export const TC = { next: -1, drop: 2, redirect: 7 } as const;
export const XDP = { drop: 1, pass: 2, redirect: 4 } as const;

const { maps } = simplebridgeObject;

const BRIDGE = "cubes/bridge";
const ENTRY = "devices/entry";
const SLOT = 7;

export interface Outcome {
  readonly verdict: number;
  readonly data: Uint8Array;
  readonly durationNs: number;
}

export interface TcOutcome extends Outcome {
  /** cb[0]: where a frame that leaves goes. */
  readonly port: number;
  readonly mark: number;
  readonly priority: number;
}

interface SkbFields {
  readonly mark?: number;
  readonly priority?: number;
  readonly cb?: number;
  readonly repeat?: number;
}

/** A loaded simplebridge with rows written by hand, as the engine would. */
export class TestBridge implements Disposable {
  readonly dataplane: KernelDataplane;
  readonly #pins = pinDirectory();

  constructor(capacity: Readonly<Record<string, number>> = {}, { clsactOnly = false } = {}) {
    const pinDirectory = this.#pins.path;
    this.dataplane = openKernelDataplane({ pinDirectory, objectDirectory, clsactOnly });
    this.dataplane.loadObject({ id: BRIDGE, object: "simplebridge", constants: {}, capacity });
    this.dataplane.loadObject({ id: ENTRY, object: "entry", constants: {}, capacity: {} });
    this.age(300);
  }

  /** Ports 0, 1, … */
  wire(...hops: readonly Partial<Hop>[]): this {
    for (const [port, hop] of hops.entries()) this.put(maps.hops, port, { ...noHop, ...hop });
    this.put(maps.cube, 0, { portsEnd: hops.length });
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

  counters(port: number): PortCounters {
    const bytes = this.dataplane.lookup(BRIDGE, maps.counters.name, u32.encode(port));
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
    return this.#runTc(BRIDGE, data, { ...fields, cb: port });
  }

  /** From a device: what cb[] holds is a stranger's. */
  tcEntry(data: Uint8Array, fields: SkbFields = {}): TcOutcome {
    return this.#runTc(ENTRY, data, { cb: 0xdeadbeef, ...fields });
  }

  /** As the entry program would call it, with the port in data_meta. */
  xdp(port: number, frame: Uint8Array): Outcome {
    const data = Buffer.concat([u32.encode(port), frame]);
    const context = Buffer.alloc(XDP_SIZE);
    context.writeUInt32LE(META_SIZE, 0);
    context.writeUInt32LE(data.length, 4);
    return this.dataplane.testRun(BRIDGE, "xdp_ingress", { data, context });
  }

  xdpEntry(data: Uint8Array, { repeat = 1 } = {}): Outcome {
    return this.dataplane.testRun(ENTRY, "xdp_ingress", { data, repeat });
  }

  #runTc(id: string, data: Uint8Array, { mark = 0, priority = 0, ...rest }: SkbFields): TcOutcome {
    const context = Buffer.alloc(SKB_SIZE);
    context.writeUInt32LE(mark, SKB_MARK);
    context.writeUInt32LE(priority, SKB_PRIORITY);
    context.writeUInt32LE(rest.cb ?? 0, SKB_CB);
    const { repeat = 1 } = rest;
    const result = this.dataplane.testRun(id, "ingress", { data, context, repeat });
    const after = Buffer.from(result.context);
    return {
      verdict: result.verdict | 0,
      data: result.data,
      durationNs: result.durationNs,
      port: after.readUInt32LE(SKB_CB),
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
