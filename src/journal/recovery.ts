import { join } from "node:path";
import { type Disk, readWhole, writeFully } from "./disk.ts";
import { fileHeaderSize, headerFault } from "./file-header.ts";
import {
  asideName,
  begunName,
  type JournalFiles,
  lockName,
  logName,
  snapshotName,
  sortFiles,
} from "./file-names.ts";
import { JournalError } from "./journal-error.ts";
import { type Damage, scanRecords } from "./record.ts";
import { readSnapshot } from "./snapshot.ts";

/**
 * Reads a journal directory after whatever happened to it. The state is the newest good snapshot
 * plus the records that follow it without a gap; what cannot be part of it is kept beside as
 * `<name>.corrupt-<n>`. All is read before anything is changed, so that a directory we refuse
 * stays as we found it.
 */

export interface Recovered {
  readonly snapshot: Uint8Array | undefined;
  /** Payloads appended after the snapshot, in order. */
  readonly records: readonly Uint8Array[];
  /** One line for each thing that was not as a clean stop leaves it: file, offset, reason. */
  readonly report: readonly string[];
}

/** What the writer needs to go on. */
export interface Resumption {
  readonly lastSequence: number;
  /** False until the first record ever is durable. */
  readonly isBegun: boolean;
  /** The log to continue, its length. Undefined: start a new one. */
  readonly tail: { readonly base: number; readonly end: number } | undefined;
  readonly snapshotSize: number;
  /** Bytes in logs since the snapshot. */
  readonly logSize: number;
}

interface Place {
  readonly disk: Disk;
  readonly directory: string;
}

/** Removes or keeps aside what does not belong; run in order. */
type Repair = () => Promise<void>;

export async function recoverDirectory(
  place: Place,
): Promise<{ recovered: Recovered; resumption: Resumption }> {
  const names = await place.disk.list(place.directory);
  const reading = new Reading(place, names);
  const result = await reading.run(sortFiles(names));
  for (const repair of reading.repairs) await repair();
  if (reading.repairs.length > 0) await place.disk.syncDirectory(place.directory);
  return result;
}

class Reading {
  readonly repairs: Repair[] = [];
  readonly #place: Place;
  readonly #names: string[];
  readonly #report: string[] = [];

  constructor(place: Place, names: readonly string[]) {
    this.#place = place;
    this.#names = [...names];
  }

