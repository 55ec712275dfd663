import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeJsonAt } from "../src/datamodel/codec/decode.ts";
import type { CommitOptions, Edit } from "../src/datamodel/datastore/datastore.ts";
import { linkSchema, type Schema } from "../src/datamodel/schema/schema.ts";
import { parsePath } from "../src/datamodel/tree/path.ts";
import { type KernelDataplane, openKernelDataplane } from "../src/dataplane/kernel.ts";
import { openDevices } from "../src/dataplane/netlink/devices.ts";
import { openJournal } from "../src/journal/journal.ts";
import { discoverServices } from "../src/services/discover.ts";
import { restoredState } from "../src/services/engine/commit-log.ts";
import { Engine } from "../src/services/engine/engine.ts";

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
  const services = await discoverServices(sourceFolder("../src/services/"));
  const schema = linkSchema(services.map(({ model }) => model.ir));
  const { journal: log, recovered } = await openJournal({ directory: state });
  const dataplane = openKernelDataplane({ pinDirectory: pins, objectDirectory: objects });
  const devices = openDevices();
  const onError = (error: unknown): void => console.error(error);
  const engine = new Engine({ schema, services, dataplane, devices, log, onError });
  await engine.restore(restoredState(schema, recovered));
  return { engine, schema, dataplane };
}

/** The daemon's compiled objects. */
export const builtObjects = sourceFolder("../build/bpf/");

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

function sourceFolder(relative: string): string {
  return join(fileURLToPath(new URL(relative, import.meta.url)), "/");
}
