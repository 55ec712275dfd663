import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Verifier } from "../../../src/datamodel/datastore/drift.ts";
import type { Tracer } from "../../../src/datamodel/datastore/trace.ts";
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
import type { ServiceRoster } from "../../../src/server/service-roster.ts";
import { ApiClient, loadTypes } from "../../support/api-client.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { bridge } from "./models.ts";

interface More {
  /** Modules that the client knows and the datastore may be given. */
  readonly later?: readonly IrModule[];
  readonly roster?: ServiceRoster;
  readonly tracer?: Tracer;
  readonly verifier?: Verifier;
  /** Not over a Unix socket. */
  readonly overTcp?: boolean;
}

interface Served {
  readonly address: string;
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

  private constructor(modules: readonly IrModule[], served: Served) {
    const { address, datastore, server, directory } = served;
    const protos = modules.map((module) => generateProto([module], module.name, undefined).proto);
    super(address, loadTypes([], protos));
    this.socket = join(directory, "s");
    this.datastore = datastore;
    this.#server = server;
    this.#directory = directory;
  }

  static async open(
    module: IrModule,
    limits: Partial<GrpcLimits> = {},
    { later = [], roster, tracer, verifier, overTcp = false }: More = {},
  ): Promise<Session> {
    const directory = mkdtempSync(join(tmpdir(), "yangplane-grpc-"));
    const datastore = new MemoryDatastore(linkSchema([module]));
    const log: Log = () => {};
    const socket = join(directory, "s");
    const listener = overTcp
      ? await Listener.onTcp({ host: "127.0.0.1", port: 0, loopbackOnly: true }, log)
      : await Listener.onSocket(socket, log);
    const options = { datastore, listeners: [{ listener }], log, limits };
    const more = {
      ...(roster && { roster }),
      ...(tracer && { tracer }),
      ...(verifier && { verifier }),
    };
    const server = startGrpcServer({ ...options, ...more });
    const address = overTcp ? `127.0.0.1:${listener.port}` : `unix:${socket}`;
    return new Session([module, ...later], { address, datastore, server, directory });
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
