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
    let next = 1;
    for (const [round, moment] of moments.entries()) {
      const { acknowledged, begun } = await killDuringCommits(next, moment);
      if (round % 3 === 2) await killDuringStart(moment);

      const done = await numbersAfterRestart();

      const context = `round ${round} of ${JSON.stringify(moments)}`;
      assert(done.last >= acknowledged, `${done.last} ≥ ${acknowledged} in ${context}`);
      assert(done.last < begun, context);
      assert.deepEqual(done.missing, [], context);
      await compareMaps();
      next = done.last + 1;
    }
    assert(next > rounds, "something was committed");
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

  /** Commits in order, some under way at a time, and kills after so many were acknowledged. */
  async function killDuringCommits(first: number, moment: Moment) {
    const daemon = await home.start();
    const client = daemon.client();
    let begun = first;
    let acknowledged = first - 1;
    let killed: Promise<unknown> | undefined;
    const commitOn = async (): Promise<void> => {
      while (killed === undefined) {
        const n = begun;
        begun += 1;
        try {
          await apply(client, transaction(n));
        } catch (error) {
          if (killed === undefined) throw error;
          return;
        }
        acknowledged = Math.max(acknowledged, n);
        if (acknowledged - first < moment.acks) continue;
        killed ??= pass(moment.turns).then(() => daemon.kill());
      }
    };
    await Promise.all(Array.from({ length: parallel }, commitOn));
    await killed;
    return { acknowledged, begun };
  }

  async function killDuringStart({ turns }: Moment): Promise<void> {
    rmSync(home.socket);
    const daemon = home.spawn();
    while (!existsSync(home.socket)) await turn();
    // From here it restores: some ten thousand turns of this process.
    await pass(turns * 200);
    await daemon.kill();
  }

  /** The last transaction that is there, and what of it and those before is not. */
  async function numbersAfterRestart(): Promise<{ last: number; missing: string[] }> {
    await using daemon = await home.start();
    const request = { path: cubes, read: { view: "VIEW_CONFIG" } };
    const reply = await daemon.client().call(`${core}.DatastoreService/Get`, request);
    const found = JSON.parse(String(reply["json"])) as Bridge[];
    const [br0, br1] = ["br0", "br1"].map((name) => found.find((one) => one.name === name)?.fdb);
    const last = Number(br0?.["aging-time"] ?? 0);
    const wanted = Array.from({ length: last }, (_, index) => address(index + 1)).sort();
    const missing: string[] = [];
    if (Number(br1?.["aging-time"] ?? 0) !== last) missing.push("br1 aging-time");
    for (const fdb of [br0, br1]) {
      const entries = (fdb?.entry ?? []).map((entry) => entry.address).sort();
      if (entries.join() !== wanted.join()) missing.push(`entries of ${last}: ${entries}`);
    }
    if (found.some(({ name }) => name === "guest") !== (last % 2 === 1)) missing.push("guest");
    return { last, missing };
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

function address(n: number): string {
  const bytes = [n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, "0"));
  return `02:00:00:00:${bytes.join(":")}`;
}
