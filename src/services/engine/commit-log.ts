import { type DeltaRecord, deltaEdits, stateRecords } from "../../datamodel/codec/delta.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { applyEdits } from "../../datamodel/tree/edit.ts";
import { type DataObject, emptyObject } from "../../datamodel/tree/node.ts";

/** Where commits become durable: the journal's interface, as far as the engine needs it. */
export interface CommitLog {
  /** Set while writes are refused after a failure, until `recover` succeeds. */
  readonly failure: Error | undefined;
  readonly isSnapshotDue: boolean;
  append(record: Uint8Array): Promise<void>;
  recover(): Promise<void>;
  writeSnapshot(slices: Iterable<Uint8Array>): Promise<void>;
}

/** A version of the configuration: the tree as commit `id` left it. */
export interface Version {
  readonly root: DataObject;
  readonly id: number;
}

/** A commit as the journal holds it; one line of JSON. */
interface CommitRecord {
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  readonly user: string;
  readonly comment?: string;
  readonly delta: readonly DeltaRecord[];
}

export function encodeCommit(record: CommitRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
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
 * any more.
 */
export function restoredState(schema: Schema, stored: StoredState): Version {
  let { root, id } = emptyState(schema);
  if (stored.snapshot) {
    const [header, ...lines] = Buffer.from(stored.snapshot).toString().trimEnd().split("\n");
    id = (JSON.parse(header ?? "") as { id: number }).id;
    root = applyEdits(
      root,
      deltaEdits(
        schema,
        lines.map((line) => JSON.parse(line)),
      ),
    );
  }
  for (const bytes of stored.records) {
    const record = JSON.parse(Buffer.from(bytes).toString()) as CommitRecord;
    root = applyEdits(root, deltaEdits(schema, record.delta), record.id);
    id = record.id;
  }
  return { root, id };
}

/** The configuration of a daemon that has none yet. */
export function emptyState(schema: Schema): Version {
  return { root: Object.freeze(emptyObject(schema.root)), id: 0 };
}
