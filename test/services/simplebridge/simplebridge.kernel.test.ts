import assert from "node:assert/strict";
import { pinnedMebibytes } from "../../../bench/kernel-memory.ts";
import type { Devices } from "../../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../../src/dataplane/kernel.ts";
import { openDevices } from "../../../src/dataplane/netlink/devices.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { emptyState } from "../../../src/services/engine/commit-log.ts";
import { Engine } from "../../../src/services/engine/engine.ts";
import {
  anyServices,
  type Calls,
  callsOf,
  MemoryLog,
  schemaOfServices,
} from "../../support/engine.ts";
import { describeKernel, pinDirectory } from "../../support/kernel.ts";
import { type VethPair, vethPair } from "../../support/network.ts";
import { packet } from "../../support/packet.ts";
import { edit } from "../../support/tree.ts";
import { learn, learnedAddresses } from "./stations.ts";

const objectDirectory = new URL("../../../build/bpf/", import.meta.url).pathname;
const br0 = "/simplebridge:simplebridge[name='br0']";
const [alice, bob] = ["02:00:00:00:00:0a", "02:00:00:00:00:0b"];
const schema = schemaOfServices(anyServices);

/** uapi/linux/bpf.h: struct __sk_buff, where cb[0] is the port in and then the port out. */
const skbSize = 192;
const skbPort = 48;
const redirect = 7;

/** An engine on the kernel, and a bridge whose three ports have a device each. */
class Lab implements AsyncDisposable {
  readonly calls: Calls;
  readonly #engine: Engine;
  readonly #dataplane: KernelDataplane;
  readonly #devices: Devices;
  readonly #pins = pinDirectory();
  readonly errors: unknown[] = [];

  constructor() {
    this.#dataplane = openKernelDataplane({ pinDirectory: this.#pins.path, objectDirectory });
    this.#devices = openDevices();
    this.#engine = new Engine({
      schema,
      services: anyServices,
      dataplane: this.#dataplane,
      devices: this.#devices,
      log: new MemoryLog(),
      onError: (error) => void this.errors.push(error),
    });
    this.calls = callsOf(this.#engine, schema);
  }

  async start(veths: readonly VethPair[], fdb: object): Promise<void> {
    await this.#engine.restore(emptyState(schema));
    const ports = veths.map(({ name }, index) => ({ name: `p${index}`, peer: name }));
    await this.calls.commit(edit(schema, "create", br0, { ports, fdb }));
  }

  /** The port a frame from one station to another leaves by, having entered by `port`. */
  portOut(port: number, from: string, to: string): number | undefined {
    const data = packet().ethernet(from, to).ipv4("192.0.2.1", "192.0.2.2").udp(1, 2).bytes();
    const context = new Uint8Array(skbSize);
    context.set(u32.encode(port), skbPort);
    const run = this.#dataplane.testRun(this.#id, "ingress", { data, context });
    return run.verdict === redirect ? u32.decode(run.context.subarray(skbPort)) : undefined;
  }

  learn(address: string, port: number, secondsAgo: number): void {
    learn(this.#dataplane, this.#id, { address, port, secondsAgo });
  }

  learned(): string[] {
    return learnedAddresses(this.#dataplane, this.#id);
  }

  /** Of its maps and programs, the shared ones too. */
  get kernelMebibytes(): number {
    return pinnedMebibytes(this.#pins.path);
  }

  get #id(): string {
    return this.calls.objectId(br0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.calls.commit(edit(schema, "delete", br0));
    await this.#engine.close();
    this.#devices[Symbol.dispose]();
    this.#dataplane[Symbol.dispose]();
    this.#pins[Symbol.dispose]();
    assert.deepEqual(this.errors, []);
  }
}

describeKernel("a configured simplebridge", { since: "6.6" }, () => {
  const veths: VethPair[] = [];

  before(() => {
    for (let count = 0; count < 3; count += 1) veths.push(vethPair());
  });
  after(() => {
    for (const veth of veths) veth[Symbol.dispose]();
  });

  async function lab(fdb: object = {}): Promise<Lab> {
    const made = new Lab();
    await made.start(veths, fdb);
    return made;
  }

  const staticEntry = `${br0}/fdb/entry[address='${bob}']`;

  it("sends frames where a static entry says, from the commit that makes it to its end", async () => {
    await using bridge = await lab();
    const { commit } = bridge.calls;
    const ports = [bridge.portOut(0, alice, bob)];

    await commit(edit(schema, "create", staticEntry, { port: "p1" }));
    ports.push(bridge.portOut(0, alice, bob));
    await commit(edit(schema, "merge", `${staticEntry}/port`, "p2"));
    ports.push(bridge.portOut(1, alice, bob));
    await commit(edit(schema, "merge", `${staticEntry}/port`, "p1"));
    await commit(edit(schema, "delete", staticEntry));
    ports.push(bridge.portOut(0, alice, bob));

    // A flood goes to the last port last.
    assert.deepEqual(ports, [2, 1, 2, 2]);
  });

  it("takes at most 2 MiB of kernel memory as long as nobody wants more of it", async () => {
    await using bridge = await lab();

    // The jump tables and the entry programs of the devices are counted with it.
    assert.ok(bridge.kernelMebibytes < 2, `${bridge.kernelMebibytes} MiB`);
  });

  it("sends by a static entry though the station is heard elsewhere", async () => {
    await using bridge = await lab({ entry: [{ address: bob, port: "p1" }] });

    bridge.portOut(2, bob, alice);

    assert.equal(bridge.portOut(0, alice, bob), 1);
    assert.deepEqual(bridge.learned(), [alice]);
  });

  it("takes a station for gone by the aging time of now", async () => {
    await using bridge = await lab();
    bridge.learn(bob, 1, 30);
    const ports = [bridge.portOut(0, alice, bob)];

    for (const agingTime of [29, 31]) {
      await bridge.calls.commit(edit(schema, "merge", `${br0}/fdb/aging-time`, agingTime));
      ports.push(bridge.portOut(0, alice, bob));
    }

    assert.deepEqual(ports, [1, 2, 1]);
  });

  it("shows what it learned, with the port's name", async () => {
    await using bridge = await lab();

    bridge.portOut(1, bob, alice);

    assert.deepEqual(bridge.calls.read(`${br0}/fdb/entry`), [{ address: bob, port: "p1", age: 0 }]);
  });

  it("counts frames by port", async () => {
    await using bridge = await lab({ entry: [{ address: bob, port: "p1" }] });

    bridge.portOut(0, alice, bob);

    const counters = (name: string) =>
      bridge.calls.read(`${br0}/ports[name='${name}']/counters`) as Record<string, string>;
    assert.equal(counters("p0")["rx-packets"], "1");
    assert.equal(counters("p1")["tx-packets"], "1");
  });

  it("knows as many stations as it has room for, the latest among them", async () => {
    await using bridge = await lab({ size: 64 });
    const address = (n: number) => `02:00:00:00:01:${n.toString(16).padStart(2, "0")}`;

    for (let n = 0; n < 200; n += 1) bridge.portOut(1, address(n), alice);

    const known = bridge.learned();
    assert.ok(known.length > 0 && known.length <= 64, `${known.length} stations`);
    assert.ok(known.includes(address(199)));
  });
});
