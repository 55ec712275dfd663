import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { sizeAt } from "./file-place.ts";
import { errno, JournalError } from "./journal-error.ts";
import { type DiskLock, lockFile } from "./lock-file.ts";

/**
 * What the journal asks of a disk. It is an interface because the promises that matter (what is
 * left after a power cut, a refused fsync or a full disk) can only be tested on a simulated one.
 * Every call rejects with a Node system error (`code` is the errno).
 */
export interface Disk {
  /** Creates the directory with its parents; private, as configurations hold secrets. */
  makeDirectory(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  /** `create` truncates a file that exists. */
  open(path: string, how: "read" | "update" | "create"): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in a directory survive a power cut. */
  syncDirectory(path: string): Promise<void>;
  /** Takes an exclusive lock that ends with the process. @throws JournalError `locked` */
  lock(path: string): Promise<DiskLock>;
}

export interface DiskFile {
  size(): Promise<number>;
  /** Number of bytes read: fewer than asked at the end of the file or where the system says so. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Number of bytes written; fewer than given is no error. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Its size by now; undefined if it is not found under this path: removed, or replaced. */
  sizeAt(path: string): number | undefined;
  /** fdatasync: contents and length survive a power cut. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

const flags = {
  read: constants.O_RDONLY,
  update: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
};
const directoryMode = 0o700;
const fileMode = 0o600;

/**
 * Node's own recursive mkdir tries for ever where a folder takes no others (/proc), and says ENOENT
 * on a read-only file system.
 */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: directoryMode });
  } catch (error) {
    if (errno(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (errno(error) !== "ENOENT") throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: directoryMode });
  }
}

/** The real disk. */
export const localDisk: Disk = {
  async makeDirectory(path) {
    await makeFolders(path);
  },
  list: (directory) => readdir(directory),
  open: async (path, how) => localFile(await open(path, flags[how], fileMode)),
  rename,
  remove: unlink,
  async syncDirectory(path) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  lock: lockFile,
};

function localFile(handle: FileHandle): DiskFile {
  return {
    size: async () => (await handle.stat()).size,
    read: async (target, position) =>
      (await handle.read(target, 0, target.length, position)).bytesRead,
    write: async (bytes, position) =>
      (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
    sizeAt: (path) => sizeAt(handle, path),
    truncate: (length) => handle.truncate(length),
    datasync: () => handle.datasync(),
    close: () => handle.close(),
  };
}

/** Writes all of `bytes`. */
export async function writeFully(
  file: DiskFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), position + done);
    // A disk that takes nothing and reports no error would keep us here for ever.
    if (written === 0) throw new Error("the disk accepts no bytes");
    done += written;
  }
}

/** Reads a whole file, closed again. @throws JournalError that names it */
export async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, "read");
  try {
    return await readAll(file);
  } catch (cause) {
    throw JournalError.from(cause, path);
  } finally {
    await file.close();
  }
}

async function readAll(file: DiskFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await file.size());
  for (let done = 0; done < bytes.length; ) {
    const count = await file.read(bytes.subarray(done), done);
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}
