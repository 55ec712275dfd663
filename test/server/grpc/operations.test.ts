import assert from "node:assert/strict";
import { run } from "../../../src/cli/main.ts";
import { anyServices } from "../../support/engine.ts";
import { lab } from "../../support/lab.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { type ServedEngine, servedEngine } from "../../support/served-engine.ts";

const patch = "yangplane.patch.v1.PatchService";
const laboratory = "yangplane.lab.v1.LabService";
const invoke = "yangplane.core.v1.DatastoreService/Invoke";
const low = "/patch:patch[name='pp0']/tray[name='low']";

let served: ServedEngine;

beforeEach(async () => {
  served = await servedEngine({ services: [...anyServices, patchPanel, lab] });
  const { edit, commit } = served;
  const tray = [{ name: "low", clip: [{ number: 1, port: "a" }] }];
  await commit(edit("create", "/patch:patch[name='pp0']", { ports: [{ name: "a" }], tray }));
});

afterEach(() => served[Symbol.asyncDispose]());

describe("a method of an action in a nested list", () => {
  const clip = { patchName: "pp0", trayName: "low", trayClipNumber: 1 };

  it("names the entry by its keys, and answers with the output and the commit", async () => {
    const { output, commit } = await served.client.call(`${patch}/TrayClipRelease`, clip);

    assert.deepEqual(output, { port: "a" });
    const { id, durable } = commit as { id: string; durable: boolean };
    assert.deepEqual([id, durable], [served.engine.snapshot().commitId, true]);
    assert.equal(served.read(`${low}/clip[number='1']`), undefined);
  });

  it("does nothing in a dry run, and says what it would answer", async () => {
    const request = { ...clip, options: { dryRun: true } };
    const reply = await served.client.call(`${patch}/TrayClipRelease`, request);

    assert.deepEqual(reply, { output: { port: "a" } });
    assert.notEqual(served.read(`${low}/clip[number='1']`), undefined);
  });

  it("is NOT_FOUND for an entry that is not there", async () => {
    const refused = await served.client.refused(`${patch}/TrayClipRelease`, {
      ...clip,
      trayClipNumber: 2,
    });

    assert.equal(refused.code, "NOT_FOUND");
  });

  it("is invoked by path as well, with a plan in a dry run", async () => {
    const path = `${low}/clip[number='1']/release`;
    const planned = await served.client.call(invoke, { path, options: { dryRun: true } });
    const done = await served.client.call(invoke, { path });

    assert.deepEqual([planned["json"], done["json"]], ['{"port":"a"}', '{"port":"a"}']);
    assert.deepEqual([planned["commit"], "plan" in planned], [undefined, true]);
    assert.notEqual(done["commit"], undefined);
  });
});

describe("a method of an rpc", () => {
  it("takes its input and commits what it changes", async () => {
    const input = { name: "pp1", ports: 2 };
    const reply = await served.client.call(`${laboratory}/Furnish`, { input });

    assert.deepEqual(reply["output"], { panels: 1 });
    assert.notEqual(reply["commit"], undefined);
    assert.equal((served.read("/patch:patch[name='pp1']/ports") as unknown[]).length, 2);
  });

  it("is refused with all that is wrong with its changes", async () => {
    const input = { name: "pp0", ports: 1 };
    const refused = await served.client.refused(`${laboratory}/Furnish`, { input });

    assert.equal(refused.code, "ALREADY_EXISTS");
    assert.deepEqual(
      refused.violations.map(({ path, errorTag }) => [path, errorTag]),
      [["/patch:patch[name='pp0']", "data-exists"]],
    );
  });
});

describe("a model without cubes", () => {
  it("has the methods of its lists, and no cubes", async () => {
    await served.client.call(`${laboratory}/CreateVisitor`, { visitor: { name: "ada", desk: 2 } });
    const { visitor } = await served.client.call(`${laboratory}/GetVisitor`, {
      visitorName: "ada",
    });
    const { cubes } = await served.client.call("yangplane.core.v1.CubeService/ListCubes", {});

    assert.deepEqual(visitor, { name: "ada", desk: 2, cubes: 1 });
    assert.deepEqual(
      (cubes as { name: string }[]).map(({ name }) => name),
      ["pp0"],
    );
  });
});

describe("yangplane with an rpc", () => {
  /** Exit status and what is printed. */
  async function yangplane(line: string): Promise<[number, string]> {
    const printed: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (text: string | Uint8Array) => printed.push(String(text)) > 0;
    try {
      const status = await run([...line.split(" "), "--socket", served.socket]);
      return [status, printed.join("")];
    } finally {
      process.stdout.write = write;
    }
  }

  it("runs it by its name alone, and by that of its module", async () => {
    const first = await yangplane("furnish name=pp1 ports=3 -json");
    const second = await yangplane("lab furnish name=pp2 ports=0 -json");

    assert.deepEqual(
      [first, second],
      [
        [0, '{\n  "panels": 1\n}\n'],
        [0, '{\n  "panels": 2\n}\n'],
      ],
    );
    assert.equal((served.read("/patch:patch") as unknown[]).length, 3);
  });

  it("prints the plan of what it would change, and changes nothing", async () => {
    const [status, text] = await yangplane("plan clear");

    assert.equal(status, 0);
    assert.match(text, /^pp0 +unload +patch/m);
    assert.equal((served.read("/patch:patch") as unknown[]).length, 1);
  });
});
