import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { Disk, DiskFile } from "../../src/journal/disk.ts";
import { JournalError } from "../../src/journal/journal-error.ts";
import type { DiskLock } from "../../src/journal/lock-file.ts";

export type DiskOperation = keyof Disk | keyof DiskFile;

/** A disk that keeps no promise it was not asked for: what is not synced may or may not survive. */
export class MemoryDisk implements Disk {
  readonly #directories = new Set<string>();
  #files = new Map<string, Inode>();
  /** The directory entries as of the last sync, and what was done to them since. */
  #durableFiles = new Map<string, Inode>();
  #unsyncedEntries: EntryChange[] = [];
  #locked = new Set<string>();
  #fault: Fault | undefined;
  /** Every call in order, `write log-…`: what a test counts. */
  readonly calls: string[] = [];

  /** Lets calls that match fail until `mend`; the first `after` of them still work. */
  breakDown(fault: Fault): void {
    this.#fault = { ...fault };
  }

  mend(): void {
    this.#fault = undefined;
  }

  count(operation: DiskOperation): number {
    return this.calls.filter((call) => call.startsWith(`${operation} `)).length;
  }

  /** Somebody else takes the lock's file away, and with it what it keeps out. */
  removeLock(): void {
    this.#locked.clear();
  }

  /** Somebody else changes the length of a file. */
  cut(path: string, length: number): void {
    this.#inode(path).truncate(length);
  }

