import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkSchema } from "../datamodel/schema/schema.ts";
import type { Dataplane, Devices } from "../dataplane/dataplane.ts";
import { openKernelDataplane } from "../dataplane/kernel.ts";
import { MemoryDataplane } from "../dataplane/memory.ts";
import { openDevices } from "../dataplane/netlink/devices.ts";
import { observedDevices } from "../dataplane/observed-devices.ts";
import { entryObject } from "../gen/bpf/entry.ts";
import { openJournal } from "../journal/journal.ts";
import { startGrpcServer } from "../server/grpc/server.ts";
import { discoverServices } from "../services/discover.ts";
import { restoreConfiguration } from "../services/engine/commit-log.ts";
import { Engine } from "../services/engine/engine.ts";
import type { AnyService } from "../services/service.ts";
import type { Log } from "./log.ts";
import type { DaemonOptions } from "./options.ts";
import { packageRoot } from "./package-root.ts";
import { resetDataplane } from "./reset.ts";

/** A daemon that serves. */
export interface Daemon {
  /** Stops serving; the data plane goes on forwarding. */
  stop(): Promise<void>;
}

/**
 * Brings the daemon up: journal, data plane, restored configuration, then the servers. What was
 * opened is closed again when a later part fails.
 */
export async function startDaemon(options: DaemonOptions, log: Log): Promise<Daemon> {
  const resources = new AsyncDisposableStack();
  try {
    const services = await discoverServices(join(packageRootOfSources(), "services"));
    const schema = linkSchema(services.map(({ model }) => model.ir));
    const directory = join(options.stateDirectory, "journal");
    const { journal, recovered } = await openJournal({ directory });
    resources.defer(() => journal.close());
    for (const line of recovered.report) log.warn("journal recovered", { detail: line });
    const parts = openDataplane(options, services);
    resources.use(parts.devices);
    resources.use(parts.dataplane);
    const onError = (error: unknown) => log.error("background work failed", { error });
    const engine = new Engine({ schema, services, ...parts, log: journal, onError });
    resources.defer(() => engine.close());
    await engine.restore(restoreConfiguration(schema, recovered));
    const server = await startGrpcServer({ datastore: engine, log, ...options });
    resources.defer(() => server.stop());
    return { stop: () => resources.disposeAsync() };
  } catch (error) {
    await resources.disposeAsync();
    throw error;
  }
}
