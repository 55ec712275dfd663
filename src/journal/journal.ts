import { join } from "node:path";
import { assert } from "../lib/assert.ts";
import { Batch } from "./batch.ts";
import { type Disk, localDisk } from "./disk.ts";
import { lockName, logName, snapshotName, sortFiles } from "./file-names.ts";
import { JournalError } from "./journal-error.ts";
import type { DiskLock } from "./lock-file.ts";
import { LogWriter } from "./log-writer.ts";
import { recordHeaderSize } from "./record.ts";
import { type Recovered, type Resumption, recoverDirectory } from "./recovery.ts";
import { publishSnapshot, type StateSlices, writeTemporarySnapshot } from "./snapshot.ts";

/**
 * A durable log of opaque records with snapshots, in a directory of its own:
 *
 *     snapshot-<n>   the caller's state after record n; the newest two are kept
 *     log-<n>        records n+1, n+2, … as record.ts frames them; a snapshot starts a new log
 *     begun          there once a record is durable
 *     lock           held while a journal is open
 *     *.corrupt-<k>  what recovery could not use
 *
 * Records are numbered from 1 without gaps. All appends that wait when a write begins share it and
 * its fdatasync (group commit).
 */

export interface JournalOptions {
  readonly directory: string;
  /** Appends not yet durable; more are refused. Default 65,536: a second of a slow disk. */
  readonly queueRecordsMax?: number;
  /** Their bytes. Default 64 MiB, which also bounds one record. */
  readonly queueBytesMax?: number;
  /** A log beyond this goes on in another file; recovery reads one at a time. Default 64 MiB. */
  readonly logBytesMax?: number;
  /** A snapshot is due when the logs since the last have this many times its size. Default 2. */
  readonly snapshotRatio?: number;
  /** … and this many bytes, so that a small state is not written all the time. Default 4 MiB. */
  readonly snapshotLogBytesMin?: number;
  /** For tests. */
  readonly disk?: Disk;
}

const mebibyte = 2 ** 20;
const defaults = {
  queueRecordsMax: 65_536,
  queueBytesMax: 64 * mebibyte,
  logBytesMax: 64 * mebibyte,
  snapshotRatio: 2,
  snapshotLogBytesMin: 4 * mebibyte,
  disk: localDisk,
};
type Settings = Required<JournalOptions>;

/**
 * Opens a journal, creating its directory if need be, and brings back what it holds.
 * @throws JournalError `locked`, `no-good-state`, `unsupported-version`, `permission`, `no-space`,
 * `io`
 */
export async function openJournal(
  options: JournalOptions,
): Promise<{ readonly journal: Journal; readonly recovered: Recovered }> {
  const settings = { ...defaults, ...options };
  const { disk, directory } = settings;
  let lock: DiskLock | undefined;
  try {
    await disk.makeDirectory(directory);
    lock = await disk.lock(join(directory, lockName));
    const { recovered, resumption } = await recoverDirectory(settings);
    const writer = new LogWriter({ disk, directory, lock }, resumption);
    await writer.resume();
    return { journal: new Journal(settings, { lock, resumption, writer }), recovered };
  } catch (cause) {
    await lock?.release();
    throw JournalError.from(cause, directory);
  }
}

interface Opened {
  readonly lock: DiskLock;
  readonly resumption: Resumption;
  readonly writer: LogWriter;
}

/** Made by `openJournal`. Its methods may be called while others are under way. */
export class Journal {
  readonly #settings: Settings;
  readonly #lock: DiskLock;
  readonly #writer: LogWriter;
  /** The first is being written while `#isWriting`; the last takes appends. */
  #batches: Batch[] = [new Batch({ startsLog: false })];
  #spare: Buffer | undefined;
  #isWriting = false;
  #writing: Promise<void> = Promise.resolve();
  #restoring: Promise<void> | undefined;
  #failure: JournalError | undefined;
  #isClosed = false;
  #lastSequence: number;
  #durableSequence: number;
  #queuedBytes = 0;
  #logSize: number;
  #snapshotSize: number;
  #snapshotDueAt: number;
  #snapshot: Promise<void> | undefined;

  /** For `openJournal` only. */
  constructor(settings: Settings, { lock, resumption, writer }: Opened) {
    this.#settings = settings;
    this.#lock = lock;
    this.#writer = writer;
    this.#lastSequence = resumption.lastSequence;
    this.#durableSequence = resumption.lastSequence;
    this.#logSize = resumption.logSize;
    this.#snapshotSize = resumption.snapshotSize;
    this.#snapshotDueAt = this.#nextSnapshotAt(resumption.snapshotSize);
  }

