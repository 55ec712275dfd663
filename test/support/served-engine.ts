import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/lib/log.ts";
import { generateProto } from "../../src/server/grpc/descriptors.ts";
import { startGrpcServer } from "../../src/server/grpc/server.ts";
import { Listener } from "../../src/server/listener.ts";
import { ApiClient, loadTypes } from "./api-client.ts";
import { type EngineFixture, engineFixture, type FixtureParts } from "./engine.ts";

/** An engine in memory behind a real gRPC server, with a client that knows only the .proto. */
export interface ServedEngine extends EngineFixture, AsyncDisposable {
  readonly socket: string;
  readonly client: ApiClient;
}

export async function servedEngine(parts: FixtureParts): Promise<ServedEngine> {
  const fixture = await engineFixture(parts);
  const directory = mkdtempSync(join(tmpdir(), "yangplane-served-"));
  const socket = join(directory, "s");
  const log: Log = () => undefined;
  const listeners = [{ listener: await Listener.onSocket(socket, log) }];
  const { engine } = fixture;
  const server = startGrpcServer({ datastore: engine, tracer: engine.tracer, listeners, log });
  const modules = [...fixture.schema.modules.values()];
  const protos = modules.map(({ name }) => generateProto(modules, name, undefined).proto);
  const client = new ApiClient(`unix:${socket}`, loadTypes([], protos));
  return {
    ...fixture,
    socket,
    client,
    [Symbol.asyncDispose]: async () => {
      client.client.close();
      await server.stop();
      await fixture.engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
