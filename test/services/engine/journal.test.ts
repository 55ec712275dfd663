import assert from "node:assert/strict";
import fc from "fast-check";
import { CommitError, RequestError } from "../../../src/datamodel/error.ts";
import { objectsOf } from "../../../src/services/discover.ts";
import { encodeSnapshot, restoredState } from "../../../src/services/engine/commit-log.ts";
import {
  anyServices,
  type EngineFixture,
  engineFixture,
  local,
  schemaOfServices,
} from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { picture } from "../../support/picture.ts";
import { RandomEdits } from "../../support/random-edits.ts";
import { jsonOf, treeOf } from "../../support/tree.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const services = [...anyServices, patchPanel];
const layouts = objectsOf(services);
const diskFull = new Error("no space left on device");

/** Configuration and data plane together, as one value to compare. */
function stateOf({ engine, schema, dataplane }: EngineFixture): unknown {
  return [jsonOf(schema, engine.snapshot().root), picture(dataplane, layouts)];
}

/** A durable bridge with a port, and appends that wait from now on. */
async function started(): Promise<EngineFixture> {
  const fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
  const { edit, commit, log } = fixture;
  await commit(edit("create", br0, { ports: [{ name: "p1", peer: "dev1" }] }));
  log.holding = true;
  return fixture;
}

const applied = { ...local, wait: "applied" } as const;

describe("commits that the journal cannot write", () => {
  it("are undone, all that were not durable, the newest first, and told so", async () => {
    const fixture = await started();
    const { engine, edit, log } = fixture;
    const before = stateOf(fixture);
    await engine.commit([edit("merge", `${br0}/ports[name='p2']`, { peer: "dev2" })], applied);
    await engine.commit([edit("delete", br0)], applied);
    await engine.commit([edit("create", "/patch:patch[name='br0']", {})], applied);
    const heard = fixture.heard();
    const roots = [engine.snapshot().root];
    engine.subscribe(({ newer }) => roots.push(newer));

    log.fail(diskFull);
    await engine.close();

    assert.deepEqual(stateOf(fixture), before);
    assert.equal(heard.length, 3);
    for (const [index, { older, newer }] of heard.entries()) {
      assert.equal(older, roots[index]);
      assert.equal(newer, roots[index + 1]);
    }
    assert.equal(roots.at(-1), engine.snapshot().root);
    assert.deepEqual(fixture.errors, []);
  });

  it("fail for the caller that waits until they are durable", async () => {
    const { engine, edit, log } = await started();
    const commit = engine.commit([edit("delete", br0)], local);
    await engine.commit([], applied);

    log.fail(diskFull);

    await assert.rejects(commit, (error) => {
      assert(error instanceof CommitError);
      assert.equal(error.kind, "unavailable");
      assert.equal(error.cause, diskFull);
      return true;
    });
  });

  it("are no ground for a commit that changes nothing to be durable", async () => {
    const { engine, edit, log, read } = await started();
    const same = [edit("merge", `${br0}/loglevel`, "DEBUG")];
    await engine.commit(same, applied);
    const early = await engine.commit(same, applied);
    const commit = engine.commit(same, local);
    await engine.commit([], applied);

    log.fail(diskFull);

    await assert.rejects(commit, { kind: "unavailable" });
    assert.equal(early.violations === undefined && early.commit?.durable, false);
    await engine.close();
    assert.equal(read(`${br0}/loglevel`), "INFO");
  });

  it("let a commit that changes nothing wait until what it has found is durable", async () => {
    const { engine, edit, log } = await started();
    const same = [edit("merge", `${br0}/loglevel`, "DEBUG")];
    await engine.commit(same, applied);
    const order: string[] = [];
    const commit = engine.commit(same, local).then(() => order.push("answered"));
    await engine.commit([], applied);
    order.push("written");

    log.settle();

    await commit;
    assert.deepEqual(order, ["written", "answered"]);
  });

  it("keep the daemon from writing until the journal works again", async () => {
    const fixture = await started();
    const { engine, edit, log } = fixture;
    log.recover = () => Promise.reject(diskFull);
    log.fail(diskFull);
    const before = stateOf(fixture);

    const refused = engine.commit([edit("delete", br0)], local);
    await assert.rejects(refused, { name: "CommitError", kind: "unavailable" });
    const whileFailing = stateOf(fixture);
    log.recover = async () => {
      log.failure = undefined;
      log.holding = false;
    };
    await engine.commit([edit("delete", br0)], local);

    assert.deepEqual(whileFailing, before);
    assert.equal(engine.read([], "config"), engine.snapshot().root);
    assert.deepEqual(jsonOf(fixture.schema, engine.snapshot().root), {});
  });

  it("leave those alone that were durable before", async () => {
    const fixture = await started();
    const { engine, edit, log } = fixture;
    await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], applied);
    log.settle();
    await engine.commit([], applied);
    const before = stateOf(fixture);
    await engine.commit([edit("merge", `${br0}/loglevel`, "TRACE")], applied);

    log.fail(diskFull);
    await engine.close();

    assert.deepEqual(stateOf(fixture), before);
  });

  it("do not take a later one with them that the mended journal took", async () => {
    const { engine, edit, log, read } = await started();
    const failed = engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], local);
    await engine.commit([], applied);
    const later = engine.commit([edit("merge", `${br0}/fdb/aging-time`, 77)], local);
    log.fail(diskFull);
    log.holding = false;

    await assert.rejects(failed, { kind: "unavailable" });
    const outcome = await later;

    assert.equal(outcome.violations, undefined);
    await engine.close();
    assert.deepEqual([read(`${br0}/loglevel`), read(`${br0}/fdb/aging-time`)], ["INFO", 77]);
  });

  it("do not get their ids back", async () => {
    const { engine, edit, log } = await started();
    await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], applied);
    log.fail(diskFull);
    log.holding = false;

    const outcome = await engine.commit([edit("merge", `${br0}/loglevel`, "TRACE")], local);

    // 3 is the version that the undo made.
    assert.equal(outcome.violations === undefined && outcome.commit?.id, "4");
  });

  it("cannot be expected by others any more, but the version after them can", async () => {
    const { engine, edit, log } = await started();
    await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], applied);
    await engine.commit([edit("merge", `${br0}/fdb/aging-time`, 77)], applied);
    const heard: string[] = [];
    engine.subscribe(({ commitId }) => heard.push(commitId));
    log.fail(diskFull);
    log.holding = false;
    await engine.commit([], applied);
    const last = engine.snapshot().commitId;
    const dryRun = async (ifMatch: string) => {
      const edits = [edit("merge", `${br0}/loglevel`, "TRACE")];
      const outcome = await engine.commit(edits, { ...local, ifMatch, dryRun: true });
      return outcome.violations?.map(({ appTag, message }) => [appTag, message]);
    };

    assert.deepEqual([heard, last], [["4", "5"], "5"]);
    for (const undone of ["2", "3", "4"]) {
      const message = `commit ${undone} was undone: it could not be made durable`;
      assert.deepEqual(await dryRun(undone), [["if-match", message]]);
    }
    assert.deepEqual(await dryRun("1"), undefined);
    assert.deepEqual(await dryRun("5"), undefined);
  });

  it("are undone alone where the journal only does not take them", async () => {
    const fixture = await started();
    const { engine, edit, log } = fixture;
    const first = engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], local);
    await engine.commit([], applied);
    const before = stateOf(fixture);

    log.nextRefusal = new Error("the queue is full");
    const refused = engine.commit([edit("delete", br0)], local);
    await assert.rejects(refused, { name: "CommitError", kind: "unavailable" });
    const afterwards = stateOf(fixture);
    log.settle();

    assert.deepEqual(afterwards, before);
    assert.equal((await first).violations, undefined);
  });

  it("are undone though a device they use has vanished meanwhile", async () => {
    const fixture = await started();
    const { engine, devices, edit, log } = fixture;
    const ports = [{ name: "p", peer: "dev2" }];
    await engine.commit([edit("create", "/patch:patch[name='pp0']", { ports })], applied);

    devices.remove(devices.byName("dev2")?.ifindex ?? 0);
    log.fail(diskFull);
    await engine.close();

    assert.deepEqual(fixture.errors, []);
    assert.equal(fixture.memory.objects().length, 3);
  });
});

