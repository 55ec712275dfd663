import assert from "node:assert/strict";
import type { SchemaChange } from "../../../src/datamodel/datastore/datastore.ts";
import { CommitError, RequestError } from "../../../src/datamodel/error.ts";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { type Dataplane, KernelError } from "../../../src/dataplane/dataplane.ts";
import type { AnyService } from "../../../src/services/any-service.ts";
import { restoredState } from "../../../src/services/engine/commit-log.ts";
import {
  anyServices,
  type EngineFixture,
  engineFixture,
  local,
  schemaOfServices,
} from "../../support/engine.ts";
import { watchedDataplane } from "../../support/observed-dataplane.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { jsonOf } from "../../support/tree.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const pp0 = "/patch:patch[name='pp0']";
const offer = { service: patchPanel, object: "" };

/** An engine with a bridge that has a port. */
async function bridged(parts: Parameters<typeof engineFixture>[0] = {}): Promise<EngineFixture> {
  const fixture = await engineFixture({ devices: ["dev1", "dev2"], ...parts });
  const { edit, commit } = fixture;
  await commit(edit("create", br0, { ports: [{ name: "p1", peer: "dev1" }] }));
  return fixture;
}

function withModel(change: (ir: IrModule) => IrModule): AnyService {
  const { model } = patchPanel;
  return { ...patchPanel, model: { ...model, ir: change(model.ir) } };
}

function hearSchema({ engine }: EngineFixture): SchemaChange[] {
  const changes: SchemaChange[] = [];
  engine.subscribeSchema((change) => changes.push(change));
  return changes;
}

function refusedWith(tag: string, message: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof RequestError, String(error));
    assert.equal(error.violations[0]?.tag, tag);
    assert.match(error.violations[0]?.message ?? "", message);
    return true;
  };
}

