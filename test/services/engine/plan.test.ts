import assert from "node:assert/strict";
import type { Edit, PlanStep } from "../../../src/datamodel/datastore/datastore.ts";
import type { Dataplane } from "../../../src/dataplane/dataplane.ts";
import { objectsOf } from "../../../src/services/discover.ts";
import { anyServices, type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import {
  failingDataplane,
  recordingDataplane,
  type Write,
} from "../../support/observed-dataplane.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { picture } from "../../support/picture.ts";
import { jsonOf } from "../../support/tree.ts";
import { learn, learnedAddresses } from "../simplebridge/stations.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const services = [...anyServices, patchPanel];
const layouts = objectsOf(services);
const station = "02:00:00:00:00:01";
const entry = `${br0}/fdb/entry[address='${station}']`;

type Written = readonly [operation: Edit["operation"], path: string, json?: unknown];

const bridge = {
  ports: [{ name: "p1", peer: "dev1" }, { name: "p2" }],
  fdb: { entry: [{ address: station, port: "p1" }] },
};

async function started(wrap?: (dataplane: Dataplane) => Dataplane): Promise<EngineFixture> {
  const devices = ["dev1", "dev2"];
  const fixture = await engineFixture({ services, devices, ...(wrap ? { wrap } : {}) });
  await fixture.commit(fixture.edit("create", br0, bridge));
  return fixture;
}

async function planOf({ engine, edit }: EngineFixture, edits: readonly Written[]) {
  const made = edits.map((written) => edit(...written));
  const outcome = await engine.commit(made, { ...local, dryRun: true });
  assert(outcome.violations === undefined, JSON.stringify(outcome.violations));
  return outcome.plan;
}

const brief = ({ operation, target }: PlanStep) => `${operation} ${target}`;

describe("a plan", () => {
  const cases: readonly { title: string; edits: readonly Written[]; steps: readonly string[] }[] = [
    {
      title: "fills a new cube before a frame can enter it",
      edits: [
        [
          "create",
          "/simplebridge:simplebridge[name='br1']",
          { ...bridge, ports: [{ name: "p1", peer: "dev2" }] },
        ],
      ],
      steps: [
        "load simplebridge",
        "put settings",
        "put static_fdb",
        "set-program tc[1]",
        "put hops",
        "put cube",
        "load devices/3",
        "put hop",
        "attach dev2 tcx-ingress",
        "set-device dev2",
      ],
    },
    {
      title: "keeps frames out of a cube before it is taken apart",
      edits: [["delete", br0]],
      steps: [
        "restore-device dev1",
        "detach dev1 tcx-ingress",
        "put hop",
        "unload devices/2",
        "put hops",
        "clear-program tc[0]",
        "unload simplebridge",
      ],
    },
    {
      title: "connects a new port before a row leads to it, and takes other rows away last",
      edits: [
        ["create", `${br0}/ports[name='p3']`, { peer: "dev2" }],
        ["create", `${br0}/fdb/entry[address='02:00:00:00:00:02']`, { port: "p3" }],
        ["delete", entry],
      ],
      steps: [
        "delete counters",
        "put hops",
        "put static_fdb",
        "put cube",
        "load devices/3",
        "put hop",
        "attach dev2 tcx-ingress",
        "set-device dev2",
        "delete static_fdb",
      ],
    },
    {
      title: "takes rows away before the port they lead to",
      edits: [
        ["delete", `${br0}/ports[name='p1']`],
        ["delete", entry],
      ],
      steps: [
        "restore-device dev1",
        "detach dev1 tcx-ingress",
        "put hop",
        "unload devices/2",
        "delete static_fdb",
        "put hops",
      ],
    },
    {
      title: "writes one row for one leaf",
      edits: [["merge", `${entry}/port`, "p2"]],
      steps: ["put static_fdb"],
    },
    { title: "is empty where nothing changes", edits: [["replace", br0, bridge]], steps: [] },
    {
      title: "tells the programs from which level on they log",
      edits: [["merge", `${br0}/loglevel`, "DEBUG"]],
      steps: ["put cube"],
    },
  ];

  for (const { title, edits, steps } of cases) {
    it(title, async () => {
      assert.deepEqual((await planOf(await started(), edits)).map(brief), steps);
    });
  }

  it("says what is written, and because of which node", async () => {
    const [step] = await planOf(await started(), [["merge", `${entry}/port`, "p2"]]);

    assert.deepEqual(step, {
      cube: "br0",
      operation: "put",
      target: "static_fdb",
      key: { address: station },
      value: { port: 1 },
      cause: entry,
    });
  });

  it("changes nothing by itself: no write, no commit, no event, no journal", async () => {
    const writes: Write[] = [];
    const fixture = await started((dataplane) => recordingDataplane(dataplane, writes));
    const { engine, schema, log } = fixture;
    const before = [engine.snapshot(), jsonOf(schema, engine.snapshot().root), log.records.length];
    writes.length = 0;
    const heard = fixture.heard();

    await planOf(fixture, [
      ["delete", br0],
      ["create", "/patch:patch[name='pp0']", { ports: [{ name: "a", peer: "dev2" }] }],
    ]);

    const { root } = engine.snapshot();
    assert.deepEqual([engine.snapshot(), jsonOf(schema, root), log.records.length], before);
    assert.deepEqual([writes, heard], [[], []]);
  });

  it("may be asked for while the journal cannot be written", async () => {
    const fixture = await started();
    fixture.log.recover = () => Promise.reject(new Error("still full"));
    fixture.log.fail(new Error("full"));

    assert.notDeepEqual(await planOf(fixture, [["delete", br0]]), []);
  });
});

describe("a commit", () => {
  it("that cannot forget a learned entry is undone as a whole", async () => {
    const learned = "02:00:00:00:00:0a";
    let limit = Number.POSITIVE_INFINITY;
    const fixture = await started((dataplane) => {
      const failing = failingDataplane(dataplane, 1);
      const methods = (name: string | symbol, object: object): unknown => {
        const isForgetting = limit === 0 && name === "deleteRows";
        const value: unknown = Reflect.get(isForgetting ? failing : object, name);
        return typeof value === "function" ? value.bind(isForgetting ? failing : object) : value;
      };
      return new Proxy(dataplane, { get: (object, name) => methods(name, object) });
    });
    const { engine, edit, memory, objectId } = fixture;
    learn(memory, objectId(br0), { address: learned, port: 0 });
    const before = picture(memory, layouts);
    limit = 0;

    const commit = engine.commit(
      [
        edit("delete", `${br0}/fdb/entry[address='${learned}']`),
        edit("merge", `${br0}/fdb/aging-time`, 7),
      ],
      local,
    );

    await assert.rejects(commit, { name: "CommitError", kind: "kernel" });
    assert.deepEqual(picture(memory, layouts), before);
    assert.deepEqual(learnedAddresses(memory, objectId(br0)), [learned]);
    assert.equal(fixture.read(`${br0}/fdb/aging-time`), 300);
  });

  it("of a caller that has given up does not begin", async () => {
    const { engine, edit, read } = await started();

    const commit = engine.commit([edit("delete", br0)], { ...local, signal: AbortSignal.abort() });

    await assert.rejects(commit, { name: "CommitError", kind: "unavailable" });
    assert.notEqual(read(br0), undefined);
  });
});