describe("a stored configuration", () => {
  const schema = schemaOfServices(services);
  const deviceNames = ["dev1", "dev2", "dev3"];

  it("is the same again from any snapshot and the records after it", () =>
    fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const { engine, log } = await engineFixture({ services, devices: deviceNames });
        const edits = new RandomEdits(schema, deviceNames);
        const commits = gen(fc.integer, { min: 1, max: 8 });
        const snapshotAfter = gen(fc.nat, { max: commits });
        let snapshot: Uint8Array | undefined;
        for (let commit = 0; commit <= commits; commit += 1) {
          if (commit === snapshotAfter) {
            const { root, commitId } = engine.snapshot();
            snapshot = Buffer.concat([...encodeSnapshot(schema, { root, id: Number(commitId) })]);
            log.records.length = 0;
          }
          if (commit < commits) await engine.commit(edits.draw(gen, engine.snapshot().root), local);
        }

        const restored = restoredState(schema, { snapshot, records: log.records });

        const { root, commitId } = engine.snapshot();
        assert.deepEqual(jsonOf(schema, restored.root), jsonOf(schema, root));
        assert.equal(String(restored.id), commitId);
        await engine.close();
      }),
      { numRuns: 40, endOnFailure: true },
    )).timeout(30_000);

  it("is as old as its snapshot where nothing changed since", async () => {
    const first = await engineFixture();
    await first.commit(first.edit("create", br0, { ports: [{ name: "p1" }, { name: "p2" }] }));
    const { root } = first.engine.snapshot();
    const snapshot = Buffer.concat([...encodeSnapshot(first.schema, { root, id: 7 })]);
    const stored = restoredState(first.schema, { snapshot, records: [] });
    const { engine, edit, commit } = await engineFixture({ stored });
    await commit(edit("merge", `${br0}/ports[name='p1']`, { peer: "" }));

    const writes = (name: string, ifMatch: string) =>
      engine.commit([edit("replace", `${br0}/ports[name='${name}']`, {})], { ...local, ifMatch });

    assert.notEqual((await writes("p1", "7")).violations, undefined);
    assert.equal((await writes("p2", "7")).violations, undefined);
    assert.notEqual((await writes("p2", "6")).violations, undefined);
  });

  it("that is not valid any more is refused, with all that is wrong", async () => {
    const entry = [{ address: "02:00:00:00:00:01", port: "p9" }];
    const bridges = [{ name: "br0", fdb: { entry } }];
    const root = treeOf(schema, { "simplebridge:simplebridge": bridges });

    await assert.rejects(engineFixture({ services, stored: { root, id: 1 } }), (error) => {
      assert(error instanceof RequestError);
      const paths = error.violations.map(({ path }) => path);
      assert.deepEqual(paths, [`${br0}/fdb/entry[address='02:00:00:00:00:01']/port`]);
      return true;
    });
  });
});
