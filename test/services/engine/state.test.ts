import assert from "node:assert/strict";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import { printPath } from "../../../src/datamodel/tree/path.ts";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { u32, u64 } from "../../../src/lib/codec.ts";
import { anyServices, type EngineFixture, engineFixture } from "../../support/engine.ts";
import { alarm } from "../../support/patch-model.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";
const services = [...anyServices, patchPanel];

/** Two cabled ports, of which the first was metered. */
async function metered(): Promise<EngineFixture & { readonly id: string }> {
  const fixture = await engineFixture({ services, devices: ["dev1"] });
  const { edit, commit, memory, objectId } = fixture;
  const ports = [{ name: "a", peer: "dev1" }, { name: "b" }];
  const cable = [
    { from: "a", to: "b" },
    { from: "b", to: "a" },
  ];
  await commit(edit("create", pp0, { ports, cable }));
  const id = objectId(pp0);
  memory.putRows(id, "meter", [{ key: u32.encode(0), value: u64.encode(7n) }]);
  return { ...fixture, id };
}

describe("the operational view", () => {
  it("has what the service adds, in the nodes that are configured, and the defaults", async () => {
    const { read } = await metered();

    assert.deepEqual(read(`${pp0}/cable`), [
      { from: "a", to: "b", frames: "7" },
      { from: "b", to: "a" },
    ]);
    const { "service-name": serviceName, type } = read(pp0) as Record<string, unknown>;
    assert.deepEqual([serviceName, type], ["patch", "TC"]);
  });

  it("of everything is that of each part", async () => {
    const { engine, schema, read } = await metered();

    const whole = encodeJson(schema.root, engine.read([], "operational") as object as never, {
      withDefaults: true,
    });

    assert.deepEqual(whole["patch:patch"], [read(pp0)]);
  });

  it("is not the configuration, which has only what was set", async () => {
    const { read } = await metered();

    assert.deepEqual(read(`${pp0}/cable`, "config"), [
      { from: "a", to: "b" },
      { from: "b", to: "a" },
    ]);
    assert.equal(read(`${pp0}/ports[name='a']/status`, "config"), undefined);
  });

  it("has nothing where there is nothing", async () => {
    const { read } = await metered();

    for (const path of ["/patch:patch[name='pp9']", `${pp0}/ports[name='z']/counters`]) {
      assert.equal(read(path), undefined, path);
    }
  });
});

describe("an event of the data path", () => {
  it("is told as a change of the state of the nodes it concerns", async () => {
    const { engine, memory, id, heard } = await metered();
    const events = heard();

    memory.emit(id, "alarms", alarm.encode({ port: 1, colour: 0 }));

    const [event] = events;
    assert.deepEqual(
      event?.state.map((path) => printPath(path)),
      [`${pp0}/cable[from='b']`, `${pp0}/board`],
    );
    assert.equal(event?.older, event?.newer);
    assert.equal(event?.commitId, engine.snapshot().commitId);
  });

  it("that the service cannot read is an error without a caller, and no end", async () => {
    const { memory, id, heard, errors } = await metered();
    const events = heard();

    memory.emit(id, "alarms", new Uint8Array(1));
    memory.emit(id, "alarms", alarm.encode({ port: 0, colour: 0 }));

    assert.deepEqual([errors.length, events.length], [1, 1]);
  });

  it("that cannot be listened for does not undo a commit; the next tries again", async () => {
    const fixture = await engineFixture({ services });
    const { edit, commit, read, errors, memory, objectId, heard } = fixture;
    const subscribe = memory.subscribe.bind(memory);
    memory.subscribe = () => {
      memory.subscribe = subscribe;
      throw new KernelError("subscribing", "EMFILE");
    };

    await commit(edit("create", pp0, { ports: [{ name: "a" }], cable: [] }));
    await commit(edit("merge", `${pp0}/ports[name='b']`, {}));
    const events = heard();
    memory.emit(objectId(pp0), "alarms", alarm.encode({ port: 0, colour: 0 }));

    assert.notEqual(read(pp0), undefined);
    assert.deepEqual([errors.length, events.length], [1, 1]);
  });

  it("reaches subscribers until they leave, whatever one of them throws", async () => {
    const { engine, memory, id, errors } = await metered();
    const failure = new Error("a listener's own");
    engine.subscribe(() => {
      throw failure;
    });
    let told = 0;
    const subscription = engine.subscribe(() => {
      told += 1;
    });

    memory.emit(id, "alarms", alarm.encode({ port: 0, colour: 0 }));
    subscription[Symbol.dispose]();
    memory.emit(id, "alarms", alarm.encode({ port: 0, colour: 0 }));

    assert.equal(told, 1);
    assert.deepEqual(errors, [failure, failure]);
  });
});
