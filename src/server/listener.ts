import { existsSync, lstatSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Log } from "../lib/log.ts";
import { type HostPort, listenAddresses } from "./address.ts";

/** Connections at a time; more are closed as soon as they are made. */
const connectionsMax = 1000;
/** What sun_path of a socket address holds, less its final zero. */
const socketPathMax = 107;
/** Nobody but owner and group may talk to the daemon. */
const socketUmask = 0o117;

/**
 * Where clients connect, whatever they then speak. It is bound before anything else is done, so
 * that a daemon whose place is taken has not touched anything; clients wait until it serves.
 */
export class Listener {
  readonly #servers: readonly Server[];
  readonly #connections = new Set<Socket>();
  #waiting: Socket[] | undefined = [];
  #take: (connection: Socket) => void = (connection) => this.#waiting?.push(connection);

  private constructor(servers: readonly Server[], log: Log) {
    this.#servers = servers;
    for (const server of servers) {
      server.maxConnections = connectionsMax;
      server.on("connection", (connection) => this.#add(connection));
      server.on("drop", () => log("warn", "connection refused", { connectionsMax }));
      server.on("error", (error) => log("error", "accepting a connection failed", { error }));
    }
  }

  /**
   * Listens on a Unix socket; one that a dead daemon has left is removed.
   * @throws Error if somebody answers there, or if the file is no socket
   */
  static async onSocket(path: string, log: Log): Promise<Listener> {
    await removeStaleSocket(path);
    return new Listener([await listening({ path })], log);
  }

  /** Listens on every address of the host; `loopbackOnly` refuses one that others can reach. */
  static async onTcp(
    { host, port, loopbackOnly }: HostPort & { readonly loopbackOnly: boolean },
    log: Log,
  ): Promise<Listener> {
    const refusal = "without TLS only loopback addresses are served";
    const servers: Server[] = [];
    for (const address of await listenAddresses(host, { loopbackOnly, refusal })) {
      const bound = portOf(servers[0]) ?? port;
      servers.push(await listening({ host: address, port: bound }));
    }
    return new Listener(servers, log);
  }

  /** The TCP port bound. */
  get port(): number | undefined {
    return portOf(this.#servers[0]);
  }

  /** Hands over every connection, those that have waited first. */
  serve(take: (connection: Socket) => void): void {
    this.#take = take;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const connection of waiting) if (!connection.destroyed) take(connection);
  }

  /** Takes no more connections; those that are there go on. */
  close(): void {
    for (const server of this.#servers) server.close();
  }

  /** Ends the connections that are left. */
  disconnect(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #add(connection: Socket): void {
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    // Whoever resets a connection is gone; there is nobody to tell.
    connection.on("error", () => connection.destroy());
    this.#take(connection);
  }
}

function listening(at: { path: string } | { host: string; port: number }): Promise<Server> {
  const name = "path" in at ? at.path : `${at.host} port ${at.port}`;
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) =>
      reject(new Error(`listening on ${name}: ${cause.message}`, { cause })),
    );
    server.once("listening", () => resolve(server.removeAllListeners("error")));
    // Binding is done in the call: the socket has its mode from the first moment.
    const before = process.umask(socketUmask);
    try {
      server.listen(at);
    } finally {
      process.umask(before);
    }
  });
}

function portOf(server: Server | undefined): number | undefined {
  const address = server?.address();
  return typeof address === "object" ? address?.port : undefined;
}

async function removeStaleSocket(path: string): Promise<void> {
  if (Buffer.byteLength(path) > socketPathMax) {
    throw new Error(`listening on ${path}: the path is longer than ${socketPathMax} bytes`);
  }
  if (!existsSync(dirname(path))) {
    throw new Error(`listening on ${path}: its folder does not exist`);
  }
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error(`listening on ${path}: it exists and is no socket`);
  if (!(await isStale(path))) throw new Error(`listening on ${path}: another daemon serves it`);
  rmSync(path, { force: true });
}

/** Whether the kernel says that nobody listens; any other trouble is no proof of that. */
function isStale(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
