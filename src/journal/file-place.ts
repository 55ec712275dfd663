import { fstatSync, statSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/**
 * Whether a path leads to an open file; not if that was removed, or another is in its place.
 * Synchronous, as it takes a hundredth of what a way through the thread pool does.
 */
export function isFileAt(handle: FileHandle, path: string): boolean {
  const open = fstatSync(handle.fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return open.ino === found?.ino && open.dev === found.dev;
}
