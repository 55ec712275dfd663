import { type DeltaRecord, deltaEdits, stateRecords } from "../../datamodel/codec/delta.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { applyEdits } from "../../datamodel/tree/edit.ts";
import { notingChanges } from "../../datamodel/tree/history.ts";
import { type DataObject, emptyObject } from "../../datamodel/tree/node.ts";
import { atOnce, type Slices } from "../../lib/slices.ts";

import { StrandedCubes } from "./stranded.ts";

/** Where commits become durable: the journal's interface, as far as the engine needs it. */
export interface CommitLog {
  /** Set while writes are refused after a failure, until `recover` succeeds. */
  readonly failure: Error | undefined;
  readonly isSnapshotDue: boolean;
  /** Why a record of this many bytes would not be taken now; such a refusal is no failure. */
  refusal(size: number): Error | undefined;
  append(record: Uint8Array): Promise<void>;
  recover(): Promise<void>;
  writeSnapshot(slices: Iterable<Uint8Array>): Promise<void>;
}

/** A version of the configuration: the tree as commit `id` left it. */
export interface Version {
  readonly root: DataObject;
  readonly id: number;
}

/** A commit as the journal holds it: a line of JSON with this, then one for each record. */
interface CommitHeader {
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly user: string;
  readonly comment?: string;
}

export function* encodingCommit(
  header: CommitHeader,
  delta: readonly DeltaRecord[],
): Slices<Uint8Array> {
  const lines = [JSON.stringify(header)];
  for (const record of delta) {
    lines.push(JSON.stringify(record));
    yield;
  }
  return Buffer.from(lines.join("\n"));
}

/** The state as lines of JSON: the commit id, then the records that make it from nothing. */
export function* encodeSnapshot(schema: Schema, state: Version): Generator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify({ id: state.id })}\n`);
  for (const record of stateRecords(schema, state.root)) {
    yield Buffer.from(`${JSON.stringify(record)}\n`);
  }
}

/** What a journal held when it was opened. */
export interface StoredState {
  readonly snapshot: Uint8Array | undefined;
  readonly records: readonly Uint8Array[];
}

/**
 * The configuration that a journal describes. @throws RequestError where it does not fit the schema
 * any more, MissingServiceError where it has cubes of a service that is not loaded
 */
export function restoredState(schema: Schema, { snapshot, records }: StoredState): Version {
  const stranded = new StrandedCubes(schema);
  let version = emptyState(schema);
  for (const lines of snapshot ? [snapshot, ...records] : records) {
    const [header = "", ...delta] = Buffer.from(lines).toString().trimEnd().split("\n");
    const { id } = JSON.parse(header) as Pick<CommitHeader, "id">;
    const records = delta.map((line) => JSON.parse(line) as DeltaRecord);
    const known = records.filter((record) => !stranded.take(record));
    const root = applyEdits(version.root, deltaEdits(schema, known));
    atOnce(notingChanges(schema.root, [version.root, root], id));
    version = { root, id };
  }
  stranded.check();
  return version;
}

/** The configuration of a daemon that has none yet. */
export function emptyState(schema: Schema): Version {
  return { root: Object.freeze(emptyObject(schema.root)), id: 0 };
}
