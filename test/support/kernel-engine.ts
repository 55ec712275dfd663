import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Dataplane, Devices } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { openDevices } from "../../src/dataplane/netlink/devices.ts";
import { u32 } from "../../src/lib/codec.ts";
import type { Discovered } from "../../src/services/any-service.ts";
import { emptyState } from "../../src/services/engine/commit-log.ts";
import type { CubeLine } from "../../src/services/engine/cube-log.ts";
import { Engine } from "../../src/services/engine/engine.ts";
import { entryName } from "../../src/services/engine/entry.ts";
import { type Calls, callsOf, MemoryLog, schemaOfServices } from "./engine.ts";
import { pinDirectory } from "./kernel.ts";
import { edit } from "./tree.ts";

const objectDirectory = new URL("../../build/bpf/", import.meta.url).pathname;

/** uapi/linux/bpf.h: struct __sk_buff with cb[0], and struct xdp_md with data_end. */
const [skbSize, skbCb] = [192, 48];
const [xdpSize, xdpDataEnd] = [24, 4];

const tcVerdicts: Readonly<Record<number, string>> = { [-1]: "next", 2: "drop", 7: "redirect" };
const xdpVerdicts: Readonly<Record<number, string>> = { 1: "drop", 2: "pass", 4: "redirect" };

/** An engine with some services in the kernel; frames enter the programs of its devices. */
export class KernelEngine implements AsyncDisposable {
  readonly calls: Calls;
  readonly dataplane: KernelDataplane;
  readonly #engine: Engine;
  readonly #devices: Devices;
  readonly #pins = pinDirectory();
  readonly #schema;
  readonly #errors: unknown[] = [];
  /** What its cubes have logged so far. */
  readonly lines: CubeLine[] = [];

  /** `wrap`: what the engine is to have for the data plane in the kernel. */
  constructor(
    services: readonly Discovered[],
    wrap: (dataplane: Dataplane) => Dataplane = (dataplane) => dataplane,
  ) {
    const schema = schemaOfServices(services);
    this.#schema = schema;
    this.dataplane = openKernelDataplane({ pinDirectory: this.#pins.path, objectDirectory });
    this.#devices = openDevices();
    this.#engine = new Engine({
      schema,
      services,
      dataplane: wrap(this.dataplane),
      devices: this.#devices,
      log: new MemoryLog(),
      onError: (error) => void this.#errors.push(error),
      onLine: (line) => void this.lines.push(line),
    });
    this.calls = callsOf(this.#engine, schema);
  }

  async start(): Promise<this> {
    await this.#engine.restore(emptyState(this.#schema));
    return this;
  }

  edit(operation: Parameters<typeof edit>[1], path: string, json?: unknown) {
    return edit(this.#schema, operation, path, json);
  }

  /** What becomes of a frame that comes in, or goes out, by a device. */
  tc(ifindex: number, data: Uint8Array, program: "ingress" | "egress" = "ingress"): string {
    const context = new Uint8Array(skbSize);
    const run = this.dataplane.testRun(entryName(ifindex), program, { data, context });
    assert.ok(run.context.length > skbCb);
    return tcVerdicts[run.verdict | 0] ?? `${run.verdict}`;
  }

  xdp(ifindex: number, data: Uint8Array): string {
    const context = new Uint8Array(xdpSize);
    context.set(u32.encode(data.length), xdpDataEnd);
    const run = this.dataplane.testRun(entryName(ifindex), "xdp_ingress", { data, context });
    return xdpVerdicts[run.verdict] ?? `${run.verdict}`;
  }

  /** Somebody removes the pin of a map that all objects share, and asks for the repair. */
  async loseSharedMap(name: string): Promise<void> {
    rmSync(join(this.#pins.path, "shared", name));
    const { isRepaired } = await this.#engine.verify({ repair: true });
    assert.ok(isRepaired);
  }

  /** Waits until ring buffers that are being read have told what was expected of them. */
  async until(isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`not within 10 s; logged: ${this.texts}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get texts(): readonly string[] {
    return this.lines.map(({ text }) => text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close();
    for (const { ifindex, hook } of this.dataplane.attachments()) {
      this.dataplane.detach(ifindex, hook);
    }
    this.#devices[Symbol.dispose]();
    this.dataplane[Symbol.dispose]();
    this.#pins[Symbol.dispose]();
    assert.deepEqual(this.#errors, []);
  }
}
