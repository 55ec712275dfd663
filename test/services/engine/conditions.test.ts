import assert from "node:assert/strict";
import { once } from "node:events";
import type { PlanStep } from "../../../src/datamodel/datastore/datastore.ts";
import type { IrNode, IrWhen } from "../../../src/datamodel/schema/ir.ts";
import type { AnyService } from "../../../src/services/any-service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { type ServedEngine, servedEngine } from "../../support/served-engine.ts";

const pp0 = "/patch:patch[name='pp0']";
const cable = `${pp0}/cable[from='a']`;

/** A panel that has cables only while its comment does not say it is locked. */
function lockable({ model, ...service }: AnyService): AnyService {
  const when: readonly IrWhen[] = [
    { expression: "not(../comment = 'locked')", module: "patch", context: "self" },
  ];
  const withWhen = (node: IrNode): IrNode => {
    if (node.kind !== "list") return node;
    return node.name === "cable"
      ? { ...node, when }
      : { ...node, children: node.children.map(withWhen) };
  };
  return {
    ...service,
    model: { ...model, ir: { ...model.ir, data: model.ir.data.map(withWhen) } },
  };
}

const parts = { services: [lockable(patchPanel)] };

async function filled<T extends EngineFixture>(fixture: T): Promise<T> {
  const ports = [{ name: "a" }, { name: "b" }];
  await fixture.commit(fixture.edit("create", pp0, { ports, cable: [{ from: "a", to: "b" }] }));
  return fixture;
}

const brief = ({ operation, target, cause }: PlanStep) => `${operation} ${target} ${cause ?? ""}`;

describe("a commit by which a when turns false", () => {
  it("plans and makes the deletion of what it takes away, and no more", async () => {
    const fixture = await filled(await engineFixture(parts));
    const lock = fixture.edit("merge", `${pp0}/comment`, "locked");

    const planned = await fixture.engine.commit([lock], { ...local, dryRun: true });
    const heard = fixture.heard();
    await fixture.commit(lock);

    assert(planned.violations === undefined);
    assert.deepEqual(planned.plan.map(brief), [`delete cables ${cable}`]);
    assert.equal(fixture.read(cable), undefined);
    assert.deepEqual(fixture.memory.rows(fixture.objectId(pp0), "cables"), []);
    assert.equal(heard.length, 1);
  });

  it("is in the journal as it was made", async () => {
    const fixture = await filled(await engineFixture(parts));

    await fixture.commit(fixture.edit("merge", `${pp0}/comment`, "locked"));

    const record = Buffer.from(fixture.log.records.at(-1) ?? []).toString();
    assert.match(record, /locked/);
    assert.match(record, /cable/);
  });

  it("is refused with path and reason where it writes such a node itself", async () => {
    const fixture = await filled(await engineFixture(parts));

    const violations = await fixture.violations(
      fixture.edit("merge", `${pp0}/comment`, "locked"),
      fixture.edit("merge", cable, { to: "b" }),
    );

    assert.deepEqual(violations, [
      {
        path: cable,
        tag: "unknown-element",
        appTag: "when-violation",
        message: "may exist only when \"not(../comment = 'locked')\" is true",
      },
    ]);
    assert.deepEqual(fixture.read(cable, "config"), { from: "a", to: "b" });
  });

  it("is watched as a removal", async () => {
    await using served = await filled(await servedEngine(parts));
    const request = { patchName: "pp0", read: { view: "VIEW_CONFIG" } };
    const stream = served.client.watch("yangplane.patch.v1.PatchService/WatchCable", request);
    stream.on("error", () => undefined);
    await once(stream, "metadata");

    await served.commit(served.edit("merge", `${pp0}/comment`, "locked"));

    assert.deepEqual(await firstRemoved(served, stream), ["a"]);
    stream.cancel();
  });
});

/** The first cables that a watch tells are gone. */
async function firstRemoved(
  { client }: ServedEngine,
  stream: AsyncIterable<Buffer>,
): Promise<unknown[]> {
  for await (const bytes of stream) {
    const reply = client.decode("yangplane.patch.v1.WatchCableResponse", bytes);
    const changes = (reply["changes"] ?? []) as readonly Record<string, unknown>[];
    const gone = changes.filter(({ removed }) => removed !== undefined);
    if (gone.length > 0) return gone.map(({ cableFrom }) => cableFrom);
  }
  return [];
}
