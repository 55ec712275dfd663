import assert from "node:assert/strict";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import type { NotificationEvent } from "../../../src/datamodel/datastore/datastore.ts";
import { printPath } from "../../../src/datamodel/tree/path.ts";
import type { AnyService } from "../../../src/services/any-service.ts";
import { type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { alarm } from "../../support/patch-model.ts";
import { patchPanel } from "../../support/patch-panel.ts";

const pp0 = "/patch:patch[name='pp0']";

interface Panel extends EngineFixture {
  /** Path, name and value of all that was sent. */
  readonly sent: unknown[];
  light(port: number, colour: number): void;
}

async function panel(service: AnyService = patchPanel): Promise<Panel> {
  const fixture = await engineFixture({ services: [service] });
  const { edit, commit, engine, memory, objectId } = fixture;
  const ports = [{ name: "a" }, { name: "b" }];
  await commit(edit("create", pp0, { ports, cable: [{ from: "a", to: "b" }] }));
  const sent: unknown[] = [];
  engine.listen((notification) => sent.push(shown(notification)));
  const id = objectId(pp0);
  const light = (port: number, colour: number) =>
    memory.emit(id, "alarms", alarm.encode({ port, colour }));
  return { ...fixture, sent, light };
}

function shown({ path, schema, value }: NotificationEvent): unknown[] {
  return [printPath(path), schema.name, encodeJson(schema, value, { withDefaults: true })];
}

describe("a notification", () => {
  it("is sent for the cube, for a node in it, and for its module", async () => {
    const { light, sent, errors } = await panel();

    light(0, 0);

    assert.deepEqual(sent, [
      [pp0, "alarmed", { port: "a", sound: "beep" }],
      [`${pp0}/cable[from='a']`, "lit", { colour: 0 }],
      ["/", "blackout", { panel: "pp0" }],
    ]);
    assert.deepEqual(errors, []);
  });

  it("has the time it was sent at", async () => {
    const { engine, light } = await panel();
    const times: number[] = [];
    engine.listen(({ time }) => times.push(time.getTime()));

    const before = Date.now();
    light(1, 4);

    assert.equal(times.length, 1);
    assert(times.every((time) => time >= before && time <= Date.now()));
  });

  it("reaches all who listen until they leave, whatever one of them throws", async () => {
    const { engine, light, sent, errors } = await panel();
    const failure = new Error("a listener's own");
    const subscription = engine.listen(() => {
      throw failure;
    });

    light(1, 4);
    subscription[Symbol.dispose]();
    light(1, 5);

    assert.deepEqual([sent.length, errors], [2, [failure]]);
  });

  const faults: readonly { title: string; of: object; fault: RegExp }[] = [
    {
      title: "a value that its type does not have",
      of: { at: ["cable", ["a"]], name: "lit", value: { colour: 256 } },
      fault: /256/,
    },
    {
      title: "a leaf that is mandatory and missing",
      of: { name: "alarmed", value: {} },
      fault: /notification alarmed: .*port/,
    },
    {
      title: "a reference to nothing",
      of: { name: "alarmed", value: { port: "z" } },
      fault: /notification alarmed: .*port/,
    },
    {
      title: "a name that the model does not have",
      of: { name: "unheard-of", value: {} },
      fault: /notification unheard-of/,
    },
  ];
  for (const { title, of, fault } of faults) {
    it(`with ${title} is not sent, and the service's fault`, async () => {
      const alarms = () => ({ notifications: [of] }) as ReturnType<AnyAlarms>;
      const { light, sent, errors } = await panel({ ...patchPanel, events: { alarms } });

      light(0, 1);

      assert.deepEqual([sent, errors.length], [[], 1]);
      assert.match(JSON.stringify(errors[0], ["message", "violations"]) + String(errors[0]), fault);
    });
  }
});

describe("a service that is told of its ports", () => {
  /** What the test's service sends when it is: whether the port is up. */
  async function wired() {
    const fixture = await engineFixture({ services: [patchPanel], devices: ["dev1", "dev2"] });
    const sent: unknown[] = [];
    fixture.engine.listen(({ path, value }) => sent.push([printPath(path), value["up"]]));
    const { edit, commit } = fixture;
    await commit(edit("create", pp0, { ports: [{ name: "a", peer: "dev1" }, { name: "b" }] }));
    return { ...fixture, sent };
  }

  /** Work in turns of its own is done once the commits before it are through. */
  const settle = ({ engine }: EngineFixture) => engine.commit([], { ...local, dryRun: true });

  const [a, b] = [`${pp0}/ports[name='a']`, `${pp0}/ports[name='b']`];

  it("hears of those that come with the cube, and later", async () => {
    const { sent, edit, commit } = await wired();

    await commit(edit("create", `${pp0}/ports[name='c']`, { peer: "dev2" }));

    assert.deepEqual(sent, [
      [a, true],
      [b, false],
      [`${pp0}/ports[name='c']`, true],
    ]);
  });

  it("hears of a device that goes down, and of another peer", async () => {
    const fixture = await wired();
    const { sent, devices, edit, commit } = fixture;
    const { ifindex = 0 } = devices.byName("dev1") ?? {};
    sent.length = 0;

    devices.change(ifindex, { running: false });
    await settle(fixture);
    await commit(edit("merge", `${a}/peer`, "dev2"));
    await commit(edit("merge", `${a}/peer`, "dev2"));

    assert.deepEqual(sent, [
      [a, false],
      [a, true],
    ]);
  });

  it("hears of what is taken back with a commit that is undone", async () => {
    const fixture = await wired();
    const { sent, edit, log } = fixture;
    sent.length = 0;
    log.holding = true;

    const written = fixture.log.nextRecord();
    const connecting = fixture.commit(edit("merge", `${b}/peer`, "dev2"));
    await written;
    log.fail(new Error("no space left on device"));
    await assert.rejects(connecting);

    assert.deepEqual(sent, [
      [b, true],
      [b, false],
    ]);
  });

  it("hears of all of them when the daemon starts, and of no cube that is gone", async () => {
    const first = await wired();
    const stored = { id: 1, root: first.engine.snapshot().root };
    const told: unknown[] = [];
    const portChanged: AnyService["portChanged"] = (was, is) => {
      told.push([was?.name, is?.name]);
      return {};
    };
    const services = [{ ...patchPanel, portChanged }];
    const { edit, commit } = await engineFixture({ services, devices: ["dev1"], stored });
    const atStart = [...told];

    await commit(edit("delete", `${pp0}/ports[name='b']`));
    await commit(edit("delete", pp0));
    await commit(edit("create", pp0, { ports: [{ name: "z" }] }));

    assert.deepEqual(atStart, [
      [undefined, "a"],
      [undefined, "b"],
    ]);
    assert.deepEqual(told.slice(2), [
      ["b", undefined],
      [undefined, "z"],
    ]);
  });
});

type AnyAlarms = NonNullable<AnyService["events"]>[string];
