import assert from "node:assert/strict";
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
    await engine.commit([edit("delete", br0)], { user: "CN=ann", wait: "applied" });
    const before = reports.length;

    log.settle();
    await engine.commit([], local);

    const [{ appliedMs = 0, durableMs = 0, ...report } = {}] = reports;
    assert.equal(before, 0);
    assert.deepEqual(report, { user: "CN=ann", outcome: "committed", id: "2" });
    assert.ok(0 < appliedMs && appliedMs < durableMs, `${appliedMs} < ${durableMs}`);
  });

  it("says that it failed when the disk refused it", async () => {
    const { engine, edit, log, reports } = await started();
    const commit = engine.commit([edit("delete", br0)], local);
    await engine.commit([], applied);

    log.fail(new Error("no space left on device"));
    await assert.rejects(commit);

    const [{ appliedMs = 0, ...report } = {}] = reports.slice(1);
    assert.deepEqual(report, { user: "local", outcome: "failed", id: "2" });
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

      const [{ appliedMs: _, ...report } = {}] = fixture.reports;
      assert.deepEqual(report, { user: "local", ...outcome });
      assert.equal(fixture.reports.length, 1);
    });
  }
});
