import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkSchema } from "../datamodel/schema/schema.ts";
import type { Dataplane, Devices } from "../dataplane/dataplane.ts";
import { openKernelDataplane } from "../dataplane/kernel.ts";
import { MemoryDataplane } from "../dataplane/memory.ts";
import { openDevices } from "../dataplane/netlink/devices.ts";
import { observedDevices } from "../dataplane/observed-devices.ts";
import { entryObject } from "../gen/bpf/entry.ts";
import { openJournal } from "../journal/journal.ts";
import type { Log } from "../lib/log.ts";
import { type GrpcServerOptions, startGrpcServer } from "../server/grpc/server.ts";
import { discoverServices } from "../services/discover.ts";
import { restoredState } from "../services/engine/commit-log.ts";
import { Engine } from "../services/engine/engine.ts";
import type { AnyService } from "../services/service.ts";
import { Closers } from "./closers.ts";
import { readLocks } from "./locks.ts";
import type { DaemonOptions, TlsFiles } from "./options.ts";
import { packageRoot } from "./package-root.ts";
import { resetDataplane } from "./reset.ts";

/** A daemon that serves. */
export interface Daemon {
  /** Stops serving; the data plane goes on forwarding. */
  stop(): Promise<void>;
}

/**
 * Brings the daemon up: journal, data plane, restored configuration, then the server. What was
 * opened is closed again, in opposite order, when a later part fails.
 */
export async function startDaemon(options: DaemonOptions, log: Log): Promise<Daemon> {
  const closers = new Closers();
  try {
    const engine = await startEngine(options, log, closers);
    await mkdir(dirname(options.socket), { recursive: true });
    const locks = await readLocks(join(packageRoot(), "proto", "yangplane"));
    const server = await startGrpcServer({ datastore: engine, log, locks, ...listeners(options) });
    closers.add(() => server.stop());
  } catch (error) {
    await closers.close();
    throw error;
  }
  return { stop: () => closers.close() };
}

function listeners({
  socket,
  listen,
  tls,
}: DaemonOptions): Pick<GrpcServerOptions, "listen" | "tls"> {
  return {
    listen: { socket, ...(listen && { tcp: listen }) },
    ...(tls && { tls: readTls(tls) }),
  };
}

function readTls({ cert, key, clientCa }: TlsFiles): NonNullable<GrpcServerOptions["tls"]> {
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  return clientCa === undefined ? pair : { ...pair, clientCa: readFileSync(clientCa) };
}

async function startEngine(options: DaemonOptions, log: Log, closers: Closers): Promise<Engine> {
  const services = await discoverServices(fileURLToPath(new URL("../services/", import.meta.url)));
  const schema = linkSchema(services.map(({ model }) => model.ir));
  const directory = join(options.stateDirectory, "journal");
  const { journal, recovered } = await openJournal({ directory });
  closers.add(() => journal.close());
  for (const detail of recovered.report) log("warn", "journal recovered", { detail });
  const { dataplane, devices } = openDataplane(options, services);
  closers.add(() => devices[Symbol.dispose]());
  closers.add(() => dataplane[Symbol.dispose]());
  resetDataplane(dataplane);
  const onError = (error: unknown) => log("error", "background work failed", { error });
  const engine = new Engine({ schema, services, dataplane, devices, log: journal, onError });
  closers.add(() => engine.close());
  await engine.restore(restoredState(schema, recovered));
  return engine;
}

function openDataplane(
  { dataplane, pinDirectory }: DaemonOptions,
  services: readonly AnyService[],
): { dataplane: Dataplane; devices: Devices } {
  if (dataplane === "kernel") {
    const objectDirectory = join(packageRoot(), "build", "bpf");
    const kernel = openKernelDataplane({ pinDirectory, objectDirectory });
    return { dataplane: kernel, devices: openDevices() };
  }
  const devices = observedDevices(openDevices());
  const objects = [entryObject, ...services.map(({ object }) => object)];
  return { dataplane: new MemoryDataplane({ objects, devices }), devices };
}
