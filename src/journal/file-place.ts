import { fstatSync, statSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/**
 * The size of an open file that a path leads to; undefined if that was removed, or another is in
 * its place. Synchronous: two calls of the system take less than the way to the thread pool and
 * back.
 */
export function sizeAt(handle: FileHandle, path: string): number | undefined {
  const open = fstatSync(handle.fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return open.ino === found?.ino && open.dev === found.dev ? open.size : undefined;
}
