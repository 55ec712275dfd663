import assert from "node:assert/strict";
import type { Drift } from "../../../src/datamodel/datastore/drift.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { hop } from "../../../src/gen/bpf/core.ts";
import { simplebridgeFdbKey, simplebridgeStatic } from "../../../src/gen/bpf/simplebridge.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { macBytes } from "../../../src/lib/mac.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";
import { recordingDataplane, type Write } from "../../support/observed-dataplane.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const station = "02:00:00:00:01:01";
const stranger = "02:00:00:00:01:09";
const fdbKey = (address: string) => simplebridgeFdbKey.encode({ address: macBytes(address) });

interface Observed extends EngineFixture {
  readonly writes: Write[];
}

/** A bridge whose ports p1 and p2 have the devices dev1 and dev2. */
async function bridged(): Promise<Observed> {
  const writes: Write[] = [];
  const fixture = await engineFixture({
    devices: ["dev1", "dev2"],
    wrap: (dataplane) => recordingDataplane(dataplane, writes),
  });
  const ports = [
    { name: "p1", peer: "dev1" },
    { name: "p2", peer: "dev2" },
  ];
  const entry = [{ address: station, port: "p1" }];
  await fixture.commit(fixture.edit("create", br0, { ports, fdb: { entry } }));
  writes.length = 0;
  return { ...fixture, writes };
}

const indexOf = ({ devices }: EngineFixture, name: string) => devices.byName(name)?.ifindex ?? 0;

/** The drift less its cause, which not all have. */
const told = ({ cause: _, ...drift }: Drift) => drift;

interface Vandalism {
  readonly title: string;
  readonly done: (fixture: EngineFixture) => void;
  readonly drifts: (fixture: EngineFixture) => readonly Drift[];
}

const cube = "br0";

const vandalisms: readonly Vandalism[] = [
  {
    title: "a row that was deleted",
    done: ({ memory, objectId }) =>
      memory.deleteRows(objectId(br0), "static_fdb", [fdbKey(station)]),
    drifts: () => [
      {
        cube,
        thing: "row",
        kind: "missing",
        target: "static_fdb",
        key: { address: station },
        expected: { port: 0 },
      },
    ],
  },
  {
    title: "a row that was changed",
    done: ({ memory, objectId }) => {
      const value = simplebridgeStatic.encode({ port: 7 });
      memory.putRows(objectId(br0), "static_fdb", [{ key: fdbKey(station), value }]);
    },
    drifts: () => [
      {
        cube,
        thing: "row",
        kind: "changed",
        target: "static_fdb",
        key: { address: station },
        expected: { port: 0 },
        found: { port: 7 },
      },
    ],
  },
  {
    title: "a row that nobody wants",
    done: ({ memory, objectId }) => {
      const value = simplebridgeStatic.encode({ port: 1 });
      memory.putRows(objectId(br0), "static_fdb", [{ key: fdbKey(stranger), value }]);
    },
    drifts: () => [
      {
        cube,
        thing: "row",
        kind: "unexpected",
        target: "static_fdb",
        key: { address: stranger },
        found: { port: 1 },
      },
    ],
  },
  {
    title: "the way out of a port",
    done: ({ memory, objectId }) =>
      memory.putRows(objectId(br0), "hops", [
        { key: u32.encode(1), value: new Uint8Array(hop.size) },
      ]),
    drifts: (fixture) => [
      {
        cube,
        thing: "row",
        kind: "changed",
        target: "hops",
        key: 1,
        expected: { kind: "device", flags: 0, slot: 0, arg: indexOf(fixture, "dev2") },
        found: { kind: "none", flags: 0, slot: 0, arg: 0 },
      },
    ],
  },
  {
    title: "an empty slot",
    done: ({ memory }) => memory.clearProgram("tc", 0),
    drifts: () => [{ cube, thing: "program", kind: "missing", target: "tc[0]" }],
  },
  {
    title: "a program in a slot of nobody",
    done: ({ memory, objectId }) => memory.setProgram(9, objectId(br0), "ingress"),
    drifts: ({ objectId }) => [
      {
        cube: "",
        thing: "program",
        kind: "unexpected",
        target: "tc[9]",
        found: `ingress of ${objectId(br0)}`,
      },
    ],
  },
  {
    title: "a program that was detached",
    done: (fixture) => fixture.memory.detach(indexOf(fixture, "dev1"), "tcx-ingress"),
    drifts: () => [{ cube, thing: "attachment", kind: "missing", target: "dev1 tcx-ingress" }],
  },
  {
    title: "another program on a device",
    done: (fixture) => {
      const [one, two] = ["dev1", "dev2"].map((name) => indexOf(fixture, name));
      fixture.memory.reattach({
        ifindex: one ?? 0,
        hook: "tcx-ingress",
        objectId: `devices/${two}`,
        program: "ingress",
      });
    },
    drifts: (fixture) => [
      {
        cube,
        thing: "attachment",
        kind: "changed",
        target: "dev1 tcx-ingress",
        found: `ingress of devices/${indexOf(fixture, "dev2")}`,
      },
    ],
  },
  {
    title: "a device that is not promiscuous any more",
    done: (fixture) => fixture.devices.setPromiscuous(indexOf(fixture, "dev1"), false),
    drifts: () => [
      {
        cube,
        thing: "device",
        kind: "changed",
        target: "dev1",
        expected: { promiscuous: true },
        found: { promiscuous: false },
      },
    ],
  },
  {
    title: "an object that was unloaded, once and with all that belongs to it",
    done: ({ memory, objectId }) => {
      memory.clearProgram("tc", 0);
      memory.unloadObject(objectId(br0));
    },
    drifts: () => [
      {
        cube,
        thing: "object",
        kind: "missing",
        target: "simplebridge",
        expected: { learned_fdb: 4096, static_fdb: 4096 },
      },
    ],
  },
  {
    title: "an object that nobody wants",
    done: ({ memory, objectId }) => {
      const request = memory.loadedRequest(objectId(br0));
      if (request) memory.loadObject({ ...request, id: "cubes/stray" });
    },
    drifts: () => [{ cube: "", thing: "object", kind: "unexpected", target: "cubes/stray" }],
  },
];

