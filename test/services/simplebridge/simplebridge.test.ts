import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { parsePath, printPath } from "../../../src/datamodel/tree/path.ts";
import {
  simplebridgeFdbChange,
  simplebridgeFdbEvent,
  simplebridgeObject,
} from "../../../src/gen/bpf/simplebridge.ts";
import type { Simplebridge } from "../../../src/gen/yang/simplebridge.ts";
import { macBytes } from "../../../src/lib/mac.ts";
import { service, settingsRow, staticRow } from "../../../src/services/simplebridge/service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { count, learn, learnedAddresses } from "./stations.ts";

type Written = readonly [operation: Edit["operation"], path: string, json?: unknown];

const br0 = "/simplebridge:simplebridge[name='br0']";
const entry = (address: string) => `${br0}/fdb/entry[address='${address}']`;
const [alice, bob, carol] = ["02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"];

describe("a row of the bridge", () => {
  for (const [agingTime, agingTimeNs] of [
    [1, 1_000_000_000n],
    [300, 300_000_000_000n],
    [1_000_000, 1_000_000_000_000_000n],
  ] as const) {
    it(`says ${agingTime} s of aging time in nanoseconds`, () => {
      assert.deepEqual(settingsRow({ agingTime }), { key: 0, value: { agingTimeNs } });
    });
  }

  it("says behind which port a static entry is by the port's position", async () => {
    const { edit, commit, engine, schema } = await engineFixture();
    await commit(edit("create", br0, { ports: [{ name: "a" }, { name: "b" }] }));
    const config = engine.read(parsePath(schema, br0), "config") as object as Simplebridge;

    const row = staticRow({ address: alice, port: "b" }, config);

    assert.deepEqual(row, { key: { address: macBytes(alice) }, value: { port: 1 } });
  });

  it("of the learned stations there is room for as many as configured", async () => {
    const { edit, commit, memory, objectId } = await engineFixture();
    await commit(edit("create", br0, { fdb: { size: 64 } }));

    const capacity = memory.loadedRequest(objectId(br0))?.capacity;

    assert.equal(capacity?.[simplebridgeObject.maps.learnedFdb.name], 64);
  });

  it("is written by the engine for each map that is configuration", () => {
    const maps = Object.entries(simplebridgeObject.maps);
    const config = maps.filter(([, { owner }]) => owner === "config").map(([prop]) => prop);
    assert.deepEqual(Object.keys(service.tables).sort(), config.sort());
  });
});

