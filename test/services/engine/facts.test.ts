import assert from "node:assert/strict";
import { mock } from "node:test";
import { printPath } from "../../../src/datamodel/tree/path.ts";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { u32 } from "../../../src/lib/codec.ts";
import type { AnyConfig, AnyService, AnyTable } from "../../../src/services/any-service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { type Write, watchedDataplane } from "../../support/observed-dataplane.ts";
import { alarm, socket } from "../../support/patch-model.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";

interface Panel extends EngineFixture {
  readonly id: string;
  readonly writes: Write[];
  /** Called before each write; throws to refuse it. */
  refuse: (write: Write) => void;
  light(port: number, colour: number): void;
}

/** A panel with two ports, the first with a device; what is written from then on. */
async function panel(service: AnyService = patchPanel): Promise<Panel> {
  const writes: Write[] = [];
  let watching: Panel | undefined;
  const watch = (write: Write) => {
    writes.push(write);
    watching?.refuse(write);
  };
  const fixture = await engineFixture({
    services: [service],
    devices: ["dev1"],
    wrap: (dataplane) => watchedDataplane(dataplane, watch),
  });
  const { edit, commit, memory, objectId } = fixture;
  const lit: Panel = {
    ...fixture,
    id: "",
    writes,
    refuse: () => undefined,
    light: (port, colour) => memory.emit(lit.id, "alarms", alarm.encode({ port, colour })),
  };
  watching = lit;
  const ports = [{ name: "a", peer: "dev1" }, { name: "b" }];
  await commit(edit("create", pp0, { ports, cable: [{ from: "a", to: "b" }] }));
  Object.assign(lit, { id: objectId(pp0) });
  await settled(lit);
  writes.length = 0;
  return lit;
}

/** Work in turns of its own is done once the commits before it are through. */
async function settled({ engine, edit }: EngineFixture): Promise<void> {
  await engine.commit([edit("merge", pp0, {})], { ...local, dryRun: true });
}

function lamps({ memory, id }: Panel): [port: number, colour: number][] {
  return memory.rows(id, "lamps").map(({ key, value }) => [u32.decode(key), u32.decode(value)]);
}

function sockets({ memory, id }: Panel) {
  const rows = memory.rows(id, "sockets").map(({ key, value }) => {
    const { ifindex, mtu, isUp } = socket.decode(value);
    return [u32.decode(key), [ifindex, mtu, isUp]] as const;
  });
  return Object.fromEntries(rows);
}

describe("a service's own facts", () => {
  it("become rows of the tables that are made of them, and of no others", async () => {
    const fixture = await panel();

    fixture.light(0, 7);
    fixture.light(1, 5);
    fixture.light(0, 0);
    await settled(fixture);

    assert.deepEqual(lamps(fixture), [[1, 5]]);
    const maps = ["lamps", "glow"];
    assert.deepEqual(
      fixture.writes,
      maps.map((map) => `putRows ${fixture.id} ${map} 1`),
    );
  });

  it("are no commit: neither journalled, nor under a number of its own", async () => {
    const fixture = await panel();
    const { commitId } = fixture.engine.snapshot();
    const { length } = fixture.log.records;

    fixture.light(0, 7);
    await settled(fixture);

    assert.equal(fixture.log.records.length, length);
    assert.equal(fixture.engine.snapshot().commitId, commitId);
  });

  it("are told to watchers when the rows are there, and read at once", async () => {
    const fixture = await panel();
    const heard: unknown[] = [];
    fixture.engine.subscribe(({ state }) => {
      heard.push([state.map((path) => printPath(path)), lamps(fixture)]);
    });

    fixture.light(0, 7);
    const read = fixture.read(`${pp0}/board`);
    await settled(fixture);

    assert.deepEqual(read, { lamps: 1 });
    assert.deepEqual(heard, [[[`${pp0}/cable[from='a']`, `${pp0}/board`], [[0, 7]]]]);
  });

  it("that are as before lead to nothing, but what changed is told", async () => {
    const fixture = await panel();
    const heard = fixture.heard();

    fixture.light(0, 0);

    assert.equal(heard.length, 1);
    await settled(fixture);
    assert.deepEqual(fixture.writes, []);
  });

  it("stay when the configuration changes, and go with the cube", async () => {
    const fixture = await panel();
    const { edit, commit, objectId } = fixture;
    fixture.light(0, 7);
    await commit(edit("merge", `${pp0}/cable[from='b']`, { to: "a" }));
    const kept = lamps(fixture);

    await commit(edit("delete", pp0));
    await commit(edit("create", pp0, {}));
    Object.assign(fixture, { id: objectId(pp0) });

    assert.deepEqual([kept, lamps(fixture)], [[[0, 7]], []]);
  });

  it("come back with a cube whose deletion is undone", async () => {
    const fixture = await panel();
    fixture.light(0, 7);
    await settled(fixture);
    fixture.log.holding = true;

    const written = fixture.log.nextRecord();
    const deleting = fixture.commit(fixture.edit("delete", pp0));
    await written;
    fixture.log.fail(new Error("no space left on device"));
    await assert.rejects(deleting);
    fixture.light(1, 5);
    await settled(fixture);

    assert.deepEqual(lamps(fixture), [
      [0, 7],
      [1, 5],
    ]);
  });

  it("wait for commits that may still be undone", async () => {
    const fixture = await panel();
    fixture.log.holding = true;
    const written = fixture.log.nextRecord();
    const adding = fixture.commit(fixture.edit("merge", `${pp0}/cable[from='b']`, { to: "a" }));
    await written;

    fixture.light(0, 7);
    await new Promise((resolve) => setImmediate(resolve));
    const early = lamps(fixture);
    fixture.log.fail(new Error("no space left on device"));
    await assert.rejects(adding);
    fixture.log.holding = false;
    await settled(fixture);

    assert.deepEqual([early, lamps(fixture)], [[], [[0, 7]]]);
    assert.equal(fixture.memory.rows(fixture.id, "cables").length, 1);
  });

  it("are written again a second later where the data plane refused", async () => {
    mock.timers.enable({ apis: ["setInterval"] });
    try {
      const fixture = await panel();
      const heard = fixture.heard();
      fixture.refuse = (write) => {
        throw new KernelError(write, "ENOMEM");
      };
      fixture.light(0, 7);
      await settled(fixture);
      const failed = [lamps(fixture), fixture.errors.length, heard.length];

      fixture.refuse = () => undefined;
      mock.timers.tick(1000);
      await settled(fixture);

      assert.deepEqual(failed, [[], 1, 0]);
      assert.deepEqual([lamps(fixture), heard.length], [[[0, 7]], 1]);
    } finally {
      mock.timers.reset();
    }
  });
});

