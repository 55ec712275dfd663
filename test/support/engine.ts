import { encodeJson } from "../../src/datamodel/codec/encode.ts";
import type {
  ChangeEvent,
  Commit,
  CommitOptions,
  Edit,
  View,
} from "../../src/datamodel/datastore/datastore.ts";
import type { Violation } from "../../src/datamodel/error.ts";
import { linkSchema, type Schema } from "../../src/datamodel/schema/schema.ts";
import type { DataObject } from "../../src/datamodel/tree/node.ts";
import { parsePath } from "../../src/datamodel/tree/path.ts";
import type { Dataplane } from "../../src/dataplane/dataplane.ts";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import type { Discovered } from "../../src/services/any-service.ts";
import { objectsOf } from "../../src/services/discover.ts";
import { type CommitLog, emptyState, type Version } from "../../src/services/engine/commit-log.ts";
import type { CommitReport } from "../../src/services/engine/commit-report.ts";
import { coreObjects } from "../../src/services/engine/core-objects.ts";
import type { CubeLine } from "../../src/services/engine/cube-log.ts";
import { Engine } from "../../src/services/engine/engine.ts";
import type { Mending } from "../../src/services/engine/verifier.ts";
import { service as simplebridge } from "../../src/services/simplebridge/service.ts";
import { edit } from "./tree.ts";

/**
 * A commit log in memory; `fail` makes every append not yet settled reject, as the journal does.
 */
export class MemoryLog implements CommitLog {
  readonly records: Uint8Array[] = [];
  /** Replaces the records before it. */
  snapshot: Uint8Array | undefined;
  readonly isSnapshotDue = false;
  failure: Error | undefined;
  /** Makes the log refuse the next record without a failure, as one whose queue is full. */
  nextRefusal: Error | undefined;
  /** While set, appends wait for `settle`. */
  holding = false;
  #recorded: () => void = () => undefined;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  refusal(): Error | undefined {
    const refusal = this.failure ?? this.nextRefusal;
    this.nextRefusal = undefined;
    return refusal;
  }

  append(record: Uint8Array): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.records.push(record);
    this.#recorded();
    if (!this.holding) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Resolves when the next commit is applied and being written. */
  nextRecord(): Promise<void> {
    return new Promise((resolve) => {
      this.#recorded = resolve;
    });
  }

  settle(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  fail(error: Error): void {
    this.failure = error;
    const waiting = this.#waiting.splice(0);
    this.records.splice(this.records.length - waiting.length);
    for (const { reject } of waiting.toReversed()) reject(error);
  }

  recover(): Promise<void> {
    this.failure = undefined;
    return Promise.resolve();
  }

  writeSnapshot(slices: Iterable<Uint8Array>): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    this.snapshot = Buffer.concat([...slices]);
    this.records.splice(0);
    return Promise.resolve();
  }
}

export interface EngineFixture {
  readonly engine: Engine;
  readonly schema: Schema;
  readonly dataplane: Dataplane;
  /** The data plane below what `wrap` made of it. */
  readonly memory: MemoryDataplane;
  readonly devices: MemoryDevices;
  readonly log: MemoryLog;
  /** Errors without a caller to tell; a test that expects none asserts it is empty. */
  readonly errors: unknown[];
  /** What became of every transaction that is decided. */
  readonly reports: CommitReport[];
  /** What was mended without being asked to. */
  readonly mendings: Mending[];
  edit(operation: Edit["operation"], path: string, json?: unknown): Edit;
  /** Commits and fails on violations. */
  commit(...edits: Edit[]): Promise<Commit>;
  /** What is wrong with these edits, none of which is applied then. */
  violations(...edits: Edit[]): Promise<readonly Violation[]>;
  /** JSON of a node, the operational view if nothing else is asked for; undefined if absent. */
  read(path: string, view?: View): unknown;
  /** The id under which the data plane has the cube at a path. */
  objectId(path: string): string;
  /** All that subscribers are told from now on. */
  heard(): ChangeEvent[];
}

export interface FixtureParts {
  readonly services?: readonly Discovered[];
  readonly devices?: readonly string[];
  readonly wrap?: (dataplane: Dataplane) => Dataplane;
  readonly onLine?: (line: CubeLine) => void;
  /** The configuration it starts with; default none. */
  readonly stored?: Version;
  /** What another engine has left; default an empty data plane. */
  readonly left?: Pick<EngineFixture, "memory" | "devices">;
}

export const anyServices = [simplebridge] as object as readonly Discovered[];

export function schemaOfServices(services: readonly Discovered[]): Schema {
  return linkSchema(services.map(({ model }) => model.ir));
}

/** An engine on a data plane in memory. */
export async function engineFixture(parts: FixtureParts = {}): Promise<EngineFixture> {
  const services = parts.services ?? anyServices;
  const schema = schemaOfServices(services);
  const devices = parts.left?.devices ?? new MemoryDevices();
  for (const name of parts.devices ?? []) devices.add(name);
  const objects = [...coreObjects, ...objectsOf(services)];
  const memory = parts.left?.memory ?? new MemoryDataplane({ objects, devices });
  const dataplane = parts.wrap?.(memory) ?? memory;
  const log = new MemoryLog();
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const reports: CommitReport[] = [];
  const mendings: Mending[] = [];
  const onMend = (mending: Mending) => void mendings.push(mending);
  const onCommit = (report: CommitReport) => void reports.push(report);
  const listeners = { onError, onCommit, onMend, onLine: parts.onLine ?? (() => undefined) };
  const engine = new Engine({ schema, services, dataplane, devices, log, ...listeners });
  await engine.restore(parts.stored ?? emptyState(schema));
  return {
    engine,
    schema,
    dataplane,
    memory,
    devices,
    log,
    errors,
    reports,
    mendings,
    edit: (operation, path, json) => edit(schema, operation, path, json),
    ...callsOf(engine, schema),
  };
}

export type Calls = Pick<EngineFixture, "commit" | "violations" | "read" | "objectId" | "heard">;

/** Short forms of what tests ask an engine. */
export function callsOf(engine: Engine, schema: Schema): Calls {
  return {
    commit: async (...edits) => {
      const outcome = await engine.commit(edits, local);
      if (outcome.violations) throw new Error(JSON.stringify(outcome.violations));
      if (outcome.commit === undefined) throw new Error("no commit");
      return outcome.commit;
    },
    violations: async (...edits) => (await engine.commit(edits, local)).violations ?? [],
    read: (path, view = "operational") => {
      const parsed = parsePath(schema, path);
      const node = parsed.at(-1)?.schema;
      const value = engine.read(parsed, view);
      if (value === undefined || node === undefined) return undefined;
      return encodeJson(node, value, { withDefaults: view === "operational" });
    },
    objectId: (path) => {
      const cube = engine.read(parsePath(schema, path), "config") as DataObject;
      return `cubes/${cube["uuid"]}`;
    },
    heard: () => {
      const events: ChangeEvent[] = [];
      engine.subscribe((event) => events.push(event));
      return events;
    },
  };
}

export const local: CommitOptions = { user: "local" };
