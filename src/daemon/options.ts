import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type LogLevel, logLevels } from "../lib/log.ts";
import type { HostPort } from "../server/address.ts";

/** What `yangplaned` was asked to do. */
export interface DaemonOptions {
  readonly socket: string;
  readonly stateDirectory: string;
  readonly dataplane: "kernel" | "memory";
  /** Folder for pinned BPF objects, on a bpf file system. */
  readonly pinDirectory: string;
  /** Folders of services outside the tree. */
  readonly serviceDirectories: readonly string[];
  /** TCP listener beside the socket. */
  readonly listen?: HostPort;
  readonly insecure: boolean;
  readonly tls?: TlsFiles;
  /** Where metrics are told over HTTP; `exposed` allows addresses that others can reach. */
  readonly metrics?: HostPort & { readonly exposed: boolean };
  /** The least important lines that are logged. */
  readonly logLevel: LogLevel;
  /** Not to run, but to take away what another run has left in the kernel. */
  readonly cleanup: boolean;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** The command line cannot be understood; the message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const usage = `Usage: yangplaned [options]

  --socket PATH         Unix socket for gRPC
                        (default /run/yangplane/yangplane.sock);
                        the folder of another one has to be there
  --state-dir DIR       journal of the configuration
                        (default /var/lib/yangplane)
  --dataplane KIND      kernel (default) or memory: everything but packets,
                        no privilege needed
  --pin-dir DIR         folder on a bpf file system
                        (default /sys/fs/bpf/yangplane, and one of its own
                        for each other --state-dir)
  --service-dir DIR     load the service that yangplane-gen --service has
                        built in this folder; repeatable
  --listen HOST:PORT    also serve gRPC on TCP, with TLS or, on loopback only,
                        --insecure
  --insecure            allow TCP without TLS on a loopback address
  --tls-cert FILE       certificate chain, PEM
  --tls-key FILE        private key, PEM
  --tls-client-ca FILE  require client certificates signed by this CA, PEM
  --metrics [HOST:]PORT serve metrics for Prometheus at
                        http://HOST:PORT/metrics (default: not; HOST is
                        127.0.0.1 unless given, and loopback unless
                        --metrics-expose)
  --metrics-expose      allow metrics on addresses that others can reach:
                        no TLS, no password
  --log-level LEVEL     debug, info (default), warn or error: the least that
                        is logged
  --cleanup             take out of the kernel what a daemon with these folders
                        has left there, and end; the journal stays
  --help, --version

SIGTERM and SIGINT stop the daemon; packets go on. SIGHUP changes nothing:
there is no file to read anew.
`;

export const defaultSocket = "/run/yangplane/yangplane.sock";
const stateDirectory = "/var/lib/yangplane";

/**
 * What is pinned belongs to one configuration, and two daemons have two: a folder that follows from
 * the state directory, whose lock so protects both.
 */
function defaultPinDirectory(directory: string): string {
  const path = resolve(directory);
  if (path === stateDirectory) return "/sys/fs/bpf/yangplane";
  const digest = createHash("sha256").update(path).digest("hex").slice(0, 12);
  return `/sys/fs/bpf/yangplane-${digest}`;
}

const flags = {
  socket: { type: "string", default: defaultSocket },
  "state-dir": { type: "string", default: stateDirectory },
  dataplane: { type: "string", default: "kernel" },
  "pin-dir": { type: "string" },
  "service-dir": { type: "string", multiple: true, default: [] as string[] },
  listen: { type: "string" },
  insecure: { type: "boolean", default: false },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  metrics: { type: "string" },
  "metrics-expose": { type: "boolean", default: false },
  "log-level": { type: "string", default: "info" },
  cleanup: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
} as const;

/** @throws UsageError */
export function parseOptions(argv: readonly string[]): DaemonOptions | "help" | "version" {
  const values = parseFlags(argv);
  if (values.help) return "help";
  if (values.version) return "version";
  const { dataplane } = values;
  if (dataplane !== "kernel" && dataplane !== "memory") {
    throw new UsageError(`--dataplane is kernel or memory, not ${dataplane}`);
  }
  const listen = values.listen === undefined ? undefined : parseAddress("--listen", values.listen);
  const tls = parseTls(values["tls-cert"], values["tls-key"], values["tls-client-ca"]);
  if (listen && !tls && !values.insecure) {
    throw new UsageError("--listen needs --tls-cert and --tls-key, or --insecure on loopback");
  }
  if (!listen && (tls || values.insecure)) throw new UsageError("TLS and --insecure need --listen");
  if (tls && values.insecure) throw new UsageError("--insecure contradicts --tls-cert");
  const metrics = parseMetrics(values.metrics, values["metrics-expose"]);
  return {
    socket: values.socket,
    stateDirectory: values["state-dir"],
    dataplane,
    pinDirectory: values["pin-dir"] ?? defaultPinDirectory(values["state-dir"]),
    serviceDirectories: values["service-dir"].map((directory) => resolve(directory)),
    insecure: values.insecure,
    ...(listen && { listen }),
    ...(tls && { tls }),
    ...(metrics && { metrics }),
    logLevel: parseLogLevel(values["log-level"]),
    cleanup: values.cleanup,
  };
}

function parseFlags(argv: readonly string[]) {
  const values = readFlags(argv);
  for (const [name, value] of Object.entries(values)) {
    // An unset variable of a script: the folder it runs in would stand for the one meant.
    if ([value].flat().includes("")) throw new UsageError(`--${name} is empty`);
  }
  return values;
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseTls(cert?: string, key?: string, clientCa?: string): TlsFiles | undefined {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("--tls-cert and --tls-key go together");
  }
  return clientCa === undefined ? { cert, key } : { cert, key, clientCa };
}

function parseMetrics(address: string | undefined, exposed: boolean): DaemonOptions["metrics"] {
  if (address !== undefined) {
    const withHost = /^[0-9]+$/.test(address) ? `127.0.0.1:${address}` : address;
    return { ...parseAddress("--metrics", withHost), exposed };
  }
  if (exposed) throw new UsageError("--metrics-expose needs --metrics");
  return undefined;
}

function parseLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) {
    throw new UsageError(`--log-level is ${logLevels.join(", ")}, not ${text}`);
  }
  return level;
}

/** `127.0.0.1:50051`, `[::1]:50051`. */
function parseAddress(option: string, text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new UsageError(`${option} takes HOST:PORT or [IPV6]:PORT, not ${text}`);
  }
  return { host, port };
}
