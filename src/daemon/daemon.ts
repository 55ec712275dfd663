import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createSecureContext } from "node:tls";
import { fileURLToPath } from "node:url";
import { linkSchema, type Schema } from "../datamodel/schema/schema.ts";
import type { Dataplane, Devices } from "../dataplane/dataplane.ts";
import { openKernelDataplane } from "../dataplane/kernel.ts";
import { MemoryDataplane } from "../dataplane/memory.ts";
import { openDevices } from "../dataplane/netlink/devices.ts";
import { observedDevices } from "../dataplane/observed-devices.ts";
import { openJournal } from "../journal/journal.ts";
import { journalMetrics } from "../journal/journal-metrics.ts";
import type { Log } from "../lib/log.ts";
import type { Lock } from "../server/grpc/lock.ts";
import { type GrpcListener, startGrpcServer } from "../server/grpc/server.ts";
import { Listener } from "../server/listener.ts";
import { type Discovered, hasCubes } from "../services/any-service.ts";
import { coreMapsOf, discoverServices, objectsOf } from "../services/discover.ts";
import { restoredState, type StoredState, type Version } from "../services/engine/commit-log.ts";
import { coreObjects } from "../services/engine/core-objects.ts";
import type { CubeLine } from "../services/engine/cube-log.ts";
import { Engine } from "../services/engine/engine.ts";
import { MissingServiceError } from "../services/engine/stranded.ts";
import { Closers } from "./closers.ts";
import { commitLines } from "./commit-line.ts";
import { cubeLines } from "./cube-line.ts";
import { readLocks } from "./locks.ts";
import { streamLog } from "./log.ts";
import { mendLines } from "./mend-line.ts";
import { type Monitoring, openMonitoring } from "./monitoring.ts";
import { type DaemonOptions, defaultSocket, type TlsFiles } from "./options.ts";
import { packageRoot } from "./package-root.ts";
import { ServiceHost } from "./service-host.ts";

/** A daemon that serves. */
export interface Daemon {
  /** Stops serving; the data plane goes on forwarding. */
  stop(): Promise<void>;
}

/**
 * Brings the daemon up, which logs to `stream`: listeners, journal, data plane, restored
 * configuration, then the server. What was opened is closed again, in opposite order, when a later
 * part fails.
 */
export async function startDaemon(
  options: DaemonOptions,
  stream: NodeJS.WritableStream,
): Promise<Daemon> {
  const log = streamLog(stream, options.logLevel);
  // Each cube has a loglevel of its own.
  const onLine = cubeLines(streamLog(stream, "debug"));
  const closers = new Closers();
  try {
    const listeners = await openListeners(options, log, closers);
    const monitoring = await openMonitoring(options, log, closers);
    const locks = await readLocks(join(packageRoot(), "proto", "yangplane"));
    const surroundings = { log, onLine, closers, monitoring, locks };
    const { engine, roster } = await startEngine(options, surroundings);
    const server = startGrpcServer({
      datastore: engine,
      verifier: engine,
      tracer: engine.tracer,
      log,
      locks,
      roster,
      listeners,
    });
    closers.add(() => server.stop());
    monitoring.serve();
  } catch (error) {
    await closers.close();
    throw error;
  }
  return { stop: () => closers.close() };
}

/** First of all: a daemon whose place is taken has not touched the data plane of the other. */
async function openListeners(
  { socket, listen, tls }: DaemonOptions,
  log: Log,
  closers: Closers,
): Promise<GrpcListener[]> {
  const files = tls && readTls(tls);
  if (dirname(socket) === dirname(defaultSocket)) {
    await mkdir(dirname(socket), { recursive: true });
  }
  const local = await Listener.onSocket(socket, log);
  closers.add(() => local.close());
  if (listen === undefined) return [{ listener: local }];
  const remote = await Listener.onTcp({ ...listen, loopbackOnly: files === undefined }, log);
  closers.add(() => remote.close());
  return [{ listener: local }, { listener: remote, ...(files && { tls: files }) }];
}

