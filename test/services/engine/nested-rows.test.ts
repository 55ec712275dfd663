import assert from "node:assert/strict";
import type { Edit, PlanStep } from "../../../src/datamodel/datastore/datastore.ts";
import { u32 } from "../../../src/lib/codec.ts";
import type { AnyService, AnyTable } from "../../../src/services/any-service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";
const low = `${pp0}/tray[name='low']`;
const high = `${pp0}/tray[name='high']`;

/** Two trays: the low one, in slot 0, with two clips, the high one, in slot 1, with one. */
async function panel(service: AnyService = patchPanel): Promise<EngineFixture> {
  const fixture = await engineFixture({ services: [service] });
  const tray = [
    {
      name: "low",
      height: 3,
      clip: [
        { number: 1, port: "a" },
        { number: 2, port: "b" },
      ],
    },
    { name: "high", height: 5, clip: [{ number: 1, port: "b" }] },
  ];
  const ports = [{ name: "a" }, { name: "b" }];
  await fixture.commit(fixture.edit("create", pp0, { ports, tray }));
  return fixture;
}

/** By `slot/number`: `colour/height/port`. */
function clips({ memory, objectId }: EngineFixture): Record<string, string> {
  const rows = memory.rows(objectId(pp0), "clips").map(({ key, value }) => {
    const [at, is] = [u32.decode(key), u32.decode(value)];
    const place = `${Math.floor(at / 65_536)}/${at % 65_536}`;
    return [place, `${Math.floor(is / 2 ** 24)}/${Math.floor(is / 256) % 65_536}/${is % 256}`];
  });
  return Object.fromEntries(rows);
}

/** What edits write into the map, each with its cause. */
async function planned({ engine }: EngineFixture, ...edits: Edit[]): Promise<string[]> {
  const outcome = await engine.commit(edits, { ...local, dryRun: true });
  assert("plan" in outcome && outcome.plan, "the edits are accepted");
  const steps = (outcome.plan as readonly PlanStep[]).filter(({ target }) => target === "clips");
  return steps.map(({ operation, key, cause }) => `${operation} ${key} ${cause?.replace(pp0, "")}`);
}

describe("rows of entries in a nested list", () => {
  it("are made of the entry and the one it is nested in", async () => {
    assert.deepEqual(clips(await panel()), { "0/1": "0/3/0", "0/2": "0/3/1", "1/1": "0/5/1" });
  });

  const cases: readonly {
    readonly title: string;
    readonly edits: readonly (readonly [Edit["operation"], string, unknown?])[];
    readonly steps: readonly string[];
  }[] = [
    {
      title: "that one entry changes",
      edits: [["merge", `${low}/clip[number='2']/port`, "a"]],
      steps: ["put 2 /tray[name='low']/clip[number='2']"],
    },
    {
      title: "of an entry that comes and one that goes",
      edits: [
        ["create", `${high}/clip[number='9']`, { port: "a" }],
        ["delete", `${low}/clip[number='1']`],
      ],
      steps: [
        "put 65545 /tray[name='high']/clip[number='9']",
        "delete 1 /tray[name='low']/clip[number='1']",
      ],
    },
    {
      title: "whose parent changes in a leaf",
      edits: [["merge", `${low}/height`, 4]],
      steps: [
        "put 1 /tray[name='low']/clip[number='1']",
        "put 2 /tray[name='low']/clip[number='2']",
      ],
    },
    {
      title: "whose parent changes in a leaf of a container, and which come and go with that",
      edits: [
        ["merge", `${low}/label/colour`, 7],
        ["delete", `${low}/clip[number='1']`],
        ["create", `${low}/clip[number='3']`, { port: "a" }],
      ],
      steps: [
        "put 2 /tray[name='low']/clip[number='2']",
        "put 3 /tray[name='low']/clip[number='3']",
        "delete 1 /tray[name='low']/clip[number='1']",
      ],
    },
    {
      title: "whose parent comes or goes",
      edits: [
        ["delete", high],
        ["create", `${pp0}/tray[name='new']`, { clip: [{ number: 4, port: "a" }] }],
      ],
      steps: [
        "put 131076 /tray[name='new']/clip[number='4']",
        "delete 65537 /tray[name='high']/clip[number='1']",
      ],
    },
    { title: "of none, where their order alone changes", edits: [["merge", high]], steps: [] },
  ];
  for (const { title, edits, steps } of cases) {
    it(`are written where they differ: ${title}`, async () => {
      const fixture = await panel();
      const wanted = edits.map(([operation, path, json]) => fixture.edit(operation, path, json));

      assert.deepEqual(await planned(fixture, ...wanted), steps);
    });
  }

  it("are looked at where they or their parent changed, and nowhere else", async () => {
    const looked: number[] = [];
    const { clips: table } = patchPanel.tables;
    assert(table);
    const row: AnyTable["row"] = (entry, config, parent) => {
      looked.push(Number(entry["number"]));
      return table.row(entry, config, parent);
    };
    const tables = { ...patchPanel.tables, clips: { ...table, row } };
    const fixture = await panel({ ...patchPanel, tables });
    looked.length = 0;

    await fixture.commit(fixture.edit("create", `${low}/clip[number='9']`, { port: "a" }));

    assert.deepEqual(looked, [9]);
  });

  it("are counted over all parents against the room of the map", async () => {
    const fixture = await panel();

    const violations = await fixture.violations(
      fixture.edit("create", `${high}/clip[number='2']`, { port: "a" }),
      fixture.edit("create", `${high}/clip[number='3']`, { port: "a" }),
    );

    assert.deepEqual(
      violations.map(({ tag, message }) => [tag, message]),
      [["resource-denied", "5 rows for map clips, which has 4"]],
    );
  });
});