describe("the facts of a port", () => {
  it("are there with the cube, for ports with and without a device", async () => {
    const fixture = await panel();
    const { ifindex } = fixture.devices.byName("dev1") ?? {};

    assert.deepEqual(sockets(fixture), { 0: [ifindex, 1500, 1], 1: [0, 0, 0] });
  });

  it("follow its device: down, another MTU, gone, back", async () => {
    const fixture = await panel();
    const { devices } = fixture;
    const { ifindex = 0 } = devices.byName("dev1") ?? {};
    const seen: unknown[] = [];
    const look = async () => {
      await settled(fixture);
      seen.push(sockets(fixture)[0]);
    };

    devices.change(ifindex, { running: false });
    await look();
    devices.change(ifindex, { mtu: 9000 });
    await look();
    devices.remove(ifindex);
    await look();
    const back = devices.add("dev1");
    await look();

    assert.deepEqual(seen, [
      [ifindex, 1500, 0],
      [ifindex, 9000, 0],
      [0, 0, 0],
      [back.ifindex, 1500, 1],
    ]);
  });

  it("follow the configuration of the ports, in its commit and its plan", async () => {
    const fixture = await panel();
    const { edit, engine, commit, devices } = fixture;
    const { ifindex } = devices.byName("dev1") ?? {};
    const edits = [
      edit("delete", `${pp0}/ports[name='a']/peer`),
      edit("merge", `${pp0}/ports[name='b']/peer`, "dev1"),
      edit("create", `${pp0}/ports[name='c']`, {}),
    ];

    const { plan = [] } = (await engine.commit(edits, { ...local, dryRun: true })) as {
      plan?: readonly { target: string; key?: unknown }[];
    };
    await commit(...edits);

    const planned = plan.filter(({ target }) => target === "sockets").map(({ key }) => key);
    assert.deepEqual(planned, [0, 1, 2]);
    assert.deepEqual(sockets(fixture), { 0: [0, 0, 0], 1: [ifindex, 1500, 1], 2: [0, 0, 0] });
  });

  it("are as the device is now after a commit is undone", async () => {
    const fixture = await panel();
    const { ifindex = 0 } = fixture.devices.byName("dev1") ?? {};
    fixture.log.holding = true;
    const written = fixture.log.nextRecord();
    const adding = fixture.commit(fixture.edit("create", `${pp0}/ports[name='c']`, {}));
    await written;

    fixture.devices.change(ifindex, { mtu: 9000 });
    fixture.log.fail(new Error("no space left on device"));
    await assert.rejects(adding);
    fixture.log.holding = false;
    await settled(fixture);
    const changed = sockets(fixture);
    fixture.devices.change(ifindex, { mtu: 1500 });
    await settled(fixture);

    assert.deepEqual(changed, { 0: [ifindex, 9000, 1], 1: [0, 0, 0] });
    assert.deepEqual(sockets(fixture), { 0: [ifindex, 1500, 1], 1: [0, 0, 0] });
  });

  it("are kept current after an undo also while no row is made of them", async () => {
    const { tables } = patchPanel;
    const { row } = tables["sockets"] ?? {};
    assert(row);
    // Rows for the ports of a panel that has a comment only.
    const entries: AnyTable["entries"] = ({ comment }, { ports }) => {
      return comment === undefined ? [] : ([...ports] as object as AnyConfig[]);
    };
    const fixture = await panel({
      ...patchPanel,
      tables: { ...tables, sockets: { entries, row } },
    });
    const { ifindex = 0 } = fixture.devices.byName("dev1") ?? {};
    fixture.log.holding = true;
    const written = fixture.log.nextRecord();
    const adding = fixture.commit(fixture.edit("create", `${pp0}/ports[name='c']`, {}));
    await written;

    fixture.devices.change(ifindex, { mtu: 9000 });
    fixture.log.fail(new Error("no space left on device"));
    await assert.rejects(adding);
    fixture.log.holding = false;
    await fixture.commit(fixture.edit("merge", `${pp0}/comment`, "rows, please"));

    assert.deepEqual(sockets(fixture), { 0: [ifindex, 9000, 1], 1: [0, 0, 0] });
  });
});