describe("a service that comes while the engine runs", () => {
  it("has cubes with rows, state and peers, beside those that were there", async () => {
    const fixture = await bridged();
    const { engine, edit, commit, read, violations } = fixture;
    const before = engine.snapshot().root;
    const heard = hearSchema(fixture);

    await engine.addService(offer);

    assert.deepEqual(heard, [{ kind: "added", module: "patch" }]);
    assert.equal(engine.snapshot().root, before);
    const ports = [{ name: "a", peer: "dev2" }, { name: "b" }];
    await commit(edit("create", pp0, { ports, cable: [{ from: "a", to: "b" }] }));
    const port = read(`${pp0}/ports[name='a']`) as { status: string; counters: object };
    assert.equal(port.status, "UP");
    const [row] = fixture.dataplane.rows(fixture.objectId(pp0), "cables");
    assert.deepEqual([...(row?.key ?? [])], [0, 0, 0, 0]);
    const taken = await violations(edit("merge", `${br0}/ports[name='p2']`, { peer: "dev2" }));
    assert.deepEqual(
      taken.map(({ tag }) => tag),
      ["in-use"],
    );
    const named = await violations(edit("create", "/patch:patch[name='br0']", {}));
    assert.match(named[0]?.message ?? "", /there is a simplebridge of this name already/);
    const lost = await violations(edit("delete", `${pp0}/ports[name='b']`));
    assert.match(lost[0]?.path ?? "", /cable\[from='a'\]/);
  });

  it("is there whole, and goes again, although a listener to the schema throws", async () => {
    const fixture = await bridged();
    const { engine, edit, commit, errors } = fixture;
    const fault = new Error("a listener's own");
    engine.subscribeSchema(() => {
      throw fault;
    });
    const heard = hearSchema(fixture);

    await engine.addService(offer);
    await commit(edit("create", pp0, {}));
    await commit(edit("delete", pp0));
    await engine.removeService("patch");

    assert.deepEqual(
      heard.map(({ kind }) => kind),
      ["added", "removed"],
    );
    assert.deepEqual(errors, [fault, fault]);
  });

  it("is judged by what was configured before: indexes are filled again", async () => {
    const { engine, edit, commit, violations } = await bridged();
    const fdb = `${br0}/fdb/entry[address='02:00:00:00:00:01']`;
    await commit(edit("create", fdb, { port: "p1" }));

    await engine.addService(offer);

    const lost = await violations(edit("delete", `${br0}/ports[name='p1']`));
    assert.deepEqual(
      lost.map(({ path }) => path),
      [`${fdb}/port`],
    );
  });

  const broken: readonly { what: string; service: AnyService; refused: RegExp }[] = [
    {
      what: "a module of a name that is taken",
      service: anyServices[0] as AnyService,
      refused: /service simplebridge: there is a module simplebridge already/,
    },
    {
      what: "a must that is not XPath",
      service: withModel((ir) => {
        const must = { expression: "name = (", module: "patch" };
        return { ...ir, data: ir.data.map((node) => ({ ...node, musts: [must] })) };
      }),
      refused: /name = \(/,
    },
  ];

  for (const { what, service, refused } of broken) {
    it(`is refused, and nothing has changed: ${what}`, async () => {
      const fixture = await bridged();
      const heard = hearSchema(fixture);
      const { schema, engine, edit, commit } = fixture;
      const [children, modules] = [schema.root.children, [...schema.modules.keys()]];

      await assert.rejects(engine.addService({ service, object: "" }), refused);

      assert.deepEqual(heard, []);
      assert.deepEqual(schema.root.children, children);
      assert.deepEqual([...schema.modules.keys()], modules);
      await commit(edit("delete", br0));
    });
  }

  it("is refused where the data plane does not take its object, and may come again", async () => {
    let isRefusing = true;
    const wrap = (inner: Dataplane) =>
      watchedDataplane(inner, (write) => {
        if (isRefusing && write === "offerObject patch") throw new KernelError(write, "EIO");
      });
    const { engine, edit, commit, schema } = await bridged({ wrap });

    await assert.rejects(engine.addService(offer), KernelError);
    assert.ok(!schema.modules.has("patch"));

    isRefusing = false;
    await engine.addService(offer);
    await commit(edit("create", pp0, {}));
  });
});

describe("a service that goes while the engine runs", () => {
  it("is refused while it has cubes", async () => {
    const { engine, edit, commit, read } = await bridged();
    await engine.addService(offer);
    await commit(edit("create", pp0, {}));

    await assert.rejects(
      engine.removeService("patch"),
      refusedWith("in-use", /the service has a cube/),
    );

    assert.ok(read(pp0));
  });

  it("is gone with its nodes; edits that were read before are refused", async () => {
    const fixture = await bridged();
    const { engine, edit, commit, violations, schema } = fixture;
    await engine.addService(offer);
    await commit(edit("create", pp0, {}));
    await commit(edit("delete", pp0));
    const late = edit("create", pp0, {});
    const heard = hearSchema(fixture);

    await engine.removeService("patch");

    assert.deepEqual(heard, [{ kind: "removed", module: "patch" }]);
    assert.deepEqual([...schema.modules.keys()], ["simplebridge"]);
    const refused = await violations(late, edit("delete", br0));
    assert.deepEqual(refused, [
      { path: pp0, tag: "unknown-element", message: "the service has been unloaded" },
    ]);
    assert.throws(() =>
      fixture.dataplane.loadObject({ id: "x", object: "patch", constants: {}, capacity: {} }),
    );
  });

  it("may come back, and edits of its former life stay refused", async () => {
    const { engine, edit, commit, violations } = await bridged();
    await engine.addService(offer);
    const late = edit("create", pp0, {});
    await engine.removeService("patch");
    await engine.addService(offer);

    await commit(edit("create", pp0, {}));

    assert.equal((await violations(late))[0]?.tag, "unknown-element");
  });

  it("is not needed to read the journal afterwards", async () => {
    const { engine, edit, commit, log, schema } = await bridged();
    await engine.addService(offer);
    await commit(edit("create", pp0, {}));
    await commit(edit("delete", pp0));
    const configured = jsonOf(schema, engine.snapshot().root);

    await engine.removeService("patch");

    const without = schemaOfServices(anyServices);
    const { root, id } = restoredState(
      without,
      log as { snapshot: Uint8Array; records: Uint8Array[] },
    );
    assert.deepEqual(jsonOf(without, root), configured);
    assert.equal(String(id), engine.snapshot().commitId);
  });

  it("stays where the journal cannot be written", async () => {
    const { engine, log, schema } = await bridged();
    await engine.addService(offer);
    log.failure = new Error("no space left on device");

    await assert.rejects(engine.removeService("patch"), CommitError);

    assert.ok(schema.modules.has("patch"));
  });

  it("stays where the deletion of its last cube was not durable", async () => {
    const { engine, edit, commit, log, read } = await bridged();
    await engine.addService(offer);
    await commit(edit("create", pp0, {}));
    log.holding = true;
    await engine.commit([edit("delete", pp0)], { ...local, wait: "applied" });

    const removal = engine.removeService("patch");
    log.fail(new Error("no space left on device"));

    await assert.rejects(removal, refusedWith("in-use", /the service has a cube/));
    assert.ok(read(pp0));
  });
});
