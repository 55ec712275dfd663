import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { openDevices } from "../../src/dataplane/netlink/devices.ts";
import { observedDevices } from "../../src/dataplane/observed-devices.ts";
import { openJournal } from "../../src/journal/journal.ts";
import { discoverServices, objectsOf } from "../../src/services/discover.ts";
import { restoredState } from "../../src/services/engine/commit-log.ts";
import { coreObjects } from "../../src/services/engine/core-objects.ts";
import { Engine } from "../../src/services/engine/engine.ts";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome } from "../support/daemon.ts";
import { MemoryLog } from "../support/engine.ts";
import { describeKernel } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { picture } from "../support/picture.ts";

const core = "yangplane.core.v1";
const cubes = "/simplebridge:simplebridge";
const bridge = (name: string) => `${cubes}[name='${name}']`;
const rounds = 21;
const serviceDirectory = new URL("../../src/services/", import.meta.url).pathname;
const objectDirectory = new URL("../../build/bpf/", import.meta.url).pathname;
/** Transactions under way at a time. */
const parallel = 4;

describeKernel("a daemon that is killed in the middle of commits", { since: "6.6" }, () => {
  let home: DaemonHome;
  const veths: VethPair[] = [];

  before(() => {
    home = new DaemonHome("kernel");
    for (let count = 0; count < 2; count += 1) veths.push(vethPair());
  });

  after(() => {
    home[Symbol.dispose]();
    for (const veth of veths) veth[Symbol.dispose]();
  });

  /**
   * Transaction `n` leaves its mark in five places, which so tell whether it was done: an entry in
   * each of two bridges, their ageing times, and a bridge that takes turns with a device.
   */
  const transaction = (n: number): object => {
    const edits = ["br0", "br1"].flatMap((name) => [
      edit(`${bridge(name)}/fdb/entry[address='${address(n)}']`, "CREATE", { port: "p1" }),
      edit(`${bridge(name)}/fdb/aging-time`, "MERGE", n),
    ]);
    const guest = { name: "guest", ports: [{ name: "p", peer: veths[1]?.name }] };
    edits.push(edit(bridge("guest"), "REMOVE"));
    if (n % 2 === 1) edits.push(edit(bridge("guest"), "CREATE", guest));
    return { edits };
  };

  it("has every commit that it acknowledged, whole, and the maps that follow from them", async function () {
    this.timeout(180_000);
    await createBridges();
    const moments = fc.sample(fc.record({ acks: fc.nat(25), turns: fc.nat(200) }), rounds);
    const acknowledged = new Set<number>();
    let next = 1;
    for (const [round, moment] of moments.entries()) {
      next = await killDuringCommits(next, moment, acknowledged);
      if (round % 3 === 2) await killDuringStart(moment);

      const { done, halves } = await doneAfterRestart();

      const context = `round ${round} of ${JSON.stringify(moments)}`;
      assert.deepEqual(halves, [], context);
      const lost = [...acknowledged].filter((n) => !done.has(n));
      assert.deepEqual(lost, [], context);
      const invented = [...done].filter((n) => n >= next);
      assert.deepEqual(invented, [], context);
      await compareMaps();
    }
    assert(acknowledged.size > rounds, "something was committed");
  });

  async function createBridges(): Promise<void> {
    await using daemon = await home.start();
    const ports = [{ name: "p1", peer: veths[0]?.name }, { name: "p2" }];
    const edits = [
      edit(bridge("br0"), "CREATE", { ports }),
      edit(bridge("br1"), "CREATE", { ports: [{ name: "p1" }], type: "XDP_DRV" }),
    ];
    await apply(daemon.client(), { edits });
  }

  /**
   * Commits, some under way at a time and in the order in which they arrive, and kills after so
   * many were acknowledged. Answers the number of the first that was not begun.
   */
  async function killDuringCommits(first: number, moment: Moment, acknowledged: Set<number>) {
    const daemon = await home.start();
    const client = daemon.client();
    const enough = acknowledged.size + moment.acks;
    let next = first;
    let killed: Promise<unknown> | undefined;
    const commitOn = async (): Promise<void> => {
      while (killed === undefined) {
        const n = next;
        next += 1;
        try {
          await apply(client, transaction(n));
        } catch (error) {
          if (killed === undefined) throw error;
          return;
        }
        acknowledged.add(n);
        if (acknowledged.size <= enough) continue;
        killed ??= pass(moment.turns).then(() => daemon.kill());
      }
    };
    await Promise.all(Array.from({ length: parallel }, commitOn));
    await killed;
    return next;
  }

  async function killDuringStart({ turns }: Moment): Promise<void> {
    rmSync(home.socket);
    const daemon = home.spawn();
    while (!existsSync(home.socket)) await turn();
    // From here it restores: some ten thousand turns of this process.
    await pass(turns * 200);
    await daemon.kill();
  }

  /** The transactions that are there, and which of their marks say otherwise. */
  async function doneAfterRestart(): Promise<{ done: Set<number>; halves: string[] }> {
    await using daemon = await home.start();
    const request = { path: cubes, read: { view: "VIEW_CONFIG" } };
    const reply = await daemon.client().call(`${core}.DatastoreService/Get`, request);
    const found = JSON.parse(String(reply["json"])) as Bridge[];
    const [br0, br1] = ["br0", "br1"].map((name) => found.find((one) => one.name === name)?.fdb);
    const [done, other] = [br0, br1].map((fdb) => (fdb?.entry ?? []).map(numberOf));
    const last = br0?.["aging-time"];
    const halves: string[] = [];
    if (done?.join() !== other?.join()) halves.push(`entries ${done} and ${other}`);
    if (last !== br1?.["aging-time"]) halves.push(`aging-time ${last} and ${br1?.["aging-time"]}`);
    if (last !== undefined && !done?.includes(last)) halves.push(`aging-time ${last} of ${done}`);
    const isGuestThere = found.some(({ name }) => name === "guest");
    if (isGuestThere !== ((last ?? 0) % 2 === 1)) halves.push(`guest after ${last}`);
    return { done: new Set(done), halves };
  }

  /** What is pinned against what a fresh engine makes in memory of the same journal. */
  async function compareMaps(): Promise<void> {
    const directory = join(home.stateDirectory, "journal");
    const { journal, recovered } = await openJournal({ directory });
    await journal.close();
    const services = await discoverServices(serviceDirectory);
    const schema = linkSchema(services.map(({ model }) => model.ir));
    const objects = [...coreObjects, ...objectsOf(services)];
    using devices = observedDevices(openDevices());
    using twin = new MemoryDataplane({ objects, devices });
    const onError = (error: unknown) => assert.fail(String(error));
    const parts = { schema, services, dataplane: twin, devices, log: new MemoryLog(), onError };
    const engine = new Engine(parts);
    await engine.restore(restoredState(schema, recovered));
    using kernel = openKernelDataplane({ pinDirectory: home.pinDirectory, objectDirectory });

    const layouts = objectsOf(services);
    assert(kernel.objects().length >= 2);
    assert.deepEqual(picture(kernel, layouts), picture(twin, layouts));
    await engine.close();
  }
});

/** When to kill: after so many acknowledgements and then turns of the event loop. */
interface Moment {
  readonly acks: number;
  readonly turns: number;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function pass(turns: number): Promise<void> {
  for (let count = 0; count < turns; count += 1) await turn();
}

interface Bridge {
  readonly name: string;
  readonly fdb?: {
    readonly "aging-time"?: number;
    readonly entry?: readonly { readonly address: string }[];
  };
}

function edit(path: string, operation: string, value?: unknown): object {
  const json = value === undefined ? {} : { json: JSON.stringify(value) };
  return { path, operation: `OPERATION_${operation}`, ...json };
}

function apply(client: ApiClient, request: object): Promise<unknown> {
  return client.call(`${core}.TransactionService/Apply`, request);
}

function numberOf({ address }: { readonly address: string }): number {
  return Number.parseInt(address.replaceAll(":", "").slice(-4), 16);
}

function address(n: number): string {
  const bytes = [n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, "0"));
  return `02:00:00:00:${bytes.join(":")}`;
}
