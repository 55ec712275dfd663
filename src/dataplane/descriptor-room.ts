import { readdirSync, readFileSync } from "node:fs";
import { KernelError, type ObjectRequest } from "./dataplane.ts";
import { givingWay, onBpffs, type PinnedFiles } from "./pins.ts";

/**
 * Descriptors that nothing lasting takes: for what loading, undoing, deleting and verifying open
 * for a while, and for clients.
 */
const RESERVE = 64;

/** How many files this process may open. */
const openFilesMax = limitOf(readFileSync("/proc/self/limits", "latin1"));

/** Descriptors from this one on are not kept. */
export const lastingMax = openFilesMax - RESERVE;

/** Refuses objects whose ring buffers cannot be listened to: each takes a descriptor for good. */
export class DescriptorRoom {
  readonly #files: PinnedFiles;
  /** By object: ring buffers that are to be listened to. */
  readonly #claims = new Map<string, number>();
  /** So many more fit for certain. */
  #left = 0;

  constructor(files: PinnedFiles) {
    this.#files = files;
  }

  /** @throws KernelError EMFILE where there is no room for so many; nothing is done then */
  claiming({ id, object }: ObjectRequest, ringBuffers: number, load: () => void): void {
    this.#check(ringBuffers, `loading ${object} as ${id}`);
    load();
    this.#left -= ringBuffers;
    if (ringBuffers > 0) this.#claims.set(id, ringBuffers);
  }

  /** What was claimed is open by now, or is not needed any more. */
  settle(objectId: string): void {
    this.#claims.delete(objectId);
  }

  /** To count what is open takes a time that grows with it, so that half of it is given unseen. */
  #check(ringBuffers: number, operation: string): void {
    // Without any, nothing lasting is opened: undoing a commit may load such an object again.
    if (ringBuffers === 0 || this.#left >= ringBuffers) return;
    const free = this.#free(operation);
    this.#left = Math.max(Math.floor(free / 2), Math.min(free, ringBuffers));
    if (this.#left >= ringBuffers) return;
    const detail = `this process may have ${openFilesMax} files open`;
    throw new KernelError(operation, "EMFILE", detail);
  }

  #free(operation: string): number {
    const list = () => onBpffs(operation, () => readdirSync("/proc/self/fd").length);
    const open = givingWay(this.#files, list) - this.#files.size;
    const claimed = [...this.#claims.values()].reduce((sum, count) => sum + count, 0);
    return lastingMax - open - claimed;
  }
}

function limitOf(limits: string): number {
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
