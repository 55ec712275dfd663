import assert from "node:assert/strict";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const bytesOf = (value: Buffer): Buffer => value;

/** What came, until the server ended it. */
interface Ended {
  readonly messages: readonly Buffer[];
  readonly code: number | undefined;
}

function ended(stream: ClientReadableStream<Buffer>): Promise<Ended> {
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    stream.on("data", (message: Buffer) => messages.push(message));
    stream.on("end", () => resolve({ messages, code: undefined }));
    stream.on("error", ({ code }: ServiceError) => resolve({ messages, code }));
  });
}

/** Calls that last as long as their client wants. */
const streams: Record<string, (session: Session) => Promise<Ended>> = {
  "a Watch": (session) => ended(session.watch("yangplane.bridge.v1.BridgeService/WatchBridge", {})),
  "a Watch of health": (session) => {
    const path = "/grpc.health.v1.Health/Watch";
    const request = Buffer.alloc(0);
    return ended(session.client.makeServerStreamRequest(path, bytesOf, bytesOf, request));
  },
  reflection: (session) => {
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const call = session.client.makeBidiStreamRequest(path, bytesOf, bytesOf);
    call.write(Buffer.from("3a00", "hex"));
    return ended(call);
  },
  "an open transaction": (session) =>
    new Promise((resolve) => {
      const path = "/yangplane.core.v1.TransactionService/ApplyStream";
      const call = session.openStream(path, (error) =>
        resolve({ messages: [], code: error?.code }),
      );
      call.write(Buffer.alloc(0));
    }),
};

describe("a server that stops", () => {
  for (const [title, open] of Object.entries(streams)) {
    it(`waits for no client of ${title}`, async () => {
      const session = await Session.open(bridge, { shutdownMs: 60_000 });
      const end = open(session);
      await session.call("yangplane.core.v1.CubeService/ListCubes", {});

      await session.stop();

      assert.equal((await end).code, status.UNAVAILABLE);
      await session[Symbol.asyncDispose]();
    });
  }

  it("tells watchers of health that it does not serve any more", async () => {
    const session = await Session.open(bridge);
    const end = streams["a Watch of health"]?.(session);
    await session.call("yangplane.core.v1.CubeService/ListCubes", {});

    await session[Symbol.asyncDispose]();

    const told = (await end)?.messages.map((bytes) => bytes.toString("hex"));
    assert.deepEqual(told, ["0801", "0802"]);
  });
});
