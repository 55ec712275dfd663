import { isIP } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Datastore } from "../../datamodel/datastore/datastore.ts";
import type { Log } from "../../lib/log.ts";
import { Api } from "./api.ts";
import type { Lock } from "./lock.ts";
import { addServices } from "./services.ts";
import { messageSizeMax } from "./unary.ts";
import { removeStaleSocket, restrictSocket } from "./unix-socket.ts";

/** PEM texts; with `clientCa` a client must have a certificate that it signed. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa?: Buffer;
}

export interface GrpcLimits {
  /** Calls at a time on one connection; default 128. */
  readonly concurrentStreams: number;
  /** Memory of one HTTP/2 session in MB; default 32, room for some full-size messages. */
  readonly sessionMemoryMb: number;
  /** How long calls may take to end when the server stops; default 5 s. */
  readonly shutdownMs: number;
}

export interface GrpcServerOptions {
  readonly datastore: Datastore;
  readonly listen: {
    readonly socket?: string;
    /** Without `tls` only loopback addresses. */
    readonly tcp?: { readonly host: string; readonly port: number };
  };
  readonly tls?: TlsFiles;
  readonly log: Log;
  readonly limits?: Partial<GrpcLimits>;
  /** Field numbers promised, by module. */
  readonly locks?: ReadonlyMap<string, Lock>;
}

export interface GrpcServer {
  /** The port bound, where TCP was asked for. */
  readonly tcpPort: number | undefined;
  /** Refuses new calls, lets running ones end within the bound, then closes. */
  stop(): Promise<void>;
}

const defaults: GrpcLimits = { concurrentStreams: 128, sessionMemoryMb: 32, shutdownMs: 5_000 };

/** Serves the datastore over gRPC until stopped. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const limits = { ...defaults, ...options.limits };
  const { socket, tcp } = options.listen;
  if (tcp !== undefined && options.tls === undefined) requireLoopback(tcp.host);
  const api = new Api(options.datastore, options.locks ?? new Map(), options.log);
  const server = new Server({
    "grpc.max_receive_message_length": messageSizeMax,
    "grpc.max_send_message_length": messageSizeMax,
    "grpc.max_concurrent_streams": limits.concurrentStreams,
    "grpc-node.max_session_memory": limits.sessionMemoryMb,
  });
  const health = addServices(server, api);
  if (socket !== undefined) {
    await removeStaleSocket(socket);
    await bind(server, `unix:${socket}`, ServerCredentials.createInsecure());
    restrictSocket(socket);
  }
  const address = tcp && `${isIP(tcp.host) === 6 ? `[${tcp.host}]` : tcp.host}:${tcp.port}`;
  const tcpPort = address && (await bind(server, address, credentials(options.tls)));
  return {
    tcpPort: tcpPort === "" ? undefined : tcpPort,
    async stop() {
      health.setStatus("", "NOT_SERVING");
      await stopServer(server, api, limits.shutdownMs);
    },
  };
}

function requireLoopback(host: string): void {
  const isLoopback = host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
  if (isLoopback) return;
  throw new Error(`listening on ${host}: without TLS only loopback addresses are served`);
}

function credentials(tls: TlsFiles | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = [{ cert_chain: tls.cert, private_key: tls.key }];
  return ServerCredentials.createSsl(tls.clientCa ?? null, pair, tls.clientCa !== undefined);
}

function bind(server: Server, address: string, withCredentials: ServerCredentials) {
  return new Promise<number>((resolve, reject) => {
    server.bindAsync(address, withCredentials, (error, port) => {
      if (error) reject(new Error(`listening on ${address}: ${error.message}`, { cause: error }));
      else resolve(port);
    });
  });
}

function stopServer(server: Server, api: Api, boundMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.forceShutdown(), boundMs);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
    for (const end of [...api.endStreams]) end();
  });
}
