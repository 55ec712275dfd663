import assert from "node:assert/strict";
import { RequestError } from "../../../src/datamodel/error.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import type { Row } from "../../../src/dataplane/dataplane.ts";
import { hop } from "../../../src/gen/bpf/core.ts";
import {
  simplebridgeFdbKey,
  simplebridgeLearned,
  simplebridgeObject,
  simplebridgeStatic,
} from "../../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { macBytes } from "../../../src/lib/mac.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";
import { recordingDataplane, type Write } from "../../support/observed-dataplane.ts";

const cube = (name: string) => `/simplebridge:simplebridge[name='${name}']`;
const br0 = cube("br0");
const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ address: station(index), port: "p1" }));
const station = (index: number) => `02:00:00:00:01:${index.toString(16).padStart(2, "0")}`;
const fdbKey = (index: number) => simplebridgeFdbKey.encode({ address: macBytes(station(index)) });

/** A bridge whose ports p1 and p2 have the devices dev1 and dev2, left by an engine that ended. */
async function left(): Promise<EngineFixture> {
  const fixture = await engineFixture({ devices: ["dev1", "dev2"] });
  const ports = [
    { name: "p1", peer: "dev1" },
    { name: "p2", peer: "dev2" },
  ];
  await fixture.commit(fixture.edit("create", br0, { ports, fdb: { entry: entries(3) } }));
  return fixture;
}

/** The next engine, which is to make the configuration of the one before, and its writes. */
async function next(before: EngineFixture) {
  await before.engine.close();
  const { root, commitId } = before.engine.snapshot();
  const writes: Write[] = [];
  const fixture = await engineFixture({
    left: before,
    stored: { root, id: Number(commitId) },
    wrap: (dataplane) => recordingDataplane(dataplane, writes),
  });
  return { ...fixture, writes };
}

function hopsOf({ memory, objectId }: EngineFixture): unknown[] {
  const rows = memory.rows(objectId(br0), "hops").map(({ value }) => hop.decode(value));
  return rows.filter(({ kind }) => kind !== "none").map(({ kind, arg }) => [kind, arg]);
}

