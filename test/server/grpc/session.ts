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

interface Served {
  readonly datastore: MemoryDatastore;
  readonly server: GrpcServer;
  readonly directory: string;
  readonly log: unknown[];
}

/** A server over a MemoryDatastore with a client that knows only the printed .proto. */
export class Session extends ApiClient implements AsyncDisposable {
  readonly datastore: MemoryDatastore;
  readonly socket: string;
  readonly log: unknown[];
  readonly #server: GrpcServer;
  readonly #directory: string;

  private constructor(module: IrModule, { datastore, server, directory, log }: Served) {
    const socket = join(directory, "s");
    super(`unix:${socket}`, loadTypes([], [generateProto([module], module.name, undefined).proto]));
    this.socket = socket;
    this.datastore = datastore;
    this.log = log;
    this.#server = server;
    this.#directory = directory;
  }

  static async open(module: IrModule, limits: Partial<GrpcLimits> = {}): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), "yangplane-grpc-"));
    const datastore = new MemoryDatastore(linkSchema([module]));
    const log: unknown[] = [];
    const take: Log = (level, message, fields) => log.push({ level, message, ...fields });
    const listener = await Listener.onSocket(join(directory, "s"), take);
    const listeners = [{ listener }];
    const server = startGrpcServer({ datastore, listeners, log: take, limits });
    return new Session(module, { datastore, server, directory, log });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.#server.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