  async run(files: JournalFiles): Promise<{ recovered: Recovered; resumption: Resumption }> {
    for (const name of files.leftovers) this.#removeLeftover(name);
    const found = await this.#newestSnapshot(files);
    const logs = files.logs.filter((base) => base >= found.sequence);
    const { records, tail, logSize } = await this.#logs(found, logs);
    const isBegun = this.#names.includes(begunName);
    if (isBegun && found.state === undefined && records.length === 0) {
      throw this.#noGoodState(`all records are lost (${this.#report.at(-1) ?? "no log is there"})`);
    }
    return {
      recovered: { snapshot: found.state, records, report: this.#report },
      resumption: {
        lastSequence: found.sequence + records.length,
        isBegun,
        tail,
        snapshotSize: found.size,
        logSize,
      },
    };
  }

  #removeLeftover(name: string): void {
    this.#report.push(`${name}: a snapshot that was not finished; removed`);
    this.repairs.push(() => this.#place.disk.remove(this.#path(name)));
  }

  /** Sequence 0 and no state where the log goes back to the beginning. */
  async #newestSnapshot(files: JournalFiles): Promise<FoundSnapshot> {
    const faults: Repair[] = [];
    for (const sequence of files.snapshots.toReversed()) {
      const read = await readSnapshot(this.#place, sequence);
      if ("state" in read) {
        this.repairs.push(...faults);
        return { sequence, ...read };
      }
      const name = snapshotName(sequence);
      this.#report.push(`${name}: ${read.fault}; falling back to the state before it`);
      faults.push(this.#setAside(name));
    }
    const isFresh = files.snapshots.length === 0 && files.logs.length === 0;
    if (!isFresh && files.logs[0] !== 0) {
      throw this.#noGoodState("no snapshot can be read and the log does not go back to its start");
    }
    this.repairs.push(...faults);
    return { sequence: 0, state: undefined, size: 0 };
  }

  async #logs(snapshot: FoundSnapshot, bases: readonly number[]): Promise<ReadLogs> {
    const records: Uint8Array[] = [];
    let tail: Resumption["tail"];
    let logSize = 0;
    for (const [index, base] of bases.entries()) {
      const lastSequence = snapshot.sequence + records.length;
      if (base !== lastSequence) {
        this.#report.push(`${logName(base)}: records ${lastSequence + 1} to ${base} are missing`);
        this.#setAsideFrom(bases, index);
        break;
      }
      const log = await this.#log(base, index === bases.length - 1);
      // Acknowledged records lost from the very first on: an empty state is nobody's last state.
      if (log.isCorrupt && records.length + log.payloads.length + snapshot.size === 0) {
        throw this.#noGoodState(`the first record is damaged (${this.#report.at(-1)})`);
      }
      for (const payload of log.payloads) records.push(payload);
      logSize += log.end;
      // A log cut to nothing is started anew under the same name.
      tail = log.end < fileHeaderSize ? undefined : { base, end: log.end };
      if (log.isCorrupt) {
        this.#setAsideFrom(bases, index + 1);
        break;
      }
    }
    return { records, tail, logSize };
  }

  async #log(base: number, isLast: boolean): Promise<ReadLog> {
    const name = logName(base);
    const path = this.#path(name);
    const bytes = await readWhole(this.#place.disk, path);
    const fault = headerFault(bytes, { kind: "log", base, path });
    const scan =
      fault === undefined
        ? scanRecords(bytes, fileHeaderSize, base + 1)
        : { payloads: [], end: 0, damage: headerDamage(bytes, fault) };
    const { payloads, end, damage } = scan;
    if (damage === undefined) return { payloads, end, isCorrupt: false };
    const isKept = damage.isWorthKeeping || !isLast;
    const fate = isKept ? `kept as ${asideName(name, this.#names)}` : "cut off";
    this.#report.push(`${name}: offset ${damage.offset}: ${damage.reason}; the rest is ${fate}`);
    this.#cut({ name, end }, isKept ? bytes.subarray(end) : undefined);
    return { payloads, end, isCorrupt: damage.kind === "corrupt" || !isLast };
  }

  #cut(log: { name: string; end: number }, rest: Uint8Array | undefined): void {
    const { disk } = this.#place;
    const aside = rest && this.#takeAsideName(log.name);
    this.repairs.push(async () => {
      if (rest && aside) await this.#copy(rest, aside);
      const file = await disk.open(this.#path(log.name), "update");
      try {
        await file.truncate(log.end);
        await file.datasync();
      } finally {
        await file.close();
      }
    });
  }

  async #copy(bytes: Uint8Array, name: string): Promise<void> {
    const file = await this.#place.disk.open(this.#path(name), "create");
    try {
      await writeFully(file, bytes, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
    // The copy has to be there for good before the original is cut.
    await this.#place.disk.syncDirectory(this.#place.directory);
  }

  /** Newest first and before the log before them is cut, so that a crash here repeats safely. */
  #setAsideFrom(bases: readonly number[], index: number): void {
    for (const base of bases.slice(index)) {
      const name = logName(base);
      this.#report.push(`${name}: follows what is lost; kept as ${asideName(name, this.#names)}`);
      this.repairs.unshift(this.#setAside(name));
    }
  }

  #setAside(name: string): Repair {
    const aside = this.#takeAsideName(name);
    return () => this.#place.disk.rename(this.#path(name), this.#path(aside));
  }

  #takeAsideName(name: string): string {
    const aside = asideName(name, this.#names);
    this.#names.push(aside);
    return aside;
  }

  #noGoodState(reason: string): JournalError {
    const advice = `move its files away to start empty (all but ${lockName})`;
    const message = `${reason}; ${advice}`;
    return new JournalError("no-good-state", this.#place.directory, message);
  }

  #path(name: string): string {
    return join(this.#place.directory, name);
  }
}

interface FoundSnapshot {
  readonly sequence: number;
  readonly state: Uint8Array | undefined;
  readonly size: number;
}

interface ReadLogs {
  readonly records: Uint8Array[];
  readonly tail: Resumption["tail"];
  readonly logSize: number;
}

interface ReadLog {
  readonly payloads: readonly Uint8Array[];
  readonly end: number;
  /** Nothing behind the end can be trusted, later logs included. */
  readonly isCorrupt: boolean;
}

/** A header is synced before the first record is written: with records it cannot be torn. */
function headerDamage(bytes: Uint8Array, reason: string): Damage {
  const isTorn = bytes.length <= fileHeaderSize;
  return { offset: 0, reason, kind: isTorn ? "torn" : "corrupt", isWorthKeeping: !isTorn };
}