describe("the filtering database", () => {
  let fixture: EngineFixture;
  let id: string;
  beforeEach(async () => {
    mock.timers.enable({ apis: ["setInterval"] });
    fixture = await engineFixture({ devices: ["dev1", "dev2"] });
    const { edit, commit } = fixture;
    const ports = [{ name: "p1", peer: "dev1" }, { name: "p2" }];
    await commit(edit("create", br0, { ports, fdb: { "aging-time": 10 } }));
    id = fixture.objectId(br0);
  });
  afterEach(() => {
    mock.timers.reset();
    assert.deepEqual(fixture.errors, []);
  });

  const hear = (address: string, port: number, secondsAgo?: number): void =>
    learn(fixture.memory, id, { address, port, ...(secondsAgo ? { secondsAgo } : {}) });

  const readFdb = () => (fixture.read(`${br0}/fdb`) as { entry?: unknown[] }).entry ?? [];

  /** Paths whose state subscribers were told to have changed. */
  function changedBy(run: () => unknown): string[] {
    const heard = fixture.heard();
    run();
    return heard.flatMap(({ state }) => state.map((path) => printPath(path)));
  }

  it("shows learned stations with their age, static ones without", async () => {
    hear(alice, 0, 3.2);
    hear(bob, 1);
    await fixture.commit(fixture.edit("create", entry(carol), { port: "p2" }));

    assert.deepEqual(readFdb(), [
      { address: alice, port: "p1", age: 3 },
      { address: bob, port: "p2", age: 0 },
      { address: carol, port: "p2" },
    ]);
    assert.deepEqual(fixture.read(entry(alice)), { address: alice, port: "p1", age: 3 });
  });

  it("reads one entry without reading all of them", () => {
    hear(alice, 0, 3);
    const rows = mock.method(fixture.memory, "rows");

    assert.deepEqual(fixture.read(entry(alice)), { address: alice, port: "p1", age: 3 });
    assert.equal(fixture.read(entry(bob)), undefined);
    assert.equal(fixture.read(`${entry(alice)}/age`), 3);

    const maps = rows.mock.calls.map(({ arguments: [, map] }) => map);
    assert(!maps.includes(simplebridgeObject.maps.learnedFdb.name), maps.join());
    rows.mock.restore();
  });

  it("has in its configuration only what was configured", () => {
    hear(alice, 0);

    assert.deepEqual(fixture.read(`${br0}/fdb`, "config"), { "aging-time": 10 });
    assert.equal(fixture.read(entry(alice), "config"), undefined);
  });

  it("does not show a station that has aged, nor one of a port that is gone", () => {
    hear(alice, 0, 10);
    hear(bob, 7);

    assert.deepEqual(readFdb(), []);
    assert.equal(fixture.read(entry(alice)), undefined);
  });

  it("shows the static entry where a station was learned elsewhere before", async () => {
    hear(alice, 0);
    await fixture.commit(fixture.edit("create", entry(alice), { port: "p2" }));

    assert.deepEqual(readFdb(), [{ address: alice, port: "p2" }]);
  });

  it("ages by the time that is configured now", async () => {
    hear(alice, 0, 5);

    await fixture.commit(fixture.edit("merge", `${br0}/fdb/aging-time`, 5));

    assert.deepEqual(readFdb(), []);
  });

  it("forgets a learned entry that is deleted, without a commit", async () => {
    hear(alice, 0);
    hear(bob, 1);
    const before = fixture.engine.snapshot();

    const { id: commitId } = await fixture.commit(fixture.edit("delete", entry(alice)));

    assert.deepEqual(learnedAddresses(fixture.memory, id), [bob]);
    assert.equal(commitId, before.commitId);
    assert.equal(fixture.engine.snapshot().root, before.root);
    assert.equal(fixture.log.records.length, 1);
  });

  it("does not forget in a dry run, nor when another edit is refused", async () => {
    hear(alice, 0);
    const { engine, edit, violations } = fixture;

    await engine.commit([edit("delete", entry(alice))], { ...local, dryRun: true });
    const found = await violations(
      edit("delete", entry(alice)),
      edit("create", entry(bob), { port: "p9" }),
    );

    assert.equal(found.length, 1);
    assert.deepEqual(learnedAddresses(fixture.memory, id), [alice]);
  });

  it("makes a learned entry static in one commit", async () => {
    hear(alice, 0);

    await fixture.commit(
      fixture.edit("delete", entry(alice)),
      fixture.edit("create", entry(alice), { port: "p2" }),
    );

    assert.deepEqual(readFdb(), [{ address: alice, port: "p2" }]);
    assert.deepEqual(learnedAddresses(fixture.memory, id), []);
  });

  it("refuses to delete what it does not know", async () => {
    hear(alice, 0, 10);

    for (const address of [alice, bob]) {
      const [violation] = await fixture.violations(fixture.edit("delete", entry(address)));
      assert.deepEqual([violation?.tag, violation?.path], ["data-missing", entry(address)]);
    }
  });

  const releases: readonly { readonly title: string; readonly written: Written }[] = [
    { title: "removed", written: ["delete", `${br0}/ports[name='p1']`] },
    { title: "connected elsewhere", written: ["merge", `${br0}/ports[name='p1']/peer`, "dev2"] },
    { title: "disconnected", written: ["delete", `${br0}/ports[name='p1']/peer`] },
  ];
  for (const { title, written } of releases) {
    it(`forgets the stations of a port that is ${title}`, async () => {
      hear(alice, 0);
      hear(bob, 1);
      const heard = fixture.heard();

      await fixture.commit(fixture.edit(...written));

      assert.deepEqual(learnedAddresses(fixture.memory, id), [bob]);
      const told = heard.flatMap(({ state }) => state.map((path) => printPath(path)));
      assert.ok(told.includes(entry(alice)), String(told));
    });
  }

  it("keeps the stations of a port whose device is only away", async () => {
    hear(alice, 0);

    fixture.devices.remove(fixture.devices.byName("dev1")?.ifindex ?? 0);
    await fixture.engine.close();

    assert.deepEqual(learnedAddresses(fixture.memory, id), [alice]);
  });

  it("is empty after a flush, static entries left alone, and tells who was forgotten", async () => {
    hear(alice, 0);
    hear(bob, 1);
    await fixture.commit(fixture.edit("create", entry(carol), { port: "p2" }));
    const { engine, schema } = fixture;
    const path = parsePath(schema, `${br0}/fdb`);
    const fdb = path.at(-1)?.schema;
    const flush = fdb?.kind === "container" ? fdb.operations.get("flush") : undefined;
    assert(flush, "there is the action");
    const heard = fixture.heard();

    const { output } = await engine.invoke(path, flush, {}, local);

    assert.equal(output["flushed"], true);
    assert.deepEqual(readFdb(), [{ address: carol, port: "p2" }]);
    const told = heard.flatMap(({ state }) => state.map((changed) => printPath(changed)));
    assert.deepEqual(told.sort(), [entry(alice), entry(bob)]);
  });

  for (const change of Object.keys(
    simplebridgeFdbChange,
  ) as (keyof typeof simplebridgeFdbChange)[]) {
    it(`tells subscribers of a station that was ${change}`, () => {
      const record = simplebridgeFdbEvent.encode({ change, port: 0, address: macBytes(alice) });
      const { name } = simplebridgeObject.maps.fdbEvents;

      const told = changedBy(() => fixture.memory.emit(id, name, record));

      assert.deepEqual(told, [entry(alice)]);
    });
  }

  it("drops aged stations from the map once a second, and tells who they were", () => {
    hear(alice, 0, 10);
    hear(bob, 1, 9);

    const told = changedBy(() => mock.timers.tick(1000));

    assert.deepEqual(told, [entry(alice)]);
    assert.deepEqual(learnedAddresses(fixture.memory, id), [bob]);
  });
});

