import { fstatSync, statSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/**
 * Whether a path leads to an open file; not if that was removed, or another is in its place.
 * Synchronous: two calls of the system take less than the way to the thread pool and back.
 */
export function isFileAt(handle: FileHandle, path: string): boolean {
  const open = fstatSync(handle.fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return open.ino === found?.ino && open.dev === found.dev;
}