describe("a data plane that is verified", () => {
  it("is clean while nobody has touched it, and nothing is written", async () => {
    const { engine, writes } = await bridged();

    for (const repair of [false, true]) {
      const { drifts, total, isRepaired } = await engine.verify({ repair });

      assert.deepEqual([drifts, total, isRepaired], [[], 0, false]);
    }
    assert.deepEqual(writes, []);
  });

  for (const { title, done, drifts } of vandalisms) {
    it(`tells of ${title}, mends it when asked to, and is clean then`, async () => {
      const fixture = await bridged();
      const { engine, writes } = fixture;
      done(fixture);

      const found = await engine.verify({ repair: false });

      assert.deepEqual(found.drifts.map(told), drifts(fixture));
      assert.equal(found.isRepaired, false);
      assert.deepEqual(writes, []);
      const mended = await engine.verify({ repair: true });
      assert.deepEqual(mended.drifts, found.drifts);
      assert.equal(mended.isRepaired, true);
      assert.equal((await engine.verify({ repair: false })).total, 0);
      assert.deepEqual(fixture.errors, []);
    });
  }

  it("names the node that wants what is missing", async () => {
    const { engine, memory, objectId } = await bridged();
    memory.deleteRows(objectId(br0), "static_fdb", [fdbKey(station)]);

    const { drifts, commitId } = await engine.verify({ repair: false });

    assert.equal(drifts[0]?.cause, `${br0}/fdb/entry[address='${station}']`);
    assert.equal(commitId, engine.snapshot().commitId);
  });

  it("goes on with commits after an object was loaded anew", async () => {
    const fixture = await bridged();
    const { engine, memory, objectId, commit, edit } = fixture;
    memory.clearProgram("tc", 0);
    memory.unloadObject(objectId(br0));
    await engine.verify({ repair: true });

    await commit(edit("create", `${br0}/fdb/entry[address='${stranger}']`, { port: "p2" }));
    await commit(edit("delete", `${br0}/ports[name='p1']/peer`));

    assert.equal((await engine.verify({ repair: false })).total, 0);
    assert.equal(memory.rows(objectId(br0), "static_fdb").length, 2);
    await commit(edit("delete", br0));
    assert.deepEqual(memory.objects(), ["recirculation"]);
  });

  it("is told of by a commit that fails for it, and mended", async () => {
    const { engine, memory, objectId, commit, edit, mendings } = await bridged();
    memory.deleteRows(objectId(br0), "static_fdb", [fdbKey(station)]);
    const entry = `${br0}/fdb/entry[address='${station}']`;

    const failed = commit(edit("delete", entry));

    await assert.rejects(
      failed,
      /ENOENT: no row .*; the data plane was not as configured, and has been mended$/,
    );
    assert.deepEqual(
      mendings.map(({ during, drifts }) => [during, drifts.total]),
      [["commit", 1]],
    );
    await commit(edit("delete", entry));
    assert.equal((await engine.verify({ repair: false })).total, 0);
  });

  it("does not look at what a commit that is under way has left half done", async () => {
    const { engine, commit, edit } = await bridged();
    const entry = Array.from({ length: 20_000 }, (_, n) => ({
      address: `02:00:00:01:${[n >> 8, n & 255].map((b) => b.toString(16).padStart(2, "0")).join(":")}`,
      port: "p1",
    }));
    const committing = commit(edit("merge", `${br0}/fdb`, { entry }));

    const verified = await Promise.all(
      Array.from({ length: 5 }, () => engine.verify({ repair: false })),
    );

    await committing;
    assert.deepEqual(
      verified.map(({ total }) => total),
      [0, 0, 0, 0, 0],
    );
  });

  it("is not looked at while frames are traced", async () => {
    const { engine } = await bridged();
    const over = new AbortController();
    const unheard = { begun: () => undefined, step: () => undefined };
    const request = { at: "br0:p1", filter: {}, frames: 1, seconds: 60 };
    const tracing = engine.tracer.trace(request, unheard, over.signal);

    await assert.rejects(engine.verify({ repair: false }), RequestError);

    over.abort();
    await tracing;
    assert.equal((await engine.verify({ repair: false })).total, 0);
  });
});