/** @throws Error that names the file at fault */
function readTls({ cert, key, clientCa }: TlsFiles): NonNullable<GrpcListener["tls"]> {
  const pair = { cert: readOption("--tls-cert", cert), key: readOption("--tls-key", key) };
  const ca = clientCa === undefined ? undefined : readOption("--tls-client-ca", clientCa);
  try {
    createSecureContext({ ...pair, ca });
    // OpenSSL takes a file without any certificate, and then trusts nobody.
    if (ca) new X509Certificate(ca);
  } catch (cause) {
    const files = [cert, key, clientCa].filter((file) => file !== undefined);
    throw new Error(`TLS with ${files.join(", ")}`, { cause });
  }
  return { ...pair, ...(ca && { clientCa: ca }) };
}

function readOption(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Error(`${option} ${file}`, { cause });
  }
}

interface Surroundings {
  readonly log: Log;
  readonly onLine: (line: CubeLine) => void;
  readonly closers: Closers;
  readonly monitoring: Monitoring;
  /** Field numbers by module. */
  readonly locks: Map<string, Lock>;
}

async function startEngine(
  options: DaemonOptions,
  { log, onLine, closers, monitoring, locks }: Surroundings,
): Promise<{ engine: Engine; roster: ServiceHost }> {
  const builtIn = await discoverServices(fileURLToPath(new URL("../services/", import.meta.url)));
  const schema = linkSchema(builtIn.map(({ model }) => model.ir));
  const { stateDirectory, serviceDirectories } = options;
  const directory = join(stateDirectory, "journal");
  const { journal, recovered } = await openJournal({ directory });
  closers.add(() => journal.close());
  for (const detail of recovered.report) log("warn", "journal recovered", { detail });
  const core = coreMapsOf([...coreObjects, ...objectsOf(builtIn)]);
  const hosting = { stateDirectory, builtIn: builtIn.filter(hasCubes), schema, core, locks, log };
  const roster = await ServiceHost.open(hosting, serviceDirectories);
  const services = [...builtIn, ...roster.services];
  const stored = restored(schema, recovered, roster);
  const { dataplane, devices } = openDataplane(options, services);
  closers.add(() => devices[Symbol.dispose]());
  closers.add(() => dataplane[Symbol.dispose]());
  roster.offerObjects(dataplane);
  const onError = (error: unknown) => log("error", "background work failed", { error });
  const parts = { schema, services, dataplane, devices, log: journal };
  const onCommit = told(commitLines(log), monitoring.onCommit);
  const onMend = mendLines(log);
  const engine = new Engine({ ...parts, onError, onCommit, onMend, onLine });
  closers.add(async () => {
    await engine.close();
    engine.leave();
  });
  await engine.restore(stored);
  roster.serve(engine);
  monitoring.watch(engine.metrics, journalMetrics(journal));
  return { engine, roster };
}

/** @throws Error where the configuration has cubes of a service that is not there */
function restored(schema: Schema, stored: StoredState, roster: ServiceHost): Version {
  try {
    return restoredState(schema, stored);
  } catch (error) {
    if (!(error instanceof MissingServiceError)) throw error;
    throw new Error(`${error.message}: ${roster.whyMissing(error.service)}`);
  }
}

/** Tells each of the listeners. */
function told<T>(...listeners: readonly ((event: T) => void)[]): (event: T) => void {
  return (event) => {
    for (const listener of listeners) listener(event);
  };
}

function openDataplane(
  { dataplane, pinDirectory }: DaemonOptions,
  services: readonly Discovered[],
): { dataplane: Dataplane; devices: Devices } {
  if (dataplane === "kernel") {
    const objectDirectory = join(packageRoot(), "build", "bpf");
    const kernel = openKernelDataplane({ pinDirectory, objectDirectory });
    return { dataplane: kernel, devices: openDevices() };
  }
  const devices = observedDevices(openDevices());
  const objects = [...coreObjects, ...objectsOf(services)];
  return { dataplane: new MemoryDataplane({ objects, devices }), devices };
}