  /** The disk after a power cut: `chance` (0 ≤ x < 1) says for each unsynced write what is left. */
  afterPowerCut(chance: () => number): MemoryDisk {
    const disk = new MemoryDisk();
    for (const directory of this.#directories) disk.#directories.add(directory);
    const survivors = new Map(this.#durableFiles);
    for (const change of this.#unsyncedEntries) if (chance() < 0.5) change(survivors);
    for (const [path, inode] of survivors) disk.#files.set(path, inode.afterPowerCut(chance));
    disk.#durableFiles = new Map(disk.#files);
    return disk;
  }

  /** The disk after `kill -9`: all but the lock is as it was. The killed side must not go on. */
  afterKill(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const directory of this.#directories) disk.#directories.add(directory);
    for (const [path, inode] of this.#files) disk.#files.set(path, inode);
    disk.#durableFiles = new Map(this.#durableFiles);
    disk.#unsyncedEntries = [...this.#unsyncedEntries];
    return disk;
  }

  /** A copy with every file that holds data as `change` makes it. */
  altered(change: (path: string, bytes: Uint8Array) => Uint8Array): MemoryDisk {
    const disk = this.afterKill();
    for (const path of disk.paths()) {
      disk.#files.set(path, new Inode(change(path, disk.#inode(path).bytes)));
    }
    disk.#durableFiles = new Map(disk.#files);
    return disk;
  }

  /** All files that hold data: not those that only mark something by being there. */
  paths(): string[] {
    return [...this.#files.keys()].filter((path) => !/\/(lock|begun)$/.test(path)).sort();
  }

  bytes(path: string): Uint8Array {
    return Uint8Array.from(this.#inode(path).bytes);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#call("makeDirectory", path);
    this.#directories.add(path);
  }

  async list(directory: string): Promise<string[]> {
    this.#call("list", directory);
    assert(this.#directories.has(directory));
    const prefix = `${directory}/`;
    return [...this.#files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
  }

  async open(path: string, how: "read" | "update" | "create"): Promise<DiskFile> {
    this.#call("open", path);
    if (how === "create" && !this.#files.has(path)) {
      const inode = new Inode(new Uint8Array());
      this.#change((files) => files.set(path, inode));
    }
    const inode = this.#inode(path);
    if (how === "create") inode.truncate(0);
    return this.#file(path, inode);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call("rename", from);
    const inode = this.#inode(from);
    this.#change((files) => {
      files.delete(from);
      files.set(to, inode);
    });
  }

  async remove(path: string): Promise<void> {
    this.#call("remove", path);
    this.#inode(path);
    this.#change((files) => files.delete(path));
  }

  async syncDirectory(path: string): Promise<void> {
    this.#call("syncDirectory", path);
    this.#durableFiles = new Map(this.#files);
    this.#unsyncedEntries = [];
  }

  async lock(path: string): Promise<DiskLock> {
    this.#call("lock", path);
    if (this.#locked.has(path)) throw new JournalError("locked", path, "in use");
    this.#locked.add(path);
    return {
      isHeld: () => this.#locked.has(path),
      release: async () => void this.#locked.delete(path),
    };
  }

  #file(path: string, inode: Inode): DiskFile {
    return {
      size: async () => inode.bytes.length,
      read: async (target, position) => {
        this.#call("read", path);
        const part = inode.bytes.subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      write: async (bytes, position) => {
        const isShort = this.#fault?.isShort === true && bytes.length > 1;
        if (!isShort) this.#call("write", path);
        // Disks may take less than they are given; a short write is how ENOSPC begins.
        const taken = isShort ? bytes.subarray(0, bytes.length >> 1) : bytes;
        inode.write(taken, position);
        return taken.length;
      },
      truncate: async (length) => {
        this.#call("truncate", path);
        inode.truncate(length);
      },
      sizeAt: (other) => (this.#files.get(other) === inode ? inode.bytes.length : undefined),
      datasync: async () => {
        this.#call("datasync", path);
        inode.sync();
      },
      close: async () => undefined,
    };
  }

  #change(change: EntryChange): void {
    change(this.#files);
    this.#unsyncedEntries.push(change);
  }

  #inode(path: string): Inode {
    const inode = this.#files.get(path);
    if (!inode) throw systemError("ENOENT", path);
    return inode;
  }

  #call(operation: DiskOperation, path: string): void {
    assert(
      this.#directories.has(dirname(path)) ||
        this.#directories.has(path) ||
        operation === "makeDirectory",
    );
    this.calls.push(`${operation} ${path}`);
    const fault = this.#fault;
    if (!fault || !(fault.operations?.includes(operation) ?? true)) return;
    if (fault.path && !path.includes(fault.path)) return;
    if (fault.after > 0) fault.after -= 1;
    else throw systemError(fault.errno, path);
  }
}

interface Fault {
  /** Undefined: all. */
  readonly operations?: readonly DiskOperation[];
  readonly path?: string;
  readonly errno: string;
  after: number;
  /** Writes take half of what they are given, so that they fail in the middle. */
  readonly isShort?: boolean;
}

type EntryChange = (files: Map<string, Inode>) => void;

/** Contents, and the changes to them that no sync has covered yet. */
class Inode {
  bytes: Uint8Array;
  #durable: Uint8Array;
  #unsynced: ((chance: () => number) => void)[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = Uint8Array.from(bytes);
    this.#durable = this.bytes;
  }

  write(part: Uint8Array, position: number): void {
    const copy = Uint8Array.from(part);
    this.bytes = overwritten(this.bytes, copy, position);
    this.#unsynced.push((chance) => {
      // Of a write all, nothing, its beginning, or its length without its contents may be left.
      const fate = Math.floor(chance() * 4);
      const cut = fate === 2 ? Math.floor(chance() * copy.length) : copy.length;
      const left = fate === 3 ? new Uint8Array(copy.length) : copy.subarray(0, cut);
      if (fate !== 1) this.#durable = overwritten(this.#durable, left, position);
    });
  }

  truncate(length: number): void {
    const longer = new Uint8Array(length);
    longer.set(this.bytes.subarray(0, length));
    this.bytes = longer;
    this.#unsynced.push((chance) => {
      if (chance() < 0.5) this.#durable = this.#durable.slice(0, length);
    });
  }

  sync(): void {
    this.#durable = this.bytes;
    this.#unsynced = [];
  }

  afterPowerCut(chance: () => number): Inode {
    const durable = this.#durable;
    for (const change of this.#unsynced) change(chance);
    const survivor = new Inode(this.#durable);
    this.#durable = durable;
    return survivor;
  }
}

function overwritten(bytes: Uint8Array, part: Uint8Array, position: number): Uint8Array {
  const longer = new Uint8Array(Math.max(bytes.length, position + part.length));
  longer.set(bytes);
  longer.set(part, position);
  return longer;
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code });
}
