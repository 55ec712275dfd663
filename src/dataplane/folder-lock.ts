import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { KernelError } from "./dataplane.ts";
import { libc } from "./libc.ts";

const lockExclusive = 2;
const lockWithoutWaiting = 4;

/**
 * Holds a folder of pins for one daemon: two would take each other's programs away. The kernel
 * drops the lock with the process.
 * @throws KernelError EBUSY where another process has it
 */
export class FolderLock implements Disposable {
  readonly #fd: number;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    if (libc().flock(this.#fd, lockExclusive | lockWithoutWaiting) === 0) return;
    closeSync(this.#fd);
    throw new KernelError(`opening ${folder}`, "EBUSY", "another daemon has its programs there");
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
