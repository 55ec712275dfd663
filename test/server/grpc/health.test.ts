import assert from "node:assert/strict";
import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const same = (value: Buffer): Buffer => value;

/** HealthCheckRequest {service = 1}. */
function request(service: string): Buffer {
  return Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
}

describe("the health of the server", () => {
  let session: Session;
  beforeEach(async () => {
    session = await Session.open(bridge);
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const ask = (method: string, bytes: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const path = `/grpc.health.v1.Health/${method}`;
      session.client.makeUnaryRequest(path, same, same, bytes, (error, reply) =>
        reply ? resolve(reply) : reject(error),
      );
    });

  for (const service of [
    "",
    "yangplane.bridge.v1.BridgeService",
    "yangplane.core.v1.CubeService",
  ]) {
    it(`is told of ${service || "all of it"}`, async () => {
      assert.equal((await ask("Check", request(service))).toString("hex"), "0801");
    });
  }

  it("is not known of a service that is not there", async () => {
    await assert.rejects(ask("Check", request("nope")), { code: status.NOT_FOUND });

    const path = "/grpc.health.v1.Health/Watch";
    const watch = session.client.makeServerStreamRequest(path, same, same, request("nope"));
    watch.on("error", () => {});
    const [told] = (await once(watch, "data")) as [Buffer];
    assert.equal(told.toString("hex"), "0803");
    watch.cancel();
  });

  it("is listed for every service", async () => {
    const list = await ask("List", Buffer.alloc(0));

    for (const name of ["bridge.v1.BridgeService", "core.v1.TransactionService"]) {
      const entry = Buffer.concat([Buffer.from(name), Buffer.from("12020801", "hex")]);
      assert(list.includes(entry), list.toString("latin1"));
    }
  });

  it("is refused to a request that is no message", async () => {
    await assert.rejects(ask("Check", Buffer.from("0a7f", "hex")), {
      code: status.INVALID_ARGUMENT,
    });
  });
});
