import assert from "node:assert/strict";
import { CommitError } from "../../../src/datamodel/error.ts";
import { portCounters } from "../../../src/gen/bpf/core.ts";
import { simplebridgeFdbEvent, simplebridgeLearned } from "../../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { macBytes } from "../../../src/lib/mac.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import {
  failingDataplane,
  recordingDataplane,
  type Write,
} from "../../support/observed-dataplane.ts";
import { picture } from "../../support/picture.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const room = 4096;

/** Addresses of stations, in hexadecimal from 0. */
function entries(from: number, count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    address: `02:00:00:00:${hex((from + index) >> 8)}:${hex((from + index) & 255)}`,
    port: "p1",
  }));
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");
const ports = [{ name: "p1", peer: "dev1" }, { name: "p2" }];

async function bridge(rows: number, wrap?: Parameters<typeof engineFixture>[0]) {
  const fixture = await engineFixture({ devices: ["dev1"], ...wrap });
  const { edit, commit } = fixture;
  await commit(edit("create", br0, { ports, fdb: { entry: entries(0, rows) } }));
  return fixture;
}

const capacityOf = ({ memory }: Pick<EngineFixture, "memory">, id: string) =>
  memory.loadedRequest(id)?.capacity["static_fdb"];

describe("a table of a cube", () => {
  it("starts small, with room for what it begins with", async () => {
    const small = await bridge(10);
    const large = await bridge(room + 1);

    assert.equal(capacityOf(small, small.objectId(br0)), room);
    assert.equal(capacityOf(large, large.objectId(br0)), 2 * room);
  });

  it("doubles when a commit needs it, and the cube goes on with all that it has learned", async () => {
    const writes: Write[] = [];
    const fixture = await bridge(10, { wrap: (inner) => recordingDataplane(inner, writes) });
    const { memory, edit, commit, engine, read } = fixture;
    const old = fixture.objectId(br0);
    const [learned] = [{ lastSeenNs: 2n ** 62n, port: 1 }].map((row) =>
      simplebridgeLearned.encode(row),
    );
    const station = {
      key: Uint8Array.from([...macBytes("02:00:00:00:99:99"), 0, 0]),
      value: learned ?? new Uint8Array(),
    };
    memory.putRows(old, "learned_fdb", [station]);
    memory.putRows(old, "counters", [
      { key: u32.encode(1), value: new Uint8Array(memory.cpuCount * portCounters.size).fill(1) },
    ]);
    writes.length = 0;
    const more = edit("merge", br0, { fdb: { entry: entries(10, room) } });

    const planned = await engine.commit([more], { ...local, dryRun: true });
    await commit(more);

    const id = `${old}~2`;
    assert.deepEqual(writes, [
      `loadObject ${id} simplebridge`,
      `setProgram 0 ${id} ingress`,
      `putRows ${id} static_fdb ${room}`,
      `unloadObject ${old}`,
    ]);
    const steps = planned.violations ? [] : planned.plan;
    const done = steps.map(({ operation, target }) => `${operation} ${target}`);
    assert.deepEqual(
      [...new Set(done)],
      ["load simplebridge", "set-program tc[0]", "put static_fdb", "unload simplebridge"],
    );
    assert.equal(memory.rows(id, "static_fdb").length, room + 10);
    assert.equal(capacityOf(fixture, id), 2 * room);
    assert.deepEqual(memory.rows(id, "learned_fdb"), [station]);
    assert.notEqual(
      Number(Reflect.get(read(`${br0}/ports[name='p2']/counters`) as object, "rx-packets")),
      0,
    );
    assert.deepEqual(
      memory.objects().filter((one) => one.startsWith("cubes")),
      [id],
    );
  });

  it("has its events heard after it has grown", async () => {
    const fixture = await bridge(10);
    const { memory, edit, commit, heard } = fixture;
    const old = fixture.objectId(br0);
    await commit(edit("merge", br0, { fdb: { entry: entries(10, room) } }));
    const events = heard();

    const event = { change: "learned", port: 0, address: macBytes("02:00:00:00:99:99") } as const;
    memory.emit(`${old}~2`, "fdb_events", simplebridgeFdbEvent.encode(event));

    assert.equal(events.length, 1);
  });

  it("has room for the rows that come beside those that go in the same commit", async () => {
    const fixture = await bridge(room);
    const { memory, edit, commit } = fixture;

    await commit(edit("replace", `${br0}/fdb`, { entry: entries(room, room) }));

    assert.equal(memory.rows(`${fixture.objectId(br0)}~2`, "static_fdb").length, room);
  });

  it("is as before, whichever write of a commit that lets it grow fails", async () => {
    for (let n = 1; n <= 3; n += 1) {
      const fixture = await bridge(10);
      await fixture.engine.close();
      const { root, commitId } = fixture.engine.snapshot();
      const next = await engineFixture({
        left: fixture,
        stored: { root, id: Number(commitId) },
        wrap: (inner) => failingDataplane(inner, n),
      });
      const before = picture(next.memory, []);

      const more = next.edit("merge", br0, { fdb: { entry: entries(10, room) } });
      await assert.rejects(next.engine.commit([more], local), CommitError);

      assert.deepEqual(picture(next.memory, []), before);
      assert.equal(next.memory.rows(fixture.objectId(br0), "static_fdb").length, 10);
      await next.commit(next.edit("merge", `${br0}/fdb/aging-time`, 7));
    }
  });

  it("is as before when the journal does not take the commit", async () => {
    const { log, memory, edit, engine, objectId } = await bridge(10);
    const old = objectId(br0);
    log.holding = true;

    const commit = engine.commit(
      [edit("merge", br0, { fdb: { entry: entries(10, room) } })],
      local,
    );
    await engine.commit([edit("merge", br0, {})], { ...local, dryRun: true });
    log.fail(new Error("disk full"));

    await assert.rejects(commit, CommitError);
    assert.deepEqual(
      memory.programs().map(({ objectId: id }) => id),
      [old],
    );
    assert.deepEqual(
      memory.objects().filter((id) => id.startsWith("cubes")),
      [old],
    );
  });

  it("keeps its room in the next daemon, though it needs less by then", async () => {
    const before = await bridge(10);
    await before.commit(before.edit("merge", br0, { fdb: { entry: entries(10, room) } }));
    await before.commit(before.edit("replace", `${br0}/fdb`, { entry: entries(0, 3) }));
    await before.engine.close();
    const { root, commitId } = before.engine.snapshot();
    const writes: Write[] = [];

    const after = await engineFixture({
      left: before,
      stored: { root, id: Number(commitId) },
      wrap: (inner) => recordingDataplane(inner, writes),
    });

    assert.deepEqual([...writes], []);
    const id = `${before.objectId(br0)}~2`;
    assert.equal(capacityOf(after, id), 2 * room);
    await after.commit(after.edit("merge", br0, { fdb: { entry: entries(10, room) } }));
    assert.deepEqual(
      writes.filter((write) => write.startsWith("load")),
      [],
    );
  });

  it("is made room in when a daemon takes it over full of rows that nobody wants", async () => {
    const before = await bridge(room);
    await before.engine.close();
    const id = before.objectId(br0);
    const { root, commitId } = before.engine.snapshot();
    const strangers = before.memory.rows(id, "static_fdb").map(({ key, value }) => {
      const other = Uint8Array.from(key);
      other[3] = 77;
      return { other, key, value };
    });
    before.memory.deleteRows(
      id,
      "static_fdb",
      strangers.map(({ key }) => key),
    );
    before.memory.putRows(
      id,
      "static_fdb",
      strangers.map(({ other, value }) => ({ key: other, value })),
    );

    const after = await engineFixture({ left: before, stored: { root, id: Number(commitId) } });

    const keys = after.memory.rows(id, "static_fdb").map(({ key }) => key[3]);
    assert.deepEqual([keys.length, new Set(keys)], [room, new Set([0])]);
  });
});
