import assert from "node:assert/strict";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import type { CommitOptions } from "../../../src/datamodel/datastore/datastore.ts";
import { CommitError, RequestError } from "../../../src/datamodel/error.ts";
import { parsePath, printPath } from "../../../src/datamodel/tree/path.ts";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { u32, u64 } from "../../../src/lib/codec.ts";
import { objectsOf } from "../../../src/services/discover.ts";
import { anyServices, type EngineFixture, engineFixture, local } from "../../support/engine.ts";
import { lab } from "../../support/lab.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { picture } from "../../support/picture.ts";
import { jsonOf } from "../../support/tree.ts";

const pp0 = "/patch:patch[name='pp0']";
const low = `${pp0}/tray[name='low']`;
const services = [...anyServices, patchPanel, lab];

/** Three ports, of which the first was metered; a cable; two trays, one with clips. */
async function panel(): Promise<EngineFixture & { readonly id: string }> {
  const fixture = await engineFixture({ services, devices: ["dev1"] });
  const { edit, commit, memory, objectId } = fixture;
  const ports = [{ name: "a", peer: "dev1" }, { name: "b" }, { name: "c" }];
  const clip = [
    { number: 1, port: "a" },
    { number: 7, port: "b" },
  ];
  const tray = [{ name: "high" }, { name: "low", clip }];
  await commit(edit("create", pp0, { ports, cable: [{ from: "a", to: "b" }], tray }));
  const id = objectId(pp0);
  memory.putRows(id, "meter", [{ key: u32.encode(0), value: u64.encode(7n) }]);
  return { ...fixture, id };
}

interface Call {
  readonly name: string;
  /** Path of the node that has the action; an rpc where there is none. */
  readonly at?: string;
  readonly input?: object;
  readonly options?: Partial<CommitOptions>;
}

async function invoke({ engine, schema }: EngineFixture, { name, at = "/", ...call }: Call) {
  const path = parsePath(schema, at);
  const parent = path.at(-1)?.schema ?? schema.root;
  const operation = "operations" in parent ? parent.operations.get(name) : undefined;
  assert(operation, `there is ${name}`);
  const input = decodeJson(operation.input, call.input ?? {});
  const outcome = await engine.invoke(path, operation, input, { ...local, ...call.options });
  return { ...outcome, output: encodeJson(operation.output, outcome.output) };
}

function refusal(wrong: readonly (readonly [path: string, tag: string])[]) {
  return (error: unknown) => {
    assert(error instanceof RequestError, String(error));
    assert.deepEqual(
      error.violations.map(({ path, tag }) => [path, tag]),
      wrong,
    );
    return true;
  };
}

/** Configuration, maps and the meter's rows, as one value to compare. */
function everything({ engine, schema, memory, id }: Awaited<ReturnType<typeof panel>>) {
  const layouts = objectsOf(services);
  const meter = memory.rows(id, "meter").length;
  return [jsonOf(schema, engine.snapshot().root), picture(memory, layouts), meter];
}

