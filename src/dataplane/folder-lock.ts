import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { KernelError } from "./dataplane.ts";
import { libc } from "./libc.ts";
import { makeFolder, onBpffs } from "./pins.ts";

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
  const fd = onBpffs(`opening ${folder}`, () => {
    makeFolder(folder);
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  });
  if (libc().flock(fd, lockExclusive | lockWithoutWaiting) === 0) return fd;
  const { dev, ino } = fstatSync(fd);
  closeSync(fd);
  const holder = holderOf(dev, ino);
  const who = holder === undefined ? "another daemon" : `the process with pid ${holder}`;
  throw new KernelError(`opening ${folder}`, "EBUSY", `${who} has its programs there`);
}

/** By what the kernel tells of all locks; undefined where it does not, as in a container. */
function holderOf(dev: number, ino: number): string | undefined {
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const place = [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
  const lines = readFileSync("/proc/locks", "utf8").split("\n");
  const line = lines.find((text) => text.includes(` FLOCK `) && text.includes(` ${place}:${ino} `));
  return line?.trim().split(/ +/)[4];
}