  /** Why writes are refused, undefined while all is well. */
  get failure(): JournalError | undefined {
    return this.#failure;
  }

  /** Bytes of the newest snapshot, and of the log that follows it: what a restart reads. */
  get size(): { readonly snapshot: number; readonly log: number } {
    return { snapshot: this.#snapshotSize, log: this.#logSize };
  }

  /** True when the log has outgrown the last snapshot and none is being written. */
  get isSnapshotDue(): boolean {
    const isAllowed = this.#snapshot === undefined && this.#failure === undefined;
    return isAllowed && this.#logSize >= this.#snapshotDueAt;
  }

  /**
   * Appends a record; resolves when it is durable. The payload is copied at once.
   *
   * Rejects with JournalError: `queue-full`, `record-too-large`, `failed` and `closed` mean that
   * this record was not taken. Any other code means that writing failed: then every append not yet
   * durable rejects with that same error, newest first, none of them is found after a restart (as
   * far as the disk still obeys), and the journal refuses writes until `recover`.
   */
  append(payload: Uint8Array): Promise<void> {
    const refusal = this.refusal(payload.length);
    if (refusal) return Promise.reject(refusal);
    const batch = this.#filling();
    this.#lastSequence += 1;
    this.#queuedBytes += recordHeaderSize + payload.length;
    batch.add(this.#lastSequence, payload);
    const settled = batch.settled();
    this.#startWriting();
    return settled;
  }

  /**
   * Ends a failure: the log is opened anew, cut to its last durable record and tried. Rejects with
   * JournalError while the disk still refuses; does nothing without a failure.
   */
  recover(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    if (this.#isClosed) throw this.#error("closed", "the journal is closed");
    if (this.#failure === undefined) return;
    await this.#writing;
    try {
      await this.#writer.restore(this.#durableSequence);
    } catch (cause) {
      throw JournalError.from(cause, this.#writer.path);
    }
    this.#failure = undefined;
  }

  /**
   * Replaces the log so far by the caller's state as it is at the time of the call: all records
   * appended until now and no later one. The slices are pulled one by one while appends go on; a
   * generator can so encode a large state bit by bit. Resolves when the snapshot is durable and
   * what it makes superfluous is removed: all but the snapshot before it and the log between.
   *
   * Rejects with JournalError if it cannot be written, the journal itself going on without, or if a
   * record it includes could not be made durable. One at a time.
   */
  writeSnapshot(state: StateSlices): Promise<void> {
    assert(this.#snapshot === undefined, "one snapshot at a time");
    const refusal = this.refusal(0);
    if (refusal) return Promise.reject(refusal);
    this.#snapshot = this.#writeSnapshot(state).finally(() => {
      this.#snapshot = undefined;
    });
    return this.#snapshot;
  }

  /** Waits for all that is under way and lets another process open the directory. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writing;
    // A refused `recover` has been told to its caller too.
    await this.#restoring?.catch(() => undefined);
    // Its caller hears of a failed snapshot; closing goes on regardless.
    await this.#snapshot?.catch(() => undefined);
    try {
      await this.#writer.close();
    } finally {
      await this.#lock.release();
    }
  }

  /** What `append` would say to a record of this many bytes: `queue-full`, `closed`, … */
  refusal(payloadSize: number): JournalError | undefined {
    if (this.#isClosed) return this.#error("closed", "the journal is closed");
    if (this.#failure) {
      const cause = this.#failure;
      return this.#error("failed", `no writes since: ${cause.message}`, { cause });
    }
    const { queueBytesMax, queueRecordsMax } = this.#settings;
    const size = recordHeaderSize + payloadSize;
    if (size > queueBytesMax) {
      const message = `a record of ${payloadSize} bytes exceeds ${queueBytesMax - recordHeaderSize}`;
      return this.#error("record-too-large", message);
    }
    const queued = this.#lastSequence - this.#durableSequence;
    if (queued >= queueRecordsMax || this.#queuedBytes + size > queueBytesMax) {
      const message = `${queued} records, ${this.#queuedBytes} bytes wait for the disk`;
      return this.#error("queue-full", message);
    }
    return undefined;
  }

  #error(code: JournalError["code"], message: string, options?: ErrorOptions): JournalError {
    return new JournalError(code, this.#settings.directory, message, options);
  }

  #filling(): Batch {
    const last = this.#batches.at(-1);
    assert(last, "there is always a batch to fill");
    return last;
  }

  #startWriting(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#write();
  }

  /** Writes batch after batch while there are records. Never rejects. */
  async #write(): Promise<void> {
    for (;;) {
      // One turn, so that all appends of the present one share the write.
      await Promise.resolve();
      const batch = this.#oldest();
      if (batch.recordCount === 0) break;
      if (this.#batches.length === 1) this.#addBatch({ startsLog: false });
      try {
        await this.#writeBatch(batch);
      } catch (cause) {
        await this.#fail(cause);
        break;
      }
      this.#batches.shift();
      this.#spare = batch.succeed();
    }
    this.#isWriting = false;
  }

  #addBatch(options: { startsLog: boolean }): void {
    this.#batches.push(new Batch({ ...options, buffer: this.#spare }));
    this.#spare = undefined;
  }

  async #writeBatch(batch: Batch): Promise<void> {
    const startsLog = batch.startsLog || this.#writer.end > this.#settings.logBytesMax;
    await this.#writer.append(batch.bytes, { base: this.#durableSequence, startsLog });
    this.#durableSequence += batch.recordCount;
    this.#queuedBytes -= batch.bytes.length;
    this.#logSize += batch.bytes.length;
  }

  async #fail(cause: unknown): Promise<void> {
    const error = JournalError.from(cause, this.#writer.path);
    this.#failure = error;
    // A disk that refuses this too has been reported already; `recover` tries again.
    await this.#writer.discardUndurable().catch(() => undefined);
    const lost = this.#batches;
    this.#batches = [new Batch({ startsLog: lost.some(({ startsLog }) => startsLog) })];
    this.#lastSequence = this.#durableSequence;
    this.#queuedBytes = 0;
    for (const batch of lost.toReversed()) batch.fail(error);
  }

  async #writeSnapshot(state: StateSlices): Promise<void> {
    const sequence = this.#lastSequence;
    const logSizeBefore = this.#logSize + this.#queuedBytes;
    const durable = this.#endLog();
    // Awaited below; a failure meanwhile must not count as unhandled.
    durable.catch(() => undefined);
    const path = join(this.#settings.directory, snapshotName(sequence));
    try {
      this.#writer.checkDirectory();
      const size = await writeTemporarySnapshot(this.#settings, sequence, state);
      await durable;
      await publishSnapshot(this.#settings, sequence);
      this.#logSize -= logSizeBefore;
      this.#snapshotSize = size;
      this.#snapshotDueAt = this.#nextSnapshotAt(size);
      await this.#prune();
    } catch (cause) {
      this.#snapshotDueAt = this.#logSize + this.#settings.snapshotLogBytesMin;
      throw JournalError.from(cause, path);
    }
  }

  /** Lets the next record start a new log; resolves when those before it are durable. */
  #endLog(): Promise<void> {
    const last = this.#filling();
    if (last.recordCount > 0) {
      this.#addBatch({ startsLog: true });
      return last.settled();
    }
    this.#batches[this.#batches.length - 1] = new Batch({ startsLog: true });
    return this.#batches.length > 1 ? this.#oldest().settled() : Promise.resolve();
  }

  #oldest(): Batch {
    const first = this.#batches[0];
    assert(first, "there is always a batch to fill");
    return first;
  }

  #nextSnapshotAt(snapshotSize: number): number {
    const { snapshotRatio, snapshotLogBytesMin } = this.#settings;
    return Math.max(snapshotLogBytesMin, snapshotRatio * snapshotSize);
  }

  /** Keeps the newest two snapshots and the logs that lead from the older one on. */
  async #prune(): Promise<void> {
    const { disk, directory } = this.#settings;
    const { logs, snapshots } = sortFiles(await disk.list(directory));
    const kept = snapshots.at(-2) ?? 0;
    const names = [
      ...snapshots.filter((sequence) => sequence < kept).map(snapshotName),
      // Snapshots start logs, so a log that began before one holds nothing behind it.
      ...logs.filter((base) => base < kept).map(logName),
    ];
    for (const name of names) await disk.remove(join(directory, name));
    if (names.length > 0) await disk.syncDirectory(directory);
  }
}
