import { join } from "node:path";
import { type Disk, type DiskFile, writeFully } from "./disk.ts";
import { encodeFileHeader, fileHeaderSize } from "./file-header.ts";
import { begunName, logName } from "./file-names.ts";
import { JournalError } from "./journal-error.ts";
import type { DiskLock } from "./lock-file.ts";
import type { Resumption } from "./recovery.ts";

/** Where a log is, and what keeps others out of there. */
export interface LogPlace {
  readonly disk: Disk;
  readonly directory: string;
  readonly lock: DiskLock;
}

/** A page: what a full disk refuses although the log itself could still be cut. */
const probeSize = 4096;

/**
 * Appends to the newest log and knows how much of it is on disk for good. After a failed call the
 * log is in doubt (a failed fsync may have dropped dirty pages and forgotten about it); only
 * `restore` makes it usable again, from a file opened anew.
 */
export class LogWriter {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #lock: DiskLock;
  #file: DiskFile | undefined;
  #base: number;
  /** All before this offset is durable. */
  #end: number;
  #isBegun: boolean;

  constructor({ disk, directory, lock }: LogPlace, { tail, isBegun }: Resumption) {
    this.#disk = disk;
    this.#directory = directory;
    this.#lock = lock;
    this.#base = tail?.base ?? 0;
    this.#end = tail?.end ?? 0;
    this.#isBegun = isBegun;
  }

  get path(): string {
    return join(this.#directory, logName(this.#base));
  }

  /** Bytes in the newest log. */
  get end(): number {
    return this.#end;
  }

  /**
   * Opens the recovered log, if there is one to go on with. What recovery read may so far be in the
   * page cache only, but from now on it counts as committed: hence the sync.
   */
  async resume(): Promise<void> {
    if (this.#end === 0) return;
    this.#file = await this.#disk.open(this.path, "update");
    await this.#file.datasync();
    if (this.#end > fileHeaderSize) await this.#begin();
  }

  /** Appends bytes durably. */
  async append(bytes: Uint8Array, options: { base: number; startsLog: boolean }): Promise<void> {
    // A write would fill with zeros what others have cut, and be of no use behind them.
    if (this.#file) this.#checkLog(this.#file, this.#end);
    const isNew = this.#file === undefined || options.startsLog;
    const file = isNew ? await this.#startLog(options.base) : this.#file;
    if (file === undefined) throw new Error("no log is open");
    await writeFully(file, bytes, this.#end);
    await file.datasync();
    this.#checkLog(file, this.#end + bytes.length);
    await this.#begin();
    this.#end += bytes.length;
  }

  /** Before the first record ever is acknowledged: from then on to find none is damage. */
  async #begin(): Promise<void> {
    if (this.#isBegun) return;
    const mark = await this.#disk.open(join(this.#directory, begunName), "create");
    await mark.close();
    await this.#disk.syncDirectory(this.#directory);
    this.#isBegun = true;
  }

  /**
   * Takes back what a failed append may have left, so that a restart does not find it either. A log
   * that others have cut stays as it is: longer again it would seem whole.
   */
  async discardUndurable(): Promise<void> {
    const file = this.#file;
    if (file && (await file.size()) > this.#end) await file.truncate(this.#end);
  }

  /**
   * A directory or log that others have removed takes writes all the same, and no restart would
   * find them. @throws JournalError `displaced`
   */
  checkDirectory(): void {
    if (!this.#lock.isHeld()) throw displaced(this.#directory);
  }

  /** @throws JournalError `displaced` unless the log is in its place, with so many bytes */
  #checkLog(file: DiskFile, expected: number): void {
    const size = this.#sizeInPlace(file);
    if (size !== expected) throw resized(this.path, size, expected);
  }

  #sizeInPlace(file: DiskFile): number {
    this.checkDirectory();
    const size = file.sizeAt(this.path);
    if (size === undefined) throw displaced(this.path);
    return size;
  }

  /** Opens the log again, without what failed, and proves that the disk takes data. */
  async restore(base: number): Promise<void> {
    if (this.#file) this.#sizeInPlace(this.#file);
    // The old handle may report the write error once more; it no longer matters.
    await this.close().catch(() => undefined);
    if (this.#end === 0) {
      await this.#startLog(base);
      return;
    }
    const file = await this.#disk.open(this.path, "update");
    this.#file = file;
    const size = await file.size();
    if (size < this.#end) throw resized(this.path, size, this.#end);
    await file.truncate(this.#end);
    await writeFully(file, Buffer.alloc(probeSize), this.#end);
    await file.datasync();
    await file.truncate(this.#end);
    await file.datasync();
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** The previous log is complete; the new one exists for good before its first record. */
  async #startLog(base: number): Promise<DiskFile> {
    this.checkDirectory();
    const file = await this.#disk.open(join(this.#directory, logName(base)), "create");
    try {
      await writeFully(file, encodeFileHeader("log", base), 0);
      await file.datasync();
      await this.#disk.syncDirectory(this.#directory);
    } catch (cause) {
      await file.close().catch(() => undefined);
      throw cause;
    }
    await this.close();
    this.#file = file;
    this.#base = base;
    this.#end = fileHeaderSize;
    return file;
  }
}

function resized(path: string, size: number, expected: number): JournalError {
  const message = `has ${size} bytes instead of ${expected}: others have changed it meanwhile`;
  return new JournalError("displaced", path, message);
}

function displaced(path: string): JournalError {
  const message = "was removed or replaced while the daemon uses it";
  return new JournalError("displaced", path, message);
}
