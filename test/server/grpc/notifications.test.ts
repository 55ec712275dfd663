import assert from "node:assert/strict";
import { on, once } from "node:events";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { alarm } from "../../support/patch-model.ts";
import { patchPanel } from "../../support/patch-panel.ts";
import { type ServedEngine, servedEngine } from "../../support/served-engine.ts";

const service = "yangplane.patch.v1.PatchService";
const scope = "yangplane.patch.v1";

let served: ServedEngine;

beforeEach(async () => {
  served = await servedEngine({ services: [patchPanel] });
  for (const name of ["pp0", "pp1"]) {
    const ports = [{ name: "a" }, { name: "b" }];
    const cable = [
      { from: "a", to: "b" },
      { from: "b", to: "a" },
    ];
    const path = `/patch:patch[name='${name}']`;
    await served.commit(served.edit("create", path, { ports, cable }));
  }
});

afterEach(() => served[Symbol.asyncDispose]());

function light(panel: string, port: number, colour: number): void {
  const id = served.objectId(`/patch:patch[name='${panel}']`);
  served.memory.emit(id, "alarms", alarm.encode({ port, colour }));
}

/** A watcher that listens by now. */
async function watch(method: string, request: object = {}) {
  const stream: ClientReadableStream<Buffer> = served.client.watch(`${service}/${method}`, request);
  stream.on("error", () => undefined);
  const messages = on(stream, "data");
  await once(stream, "metadata");
  return {
    stream,
    async next() {
      const { value } = await messages.next();
      return served.client.decode(`${scope}.${method}Response`, value[0]);
    },
  };
}

describe("the Watch method of a notification", () => {
  it("tells every one with the keys of its node, its content and its time", async () => {
    const watcher = await watch("WatchCableLit");

    light("pp0", 0, 7);
    light("pp1", 1, 9);
    const [first, second] = [await watcher.next(), await watcher.next()];

    assert.deepEqual(first["lit"], { colour: 7 });
    assert.deepEqual([first["patchName"], first["cableFrom"]], ["pp0", "a"]);
    assert.deepEqual([second["patchName"], second["cableFrom"]], ["pp1", "b"]);
    const { seconds } = first["time"] as { seconds: string };
    assert(Math.abs(Number(seconds) - Date.now() / 1000) < 60);
    watcher.stream.cancel();
  });

  it("tells of what the keys name, where some are given", async () => {
    const watcher = await watch("WatchCableLit", { patchName: "pp1", cableFrom: "b" });

    light("pp0", 1, 1);
    light("pp1", 0, 2);
    light("pp1", 1, 3);

    assert.deepEqual((await watcher.next())["lit"], { colour: 3 });
    watcher.stream.cancel();
  });

  it("is there for those of a cube and of a module too", async () => {
    const ofCube = await watch("WatchPatchAlarmed", { patchName: "pp1" });
    const ofModule = await watch("WatchBlackout");

    light("pp0", 0, 0);
    light("pp1", 0, 0);

    assert.deepEqual((await ofCube.next())["alarmed"], { port: "a", sound: "beep" });
    assert.deepEqual((await ofModule.next())["blackout"], { panel: "pp0" });
    ofCube.stream.cancel();
    ofModule.stream.cancel();
  });

  it("ends with RESOURCE_EXHAUSTED where more wait than it holds", async () => {
    const { stream } = await watch("WatchBlackout");
    stream.pause();
    const ended = once(stream, "error");

    for (let count = 0; count <= 10_001; count += 1) light("pp0", 0, 0);
    stream.resume();

    const [error] = (await ended) as [ServiceError];
    assert.equal(served.client.refusal(error).code, "RESOURCE_EXHAUSTED");
  });

  it("ends with UNAVAILABLE when the server stops, and listens no more when its client left", async () => {
    const { stream } = await watch("WatchBlackout");
    const left = await watch("WatchBlackout");
    left.stream.cancel();
    const ended = once(stream, "error");

    await served[Symbol.asyncDispose]();

    const [error] = (await ended) as [ServiceError];
    assert.equal(served.client.refusal(error).code, "UNAVAILABLE");
  });
});