describe("the counters of a port", () => {
  it("are the sums over all CPUs, and name the reasons of drops that occurred", async () => {
    const { edit, commit, memory, objectId, read } = await engineFixture();
    await commit(edit("create", br0, { ports: [{ name: "p1" }, { name: "p2" }] }));
    count(memory, objectId(br0), 1, [
      { rxPackets: 2n ** 53n, drops: { 0: 1n, 10: 2n } },
      { rxPackets: 3n, drops: { 10: 5n } },
    ]);

    assert.deepEqual(read(`${br0}/ports[name='p2']/counters`), {
      "rx-packets": "9007199254740995",
      "rx-bytes": "0",
      "tx-packets": "0",
      "tx-bytes": "0",
      drops: [
        { reason: "no-peer", packets: "1" },
        { reason: "same-port", packets: "7" },
      ],
    });
  });

  it("begin at zero for a port that takes the place of another", async () => {
    const { edit, commit, memory, objectId, read } = await engineFixture();
    await commit(edit("create", br0, { ports: [{ name: "p1" }] }));
    count(memory, objectId(br0), 0, [{ rxPackets: 5n, drops: { 0: 1n } }]);

    await commit(edit("delete", `${br0}/ports[name='p1']`));
    await commit(edit("create", `${br0}/ports[name='p2']`, {}));

    const counters = read(`${br0}/ports[name='p2']/counters`) as Record<string, unknown>;
    assert.deepEqual([counters["rx-packets"], counters["drops"]], ["0", undefined]);
  });
});
