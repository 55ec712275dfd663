import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import koffi from "koffi";
import { sizeAt } from "./file-place.ts";
import { JournalError } from "./journal-error.ts";

// flock(2) rather than a file that merely exists: the kernel drops it with the process, so a
// killed daemon leaves nothing stale and a recycled pid cannot be mistaken for the holder.
const flock = koffi.load(null).func("int flock(int fd, int operation)");
const lockExclusive = 2;
const lockWithoutWaiting = 4;

export interface DiskLock {
  /** False once the file was removed, or another is in its place: it keeps nobody out then. */
  isHeld(): boolean;
  release(): Promise<void>;
}

/** Locks a file, created if need be; the holder's pid is in it for whoever is refused. */
export async function lockFile(path: string): Promise<DiskLock> {
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if (flock(handle.fd, lockExclusive | lockWithoutWaiting) !== 0)
      throw await refusal(handle, path);
    await handle.truncate(0);
    await handle.write(`${process.pid}\n`, 0);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return { isHeld: () => sizeAt(handle, path) !== undefined, release: () => handle.close() };
}

async function refusal(handle: FileHandle, path: string): Promise<Error> {
  const code = koffi.errno();
  if (code !== koffi.os.errno["EAGAIN"]) return new Error(`flock failed with errno ${code}`);
  const pid = (await handle.readFile("utf8")).trim();
  return new JournalError("locked", path, `in use by the process with pid ${pid || "unknown"}`);
}
