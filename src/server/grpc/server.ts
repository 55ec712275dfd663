import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Datastore } from "../../datamodel/datastore/datastore.ts";
import type { Verifier } from "../../datamodel/datastore/drift.ts";
import type { Tracer } from "../../datamodel/datastore/trace.ts";
import type { Log } from "../../lib/log.ts";
import type { Listener } from "../listener.ts";
import type { ServiceRoster } from "../service-roster.ts";
import { Api, type TransactionLimits } from "./api.ts";
import type { Lock } from "./lock.ts";
import { addServices } from "./services.ts";
import { messageSizeMax } from "./unary.ts";

/** PEM texts; with `clientCa` a client must have a certificate that it signed. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

export interface GrpcLimits extends TransactionLimits {
  /** Calls at a time on one connection; default 128. */
  readonly concurrentStreams: number;
  /** Memory of one HTTP/2 session in MB; default 32, room for some full-size messages. */
  readonly sessionMemoryMb: number;
  /** A client that answers no ping sent after this long, for as long, is gone; default 60 s. */
  readonly keepaliveMs: number;
  /** How long calls may take to end when the server stops; default 5 s. */
  readonly shutdownMs: number;
}

/** A place to serve, with TLS or in the clear. */
export interface GrpcListener {
  readonly listener: Listener;
  readonly tls?: TlsFiles;
}

export interface GrpcServerOptions {
  readonly datastore: Datastore;
  /** Closed when the server stops. */
  readonly listeners: readonly GrpcListener[];
  readonly log: Log;
  readonly limits?: Partial<GrpcLimits>;
  /** Field numbers promised, by module; of a module that comes later when it comes. */
  readonly locks?: ReadonlyMap<string, Lock>;
  /** Loads and unloads services; without it that is refused. */
  readonly roster?: ServiceRoster;
  /** Looks at single frames; without it that is refused. */
  readonly tracer?: Tracer;
  /** Compares the data plane with the configuration; without it that is refused. */
  readonly verifier?: Verifier;
}

export interface GrpcServer {
  /** Refuses new calls, lets running ones end within the bound, then closes. */
  stop(): Promise<void>;
}

const defaults: GrpcLimits = {
  concurrentStreams: 128,
  sessionMemoryMb: 32,
  keepaliveMs: 60_000,
  shutdownMs: 5_000,
  transactionBytes: 128 * 2 ** 20,
  openTransactionBytes: 256 * 2 ** 20,
};

/** Serves the datastore over gRPC until stopped. */
export function startGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits = { ...defaults, ...options.limits };
  const { datastore, listeners, locks = new Map(), log } = options;
  const { roster, tracer, verifier } = options;
  const api = new Api({ datastore, locks, roster, tracer, verifier, log, limits });
  const server = new Server({
    "grpc.max_receive_message_length": messageSizeMax,
    "grpc.max_send_message_length": messageSizeMax,
    "grpc.max_concurrent_streams": limits.concurrentStreams,
    "grpc-node.max_session_memory": limits.sessionMemoryMb,
    "grpc.keepalive_time_ms": limits.keepaliveMs,
    "grpc.keepalive_timeout_ms": limits.keepaliveMs,
  });
  const stopServing = addServices(server, api);
  for (const { listener, tls } of listeners) {
    const injector = server.createConnectionInjector(credentials(tls));
    listener.serve((connection) => injector.injectConnection(connection));
  }
  return {
    async stop() {
      for (const { listener } of listeners) listener.close();
      stopServing();
      await stopServer(server, api, limits.shutdownMs);
      for (const { listener } of listeners) listener.disconnect();
    },
  };
}

function credentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = [{ cert_chain: tls.cert, private_key: tls.key }];
  return ServerCredentials.createSsl(tls.clientCa ?? null, pair, tls.clientCa !== undefined);
}

/** Resolves when all calls have ended, or the bound is reached. */
function stopServer(server: Server, api: Api, boundMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, boundMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
    for (const end of [...api.endStreams]) end();
  });
}