describe("an action", () => {
  it("acts, answers, and tells subscribers what changed", async () => {
    const fixture = await panel();
    const heard = fixture.heard();

    const { output, commit } = await invoke(fixture, {
      name: "reset",
      at: pp0,
      input: { port: "a" },
    });

    assert.deepEqual(output, { frames: "7" });
    assert.equal(commit, undefined);
    assert.deepEqual(fixture.memory.rows(fixture.id, "meter"), []);
    const told = heard.flatMap(({ state }) => state.map((path) => printPath(path)));
    assert.deepEqual(told, [`${pp0}/cable[from='a']`]);
  });

  const refusals: readonly (Call & {
    readonly title: string;
    readonly wrong: readonly [path: string, tag: string];
  })[] = [
    {
      title: "its input lacks a mandatory leaf",
      name: "reset",
      at: pp0,
      wrong: [`${pp0}/reset/port`, "operation-failed"],
    },
    {
      title: "its input refers to nothing",
      name: "reset",
      at: pp0,
      input: { port: "z" },
      wrong: [`${pp0}/reset/port`, "data-missing"],
    },
    {
      title: "the cube does not exist",
      name: "reset",
      at: "/patch:patch[name='pp9']",
      input: { port: "a" },
      wrong: ["/patch:patch[name='pp9']", "data-missing"],
    },
    {
      title: "the entry does not exist",
      name: "release",
      at: `${low}/clip[number='9']`,
      wrong: [`${low}/clip[number='9']`, "data-missing"],
    },
    {
      title: "the service does not offer it",
      name: "unheard-of",
      at: pp0,
      wrong: [`${pp0}/unheard-of`, "operation-not-supported"],
    },
    {
      title: "the configuration it wants is not valid",
      name: "raise",
      at: low,
      input: { above: "nowhere" },
      wrong: [low, "bad-attribute"],
    },
  ];
  for (const { title, wrong, ...call } of refusals) {
    it(`is refused, and does nothing, where ${title}`, async () => {
      const fixture = await panel();
      const before = everything(fixture);

      await assert.rejects(invoke(fixture, call), refusal([wrong]));

      assert.deepEqual(everything(fixture), before);
    });
  }

  it("whose answer is not what the model promises is the service's fault", async () => {
    const fixture = await panel();

    await assert.rejects(
      invoke(fixture, { name: "reset", at: pp0, input: { port: "b" } }),
      /output of reset: .*frames/,
    );
  });

  it("gets the keys of its entry, and its edits are one commit", async () => {
    const fixture = await panel();
    const { engine, read, memory, id } = fixture;
    const before = Number(engine.snapshot().commitId);

    const { commit, output } = await invoke(fixture, {
      name: "turn",
      at: `${pp0}/cable[from='a']`,
    });

    assert.deepEqual(output, {});
    assert.deepEqual([commit?.id, commit?.durable], [String(before + 1), true]);
    assert.deepEqual(read(`${pp0}/cable`, "config"), [{ from: "b", to: "a" }]);
    const rows = memory.rows(id, "cables").map(({ key, value }) => [...key, ...value]);
    assert.deepEqual(rows, [[1, 0, 0, 0, 0, 0, 0, 0]]);
  });

  it("of a nested list gets the keys of all lists below the cube", async () => {
    const fixture = await panel();

    const appended = await invoke(fixture, { name: "append", at: low, input: { port: "c" } });
    const released = await invoke(fixture, { name: "release", at: `${low}/clip[number='7']` });

    assert.deepEqual(appended.output, { number: 8 });
    assert.deepEqual(released.output, { port: "b" });
    assert.deepEqual(fixture.read(`${low}/clip`, "config"), [
      { number: 1, port: "a" },
      { number: 8, port: "c" },
    ]);
  });

  it("places an entry where it says in the order of the user", async () => {
    const fixture = await panel();
    const order = () => (fixture.read(`${pp0}/tray`) as { name: string }[]).map(({ name }) => name);

    await invoke(fixture, { name: "raise", at: low });
    const first = order();
    await invoke(fixture, {
      name: "raise",
      at: `${pp0}/tray[name='high']`,
      input: { above: "low" },
    });

    assert.deepEqual(
      [first, order()],
      [
        ["low", "high"],
        ["high", "low"],
      ],
    );
  });

  it("is journalled with the user and the comment of the call", async () => {
    const fixture = await panel();

    const options = { user: "alice", comment: "a cable turned" };
    await invoke(fixture, { name: "turn", at: `${pp0}/cable[from='a']`, options });

    const [header = ""] = Buffer.from(fixture.log.records.at(-1) ?? [])
      .toString()
      .split("\n");
    const { user, comment } = JSON.parse(header) as Record<string, unknown>;
    assert.deepEqual([user, comment], ["alice", "a cable turned"]);
  });

  it("waits for the journal, unless it is asked not to", async () => {
    const fixture = await panel();
    fixture.log.holding = true;
    const at = `${low}/clip[number='1']`;

    const applied = await invoke(fixture, { name: "release", at, options: { wait: "applied" } });
    let isDone = false;
    const durable = invoke(fixture, { name: "append", at: low, input: { port: "c" } });
    void durable.then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setImmediate(resolve));

    assert.deepEqual([applied.commit?.durable, isDone], [false, false]);
    fixture.log.settle();
    assert.equal((await durable).commit?.durable, true);
  });

  it("in a dry run answers with the plan of all it would write, and does nothing", async () => {
    const fixture = await panel();
    const before = everything(fixture);

    const at = `${low}/clip[number='1']`;
    const { output, plan, commit } = await invoke(fixture, {
      name: "release",
      at,
      options: { dryRun: true },
    });

    assert.deepEqual([output, commit], [{ port: "a" }, undefined]);
    assert.deepEqual(plan.at(-1), {
      cube: "pp0",
      operation: "delete",
      target: "meter",
      key: 0,
      cause: `${at}/release`,
    });
    assert.deepEqual(everything(fixture), before);
  });

  it("is refused where what it writes changed since the commit that is named", async () => {
    const fixture = await panel();
    const { edit, commit } = fixture;
    const { id: ifMatch } = await commit(edit("merge", `${low}/height`, 3));
    await commit(edit("merge", `${pp0}/tray[name='high']/height`, 3));

    const raise = { name: "raise", options: { ifMatch } };
    await assert.rejects(
      invoke(fixture, { ...raise, at: `${pp0}/tray[name='high']` }),
      refusal([[`${pp0}/tray[name='high']`, "in-use"]]),
    );
    await invoke(fixture, { ...raise, at: low });
  });

  it("tells everything that is wrong with its edits", async () => {
    const fixture = await panel();
    const { edit, commit } = fixture;
    await commit(edit("create", `${pp0}/cable[from='b']`, { to: "a" }));

    await commit(edit("create", `${low}/clip[number='65535']`, { port: "a" }));

    await assert.rejects(
      invoke(fixture, { name: "append", at: low, input: { port: "c" } }),
      refusal([
        [`${low}/clip/number`, "invalid-value"],
        [`${low}/height`, "invalid-value"],
      ]),
    );
    await assert.rejects(
      invoke(fixture, { name: "turn", at: `${pp0}/cable[from='a']` }),
      refusal([[`${pp0}/cable[from='b']`, "data-exists"]]),
    );
  });

  it("that the data plane refuses is undone as a whole", async () => {
    const fixture = await panel();
    const before = everything(fixture);
    const deleteRows = fixture.memory.deleteRows.bind(fixture.memory);
    fixture.memory.deleteRows = (id, map, keys) => {
      if (map === "meter") throw new KernelError(`deleting from map ${map}`, "EIO");
      deleteRows(id, map, keys);
    };

    const released = invoke(fixture, { name: "release", at: `${low}/clip[number='1']` });

    await assert.rejects(released, /release: deleting from map meter: EIO; everything was undone/);
    assert.deepEqual(everything(fixture), before);
  });

  it("is undone when the journal fails", async () => {
    const fixture = await panel();
    const before = everything(fixture);
    fixture.log.holding = true;

    const written = fixture.log.nextRecord();
    const turning = invoke(fixture, { name: "turn", at: `${pp0}/cable[from='a']` });
    await written;
    fixture.log.fail(new Error("no space left on device"));

    await assert.rejects(turning, CommitError);
    assert.deepEqual(everything(fixture), before);
  });
});

