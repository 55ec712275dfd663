import assert from "node:assert/strict";
import { emptyObject } from "../../../src/datamodel/tree/node.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const applied = { ...local, wait: "applied" } as const;

/** A bridge, and appends that wait from now on. */
async function started(): Promise<EngineFixture> {
  const fixture = await engineFixture();
  const { edit, commit, log, reports } = fixture;
  await commit(edit("create", br0, {}));
  reports.splice(0);
  log.holding = true;
  return fixture;
}

describe("the report of a transaction", () => {
  it("comes when it is on disk, also if the caller did not wait, and tells both times", async () => {
    const { engine, edit, log, reports } = await started();
    await engine.commit([edit("delete", br0)], {
      user: "CN=ann",
      call: "grpc Apply",
      wait: "applied",
    });
    const before = reports.length;

    log.settle();
    await engine.commit([], local);

    const [{ appliedMs = 0, durableMs = 0, ...report } = {}] = reports;
    assert.equal(before, 0);
    const subject = { pathCount: 1, paths: [br0] };
    const who = { user: "CN=ann", call: "grpc Apply", subject };
    assert.deepEqual(report, { ...who, outcome: "committed", id: "2" });
    assert.ok(0 < appliedMs && appliedMs < durableMs, `${appliedMs} < ${durableMs}`);
  });

  it("says that it failed when the disk refused it", async () => {
    const { engine, edit, log, reports } = await started();
    const commit = engine.commit([edit("delete", br0)], local);
    await engine.commit([], applied);

    log.fail(new Error("no space left on device"));
    await assert.rejects(commit);

    const [{ appliedMs = 0, outcome, id, error } = {}] = reports.slice(1);
    assert.deepEqual({ outcome, id }, { outcome: "failed", id: "2" });
    assert.match(String((error as Error).cause), /no space left/);
    assert.ok(appliedMs > 0);
  });

  const others = [
    {
      title: "refused, of one that would make the configuration invalid",
      run: ({ engine, edit }: EngineFixture) => engine.commit([edit("create", br0, {})], local),
      outcome: { outcome: "refused" },
    },
    {
      title: "planned, of a dry run",
      run: ({ engine, edit }: EngineFixture) =>
        engine.commit([edit("delete", br0)], { ...local, dryRun: true }),
      outcome: { outcome: "planned" },
    },
    {
      title: "unchanged, of one that changes nothing",
      run: ({ engine }: EngineFixture) => engine.commit([], local),
      outcome: { outcome: "unchanged", id: "1" },
    },
    {
      title: "failed, of one whose caller gave up",
      run: ({ engine, edit }: EngineFixture) =>
        engine.commit([edit("delete", br0)], { ...local, signal: AbortSignal.abort() }),
      outcome: { outcome: "failed" },
    },
  ];

  for (const { title, run, outcome } of others) {
    it(`says ${title}`, async () => {
      const fixture = await started();

      await run(fixture).catch(() => undefined);

      const [{ appliedMs: _, subject: _subject, error, ...report } = {}] = fixture.reports;
      assert.deepEqual(report, { user: "local", ...outcome });
      assert.equal(error !== undefined, ["refused", "failed"].includes(outcome.outcome));
      assert.equal(fixture.reports.length, 1);
    });
  }

  it("says unchanged also while what it has found is not on disk yet", async () => {
    const { engine, edit, reports } = await started();
    await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], applied);

    await engine.commit([edit("merge", `${br0}/loglevel`, "DEBUG")], applied);

    assert.deepEqual(
      reports.map(({ outcome }) => outcome),
      ["unchanged"],
    );
  });

  it("counts the nodes that edits name, and tells the first five", async () => {
    const { engine, edit, log, reports } = await started();
    const edits = Array.from({ length: 7 }, (_, index) =>
      edit("create", `${br0}/ports[name='p${index}']`, {}),
    );

    await engine.commit(edits, applied);
    log.settle();
    await engine.commit([], local);

    const [{ subject } = {}] = reports;
    assert.equal(subject?.pathCount, 7);
    assert.equal(subject?.paths.length, 5);
    assert.equal(subject?.paths[4], `${br0}/ports[name='p4']`);
  });

  it("names an action by its path", async () => {
    const { engine, schema, reports } = await started();
    const path = parsePath(schema, `${br0}/fdb`);
    const container = path.at(-1)?.schema;
    assert(container && "operations" in container);
    const flush = container.operations.get("flush");
    assert(flush);

    await engine.invoke(path, flush, emptyObject(flush.input), local);

    assert.deepEqual(reports[0]?.subject, { pathCount: 1, paths: [`${br0}/fdb/flush`] });
  });
});
