import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import type { Log } from "../../../src/lib/log.ts";
import { generateProto } from "../../../src/server/grpc/descriptors.ts";
import {
  type GrpcLimits,
  type GrpcServer,
  startGrpcServer,
} from "../../../src/server/grpc/server.ts";
import { Listener } from "../../../src/server/listener.ts";
import { ApiClient, loadTypes } from "../../support/api-client.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { bridge } from "./models.ts";

interface Served {
  readonly datastore: MemoryDatastore;
  readonly server: GrpcServer;
  readonly directory: string;
}

/** A server over a MemoryDatastore with a client that knows only the printed .proto. */
export class Session extends ApiClient implements AsyncDisposable {
  readonly datastore: MemoryDatastore;
  readonly socket: string;
  readonly #server: GrpcServer;
  readonly #directory: string;
  #stopped: Promise<void> | undefined;

  private constructor(module: IrModule, { datastore, server, directory }: Served) {
    const socket = join(directory, "s");
    super(`unix:${socket}`, loadTypes([], [generateProto([module], module.name, undefined).proto]));
    this.socket = socket;
    this.datastore = datastore;
    this.#server = server;
    this.#directory = directory;
  }

  static async open(module: IrModule, limits: Partial<GrpcLimits> = {}): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), "yangplane-grpc-"));
    const datastore = new MemoryDatastore(linkSchema([module]));
    const log: Log = () => {};
    const listener = await Listener.onSocket(join(directory, "s"), log);
    const listeners = [{ listener }];
    const server = startGrpcServer({ datastore, listeners, log, limits });
    return new Session(module, { datastore, server, directory });
  }

  /** Stops the server; the client stays. */
  stop(): Promise<void> {
    this.#stopped ??= this.#server.stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.client.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A session with bridge br0 that has two ports and limits: commit 1. */
export async function openBridge(): Promise<Session> {
  const session = await Session.open(bridge);
  await session.call("yangplane.bridge.v1.BridgeService/CreateBridge", {
    bridge: {
      name: "br0",
      ports: [{ name: "p1", mode: "MODE_TRUNK", stp: [{ vlan: 1, pathCost: 4 }] }, { name: "p2" }],
      limits: { rate: { digits: "150", fractionDigits: 2 }, tag: ["b", "a"], burst: "-5" },
    },
  });
  return session;
}
