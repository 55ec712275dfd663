import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommitOptions, Edit } from "../src/datamodel/datastore/datastore.ts";
import type { Schema } from "../src/datamodel/schema/schema.ts";
import type { KernelDataplane } from "../src/dataplane/kernel.ts";
import type { Engine } from "../src/services/engine/engine.ts";

// From dist/, as users run them: what tsx makes of the sources keeps names, which costs time.
const { decodeJsonAt } =
  await built<typeof import("../src/datamodel/codec/decode.ts")>("datamodel/codec/decode");
const { linkSchema } =
  await built<typeof import("../src/datamodel/schema/schema.ts")>("datamodel/schema/schema");
const { parsePath } =
  await built<typeof import("../src/datamodel/tree/path.ts")>("datamodel/tree/path");
const { openKernelDataplane } =
  await built<typeof import("../src/dataplane/kernel.ts")>("dataplane/kernel");
const { openDevices } = await built<typeof import("../src/dataplane/netlink/devices.ts")>(
  "dataplane/netlink/devices",
);
const { openJournal } = await built<typeof import("../src/journal/journal.ts")>("journal/journal");
const { discoverServices } =
  await built<typeof import("../src/services/discover.ts")>("services/discover");
const { restoredState } = await built<typeof import("../src/services/engine/commit-log.ts")>(
  "services/engine/commit-log",
);
const engineModule =
  await built<typeof import("../src/services/engine/engine.ts")>("services/engine/engine");

/** The engine as the daemon runs it, on the kernel, without a server in front. */
export interface BenchEngine {
  readonly engine: Engine;
  readonly schema: Schema;
  readonly dataplane: KernelDataplane;
}

export interface EngineFolders {
  /** Of the journal, on disk. */
  readonly state: string;
  /** Of the compiled objects. */
  readonly objects: string;
  /** On a bpf file system. */
  readonly pins: string;
}

export async function openEngine({ state, objects, pins }: EngineFolders): Promise<BenchEngine> {
  const services = await discoverServices(folderOf("../dist/src/services/"));
  const schema = linkSchema(services.map(({ model }) => model.ir));
  const { journal: log, recovered } = await openJournal({ directory: state });
  const dataplane = openKernelDataplane({ pinDirectory: pins, objectDirectory: objects });
  const devices = openDevices();
  const onError = (error: unknown): void => console.error(error);
  const engine = new engineModule.Engine({ schema, services, dataplane, devices, log, onError });
  await engine.restore(restoredState(schema, recovered));
  return { engine, schema, dataplane };
}

/** The daemon's compiled objects. */
export const builtObjects = folderOf("../build/bpf/");

/** A folder with the daemon's compiled objects, for others to be put beside them. */
export function copyObjects(folder: string): string {
  mkdirSync(folder, { recursive: true });
  cpSync(builtObjects, folder, { recursive: true });
  return folder;
}

/** An edit as a client writes it. */
export function edit(
  schema: Schema,
  operation: Edit["operation"],
  path: string,
  json: unknown,
): Edit {
  const parsed = parsePath(schema, path);
  return { path: parsed, operation, value: decodeJsonAt(parsed, json) };
}

export async function commit(
  { engine }: BenchEngine,
  edits: readonly Edit[],
  options?: Partial<CommitOptions>,
): Promise<void> {
  const outcome = await engine.commit(edits, { user: "bench", ...options });
  if (outcome.violations) throw new Error(JSON.stringify(outcome.violations.slice(0, 5)));
}

function folderOf(relative: string): string {
  return join(fileURLToPath(new URL(relative, import.meta.url)), "/");
}

async function built<Module>(name: string): Promise<Module> {
  return await import(new URL(`../dist/src/${name}.js`, import.meta.url).href);
}
