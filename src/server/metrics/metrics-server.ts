import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Log } from "../../lib/log.ts";
import { type HostPort, listenAddresses } from "../address.ts";
import { limitConnections } from "./connection-limit.ts";

/** What a scrape is answered with. */
export interface Text {
  readonly contentType: string;
  text(): Promise<string>;
}

const path = "/metrics";
const methods: readonly (string | undefined)[] = ["GET", "HEAD"];

/** Connections at a time on one address. */
const connectionsMax = 32;

const limits = {
  /** Bytes of a request's head. */
  maxHeaderSize: 8192,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  /** Between two scrapes of a connection; Prometheus asks once a minute by default. */
  keepAliveTimeout: 65_000,
} as const;

/** An answer that nobody reads is given up after this long, in milliseconds. */
const stalledMs = 30_000;

/**
 * Answers `GET /metrics` for Prometheus. It listens before there is anything to tell, so that an
 * address that is taken is found out first of all, and answers 503 until then.
 */
export class MetricsServer {
  readonly #servers: Server[] = [];
  readonly #log: Log;
  #metrics: Text | undefined;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** @throws Error if the address is taken, or not loopback and that is not `exposed` */
  static async listen(
    { host, port, exposed }: HostPort & { readonly exposed: boolean },
    log: Log,
  ): Promise<MetricsServer> {
    const refusal = "metrics are told on loopback only, unless --metrics-expose is given";
    const addresses = await listenAddresses(host, { loopbackOnly: !exposed, refusal });
    const server = new MetricsServer(log);
    try {
      for (const address of addresses) await server.#listen({ host: address, port });
    } catch (cause) {
      await server.close();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`listening on ${host} port ${port}: ${reason}`, { cause });
    }
    return server;
  }

  /** The port bound. */
  get port(): number | undefined {
    const address = this.#servers[0]?.address() as AddressInfo | null | undefined;
    return address?.port;
  }

  /** From now on there is something to tell. */
  serve(metrics: Text): void {
    this.#metrics = metrics;
  }

  /** Takes no more scrapes, and breaks off those under way. */
  async close(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise((done) => server.close(done)));
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
  }

  async #listen({ host, port }: HostPort): Promise<void> {
    const server = createServer(
      limits,
      (request, response) => void this.#answer(request, response),
    );
    limitConnections(server, connectionsMax);
    server.timeout = stalledMs;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port: this.port ?? port }, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
    this.#servers.push(server);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request);
    if (refusal) {
      refuse(response, refusal);
    } else if (this.#metrics === undefined) {
      refuse(response, { status: 503, reason: "starting", headers: { "Retry-After": "1" } });
    } else {
      await this.#tell(this.#metrics, response);
    }
  }

  async #tell(metrics: Text, response: ServerResponse): Promise<void> {
    try {
      const body = Buffer.from(await metrics.text());
      const headers = { "Content-Type": metrics.contentType, "Content-Length": body.length };
      response.writeHead(200, headers).end(body);
    } catch (error) {
      this.#log("error", "metrics could not be told", { error });
      refuse(response, { status: 500, reason: "the log of the daemon says why" });
    }
  }
}

interface HttpRefusal {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function refusalOf({ method, url = "", headers }: IncomingMessage): HttpRefusal | undefined {
  if (!methods.includes(method)) {
    return { status: 405, reason: "only GET and HEAD", headers: { Allow: "GET, HEAD" } };
  }
  // Nobody reads a body here; a connection with one unread is of no more use.
  const hasBody = headers["transfer-encoding"] !== undefined || headers["content-length"];
  if (hasBody && headers["content-length"] !== "0") {
    return { status: 413, reason: "a scrape has no body", headers: { Connection: "close" } };
  }
  if (url.split("?", 1)[0] !== path) return { status: 404, reason: `there is only ${path}` };
  return undefined;
}

function refuse(response: ServerResponse, { status, reason, headers }: HttpRefusal): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", ...headers });
  response.end(`${reason}\n`);
}
