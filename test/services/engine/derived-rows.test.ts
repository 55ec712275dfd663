import assert from "node:assert/strict";
import type { PlanStep } from "../../../src/datamodel/datastore/datastore.ts";
import { u32 } from "../../../src/lib/codec.ts";
import type { AnyDerived } from "../../../src/services/any-service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { recordingDataplane, type Write } from "../../support/observed-dataplane.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";
const tray = (name: string) => `${pp0}/tray[name='${name}']`;

interface Panel extends EngineFixture {
  /** Calls of what a service derives rows by. */
  readonly calls: string[];
  readonly writes: Write[];
}

/** Three trays, and a note of what is called and written from then on. */
async function panel(): Promise<Panel> {
  const calls: string[] = [];
  const writes: Write[] = [];
  const derived = Object.entries(patchPanel.derived ?? {}).map(([map, one]) => {
    return [map, noting(one, (call) => calls.push(`${map} ${call}`))] as const;
  });
  const fixture = await engineFixture({
    services: [{ ...patchPanel, derived: Object.fromEntries(derived) }],
    wrap: (dataplane) => recordingDataplane(dataplane, writes),
  });
  const trays = [
    { name: "x", height: 3, clip: [{ number: 1, port: "a" }] },
    { name: "y", height: 5, clip: [{ number: 1, port: "a" }] },
    { name: "z", height: 7 },
  ];
  const ports = [{ name: "a" }, { name: "b" }];
  await fixture.commit(fixture.edit("create", pp0, { ports, tray: trays }));
  calls.length = 0;
  writes.length = 0;
  return { ...fixture, calls, writes };
}

function noting({ changes, ...one }: AnyDerived, note: (call: string) => void): AnyDerived {
  const rows: AnyDerived["rows"] = (source) => {
    note("rows");
    return one.rows(source);
  };
  if (changes === undefined) return { ...one, rows };
  return {
    ...one,
    rows,
    changes: (was, is) => {
      note("changes");
      return changes(was, is);
    },
  };
}

function rows({ memory, objectId }: EngineFixture, map: string): Record<number, number> {
  const all = memory.rows(objectId(pp0), map);
  return Object.fromEntries(all.map(({ key, value }) => [u32.decode(key), u32.decode(value)]));
}

function written({ writes, objectId }: Panel): string[] {
  return writes.map((write) => write.replace(objectId(pp0), "pp0"));
}

describe("a derived map", () => {
  it("has the rows of its source from the beginning", async () => {
    const fixture = await panel();

    assert.deepEqual(rows(fixture, "stack"), { 0: 0, 1: 3, 2: 8 });
    assert.deepEqual(rows(fixture, "holds"), { 0: 2 });
  });

  it("is written where its rows differ, and put together by key", async () => {
    const fixture = await panel();

    await fixture.commit(fixture.edit("delete", tray("y")));

    assert.deepEqual(rows(fixture, "stack"), { 0: 0, 1: 3 });
    assert.deepEqual(written(fixture), [
      "putRows pp0 holds 1",
      "deleteRows pp0 clips 1",
      "deleteRows pp0 stack 1",
    ]);
  });

  it("follows an order that the user changes", async () => {
    const fixture = await panel();
    const [first] = [fixture.edit("merge", tray("z"), {})];

    await fixture.commit({ ...first, insert: { where: "first" } });

    assert.deepEqual(rows(fixture, "stack"), { 0: 0, 1: 7, 2: 10 });
  });

  it("is not computed again while its source is the same", async () => {
    const fixture = await panel();

    await fixture.commit(fixture.edit("merge", `${pp0}/comment`, "nothing of it"));

    assert.deepEqual([fixture.calls, fixture.writes], [[], []]);
  });

  it("is computed by the service's own difference where there is one", async () => {
    const fixture = await panel();

    await fixture.commit(fixture.edit("create", `${tray("z")}/clip[number='1']`, { port: "b" }));

    assert.deepEqual(fixture.calls, ["stack rows", "stack rows", "holds changes"]);
    assert.deepEqual(rows(fixture, "holds"), { 0: 2, 1: 1 });
  });

  it("is in the plan with the rows that would be written, because of the cube", async () => {
    const fixture = await panel();

    const edits = [fixture.edit("merge", `${tray("x")}/height`, 4)];
    const { plan = [] } = (await fixture.engine.commit(edits, { ...local, dryRun: true })) as {
      plan?: readonly PlanStep[];
    };

    const steps = plan.filter(({ target }) => target === "stack");
    assert.deepEqual(steps, [
      { cube: "pp0", operation: "put", target: "stack", key: 1, value: 4, cause: pp0 },
      { cube: "pp0", operation: "put", target: "stack", key: 2, value: 9, cause: pp0 },
    ]);
    assert.deepEqual(fixture.writes, []);
  });

  it("with more rows than its map has room for is refused, and nothing written", async () => {
    const fixture = await panel();
    const { edit } = fixture;

    const violations = await fixture.violations(
      edit("create", tray("v"), {}),
      edit("create", tray("w"), {}),
    );

    assert.deepEqual(
      violations.map(({ path, tag, message }) => [path, tag, message]),
      [[pp0, "resource-denied", "5 rows for map stack, which has 4"]],
    );
    assert.deepEqual(fixture.writes, []);
  });

  it("is as before after a commit that is undone", async () => {
    const fixture = await panel();
    fixture.log.holding = true;

    const written = fixture.log.nextRecord();
    const clip = { port: "a" };
    const adding = fixture.commit(fixture.edit("create", `${tray("z")}/clip[number='1']`, clip));
    await written;
    const meanwhile = rows(fixture, "holds");
    fixture.log.fail(new Error("no space left on device"));
    await assert.rejects(adding);

    assert.deepEqual([meanwhile, rows(fixture, "holds")], [{ 0: 3 }, { 0: 2 }]);
  });
});