describe("an engine that takes over", () => {
  it("writes nothing where nothing has changed, and keeps what was learned and counted", async () => {
    const before = await left();
    const id = before.objectId(br0);
    const learned: Row = {
      key: fdbKey(9),
      value: simplebridgeLearned.encode({ lastSeenNs: 2n ** 62n, port: 1 }),
    };
    before.memory.putRows(id, "learned_fdb", [learned]);
    const counted = before.memory.rows(id, "counters")[1];
    counted?.value.set([5]);
    before.memory.putRows(id, "counters", counted ? [counted] : []);

    const after = await next(before);

    assert.deepEqual(after.writes, []);
    assert.equal(after.objectId(br0), id);
    assert.deepEqual(after.memory.rows(id, "learned_fdb"), [learned]);
    const port = after.read(`${br0}/ports[name='p2']`) as { counters: object; status: string };
    assert.deepEqual(port.counters, { ...port.counters, "rx-packets": "5" });
    assert.equal(port.status, "UP");
    const stations = after.read(`${br0}/fdb/entry`) as { address: string; age?: number }[];
    assert.deepEqual(
      stations.filter(({ age }) => age !== undefined).map(({ address }) => address),
      [station(9)],
    );
  });

  it("writes the rows that differ, are missing or are too many, and no other", async () => {
    const before = await left();
    const id = before.objectId(br0);
    const { memory } = before;
    memory.deleteRows(id, "static_fdb", [fdbKey(0)]);
    const wrong = simplebridgeStatic.encode({ port: 7 });
    memory.putRows(
      id,
      "static_fdb",
      [1, 8].map((index) => ({ key: fdbKey(index), value: wrong })),
    );
    memory.putRows(id, "hops", [
      { key: u32.encode(1), value: new Uint8Array(hop.size) },
      { key: u32.encode(5), value: hop.encode({ kind: "device", flags: 0, slot: 0, arg: 9 }) },
    ]);

    const after = await next(before);

    assert.deepEqual(after.writes, [
      `putRows ${id} static_fdb 2`,
      `putRows ${id} hops 1`,
      `deleteRows ${id} hops 1`,
      `deleteRows ${id} static_fdb 1`,
    ]);
    const [one, two] = ["dev1", "dev2"].map((name) => before.devices.byName(name)?.ifindex);
    assert.deepEqual(hopsOf(after), [
      ["device", one],
      ["device", two],
    ]);
    const rows = memory.rows(id, "static_fdb").map(({ value }) => simplebridgeStatic.decode(value));
    assert.deepEqual(rows, [{ port: 0 }, { port: 0 }, { port: 0 }]);
  });

  it("disconnects a port whose device vanished meanwhile, and leaves the others alone", async () => {
    const before = await left();
    const gone = before.devices.byName("dev1")?.ifindex ?? 0;
    const kept = before.devices.byName("dev2")?.ifindex;
    await before.engine.close();
    before.devices.remove(gone);

    const after = await next(before);

    const id = after.objectId(br0);
    assert.deepEqual(after.writes, [`deleteRows ${id} hops 1`, `unloadObject devices/${gone}`]);
    assert.deepEqual(hopsOf(after), [["device", kept]]);
    assert.deepEqual(
      after.memory.attachments().map(({ ifindex }) => ifindex),
      [kept],
    );
  });

  it("connects a port to the device that has the name by now, and lets go of the other", async () => {
    const before = await left();
    const [one, two] = ["dev1", "dev2"].map((name) => before.devices.byName(name)?.ifindex ?? 0);
    await before.engine.close();
    before.devices.change(one ?? 0, { name: "old" });
    const added = before.devices.add("dev1");

    const after = await next(before);

    assert.deepEqual(hopsOf(after), [
      ["device", added.ifindex],
      ["device", two],
    ]);
    assert.equal(after.devices.byName("old")?.promiscuous, false);
    assert.equal(after.devices.byName("dev1")?.promiscuous, true);
    assert.deepEqual(
      after.memory.attachments().map(({ ifindex }) => ifindex),
      [two, added.ifindex],
    );
  });

  it("knows which devices were promiscuous before there was a port", async () => {
    const before = await engineFixture({ devices: ["dev1"] });
    before.devices.add("dev2", { promiscuous: true });
    const ports = ["dev1", "dev2"].map((peer) => ({ name: peer, peer }));
    await before.commit(before.edit("create", br0, { ports }));

    const after = await next(before);
    await after.commit(after.edit("delete", br0));

    assert.equal(after.devices.byName("dev1")?.promiscuous, false);
    assert.equal(after.devices.byName("dev2")?.promiscuous, true);
    const { memory } = after;
    const there = [memory.objects(), memory.programs(), memory.attachments()];
    assert.deepEqual(there, [["recirculation"], [], []]);
  });

  it("removes all that belongs to no configuration, and gives devices back as they were", async () => {
    const before = await left();
    await before.engine.close();

    const { memory, devices } = await engineFixture({ left: before });

    const there = [memory.objects(), memory.programs(), memory.attachments()];
    assert.deepEqual(there, [["recirculation"], [], []]);
    assert.equal(devices.byName("dev1")?.promiscuous, false);
  });

  it("leaves cubes in their slots, and gives new ones others", async () => {
    const before = await engineFixture({});
    for (const name of ["a", "b", "c"]) await before.commit(before.edit("create", cube(name), {}));
    await before.commit(before.edit("delete", cube("a")));
    const slotsOf = ({ memory, objectId }: EngineFixture) =>
      memory
        .programs()
        .map((program) => [
          ["b", "c"].find((name) => objectId(cube(name)) === program.objectId),
          program.slot,
        ]);

    const after = await next(before);
    const kept = slotsOf(after);
    await after.commit(after.edit("create", cube("d"), {}));

    assert.deepEqual(kept, [
      ["b", 1],
      ["c", 2],
    ]);
    assert.deepEqual(
      after.memory
        .programs()
        .map(({ slot }) => slot)
        .sort(),
      [0, 1, 2],
    );
  });

  it("exchanges an object that was compiled anew, whose other maps stay", async () => {
    const before = await left();
    const { memory } = before;
    const old = before.objectId(br0);
    const learned = simplebridgeLearned.encode({ lastSeenNs: 2n ** 62n, port: 1 });
    memory.putRows(old, "learned_fdb", [{ key: fdbKey(9), value: learned }]);
    const [slot] = memory.programs();
    const { staticFdb } = simplebridgeObject.maps;
    const value = { ...staticFdb.value, form: "another" };
    const maps = { ...simplebridgeObject.maps, staticFdb: { ...staticFdb, value } };
    memory.offerObject({ ...simplebridgeObject, maps });

    const after = await next(before);

    const id = `${old}~2`;
    assert.deepEqual(after.writes, [
      `loadObject ${id} simplebridge`,
      `putRows ${id} static_fdb 3`,
      `setProgram 0 ${id} ingress`,
      `unloadObject ${old}`,
    ]);
    assert.deepEqual(memory.programs(), [{ ...slot, objectId: id }]);
    assert.equal(memory.rows(id, "static_fdb").length, 3);
    assert.deepEqual(memory.lookup(id, "learned_fdb", fdbKey(9)), learned);
    await after.commit(after.edit("merge", `${br0}/fdb/aging-time`, 7));
    assert.deepEqual((await next(after)).writes, []);
  });

  it("refuses a configuration that is not valid before it touches anything", async () => {
    const before = await left();
    await before.engine.close();
    const { root } = before.engine.snapshot();
    const dangling = before.edit("create", `${br0}/fdb/entry[address='${station(7)}']`, {
      port: "absent",
    });
    const stored = { root: applyEdits(root, [dangling]), id: 9 };
    const writes: Write[] = [];

    const starting = engineFixture({
      left: before,
      stored,
      wrap: (dataplane) => recordingDataplane(dataplane, writes),
    });

    await assert.rejects(starting, RequestError);
    assert.deepEqual(writes, []);
  });
});