describe("an rpc", () => {
  it("changes configuration of any module in one commit", async () => {
    const fixture = await panel();
    const heard = fixture.heard();

    const input = { name: "pp1", ports: 2, visitor: "ada" };
    const { output, commit } = await invoke(fixture, { name: "furnish", input });

    assert.deepEqual(output, { panels: 1 });
    assert.notEqual(commit, undefined);
    const ports = fixture.read("/patch:patch[name='pp1']/ports") as { name: string }[];
    assert.deepEqual(
      ports.map(({ name }) => name),
      ["s0", "s1"],
    );
    assert.deepEqual(fixture.read("/lab:visitor[name='ada']", "config"), { name: "ada" });
    assert.deepEqual(
      heard.map(({ state }) => state.map((path) => printPath(path))),
      [["/lab:machine"]],
    );
  });

  it("sees the configuration as it runs", async () => {
    const fixture = await panel();
    await invoke(fixture, { name: "furnish", input: { name: "pp1", ports: 0 } });

    const { commit } = await invoke(fixture, { name: "clear" });

    assert.notEqual(commit, undefined);
    assert.deepEqual(fixture.read("/patch:patch"), []);
  });

  it("that nobody offers is refused", async () => {
    await assert.rejects(
      invoke(await panel(), { name: "unheard-of" }),
      refusal([["/lab:unheard-of", "operation-not-supported"]]),
    );
  });
});

describe("a module without cubes", () => {
  it("is configured, and shows its state beside", async () => {
    const fixture = await panel();
    const { edit, commit, read } = fixture;

    await commit(edit("create", "/lab:visitor[name='ada']", { desk: 4 }));

    assert.deepEqual(read("/lab:visitor[name='ada']"), { name: "ada", desk: 4, cubes: 1 });
    assert.deepEqual(read("/lab:visitor"), [
      { name: "ada", desk: 4 },
      { name: "everybody", cubes: 1 },
    ]);
    assert.deepEqual(read("/lab:machine/devices"), 1);
    assert.deepEqual(read("/lab:visitor", "config"), [{ name: "ada", desk: 4 }]);
  });

  it("is part of what the whole tree shows", async () => {
    const { engine, schema, read } = await panel();

    const whole = encodeJson(schema.root, engine.read([], "operational") as object as never, {
      withDefaults: true,
    });

    assert.deepEqual(whole["lab:machine"], read("/lab:machine"));
    assert.deepEqual(whole["patch:patch"], [read(pp0)]);
  });

  it("tells what changes of its state with a device", async () => {
    const { devices, heard, read } = await panel();
    const events = heard();

    devices.add("ignored");
    devices.add("dev2");

    const told = events.flatMap(({ state }) => state.map((path) => printPath(path)));
    assert.deepEqual(told, ["/lab:machine"]);
    assert.equal(read("/lab:machine/devices"), 3);
  });
});
