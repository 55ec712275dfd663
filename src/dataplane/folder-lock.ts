import { closeSync, constants, fstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { KernelError } from "./dataplane.ts";
import { libc } from "./libc.ts";

const lockExclusive = 2;
const lockWithoutWaiting = 4;

/**
 * Holds a folder of pins for one daemon: two would take each other's programs away. The kernel
 * drops the lock with the process.
 */
export class FolderLock implements Disposable {
  readonly #folder: string;
  #fd: number;

  /** @throws KernelError EBUSY where another process has it */
  constructor(folder: string) {
    this.#folder = folder;
    this.#fd = lockedFolder(folder);
  }

  /** False once somebody has removed the folder, or put another one in its place. */
  get isHeld(): boolean {
    const there = statSync(this.#folder, { throwIfNoEntry: false });
    const held = fstatSync(this.#fd);
    return there?.ino === held.ino && there.dev === held.dev;
  }

  /** Locks what is there by now, made if need be. */
  renew(): void {
    if (this.isHeld) return;
    const fd = lockedFolder(this.#folder);
    closeSync(this.#fd);
    this.#fd = fd;
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

function lockedFolder(folder: string): number {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  if (libc().flock(fd, lockExclusive | lockWithoutWaiting) === 0) return fd;
  closeSync(fd);
  throw new KernelError(`opening ${folder}`, "EBUSY", "another daemon has its programs there");
}
