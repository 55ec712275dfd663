import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";

type Stamp = Pick<Stats, "ino" | "nlink" | "mtimeMs"> | undefined;

/**
 * Finds out cheaply whether somebody else has pinned or removed something: by the times of the
 * folders that links, shared maps and objects are pinned in. What happens inside the folder of an
 * object is not seen; its maps and programs are in use, and live on without their pins.
 */
export class PinWatch {
  readonly #folder: string;
  /** That folder and those in it; another one there changes the time of the first. */
  #known: ReadonlyMap<string, Stamp> = new Map();
  #isDisturbed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get isDisturbed(): boolean {
    this.#isDisturbed ||= [...this.#known].some(([path, known]) => !isSame(stamp(path), known));
    return this.#isDisturbed;
  }

  /** Runs what is our own doing. */
  whileOwn<T>(action: () => T): T {
    if (this.isDisturbed) return action();
    try {
      return action();
    } finally {
      this.#look();
    }
  }

  /** What is there by now has been looked at. */
  trust(): void {
    this.#look();
    this.#isDisturbed = false;
  }

  #look(): void {
    const paths = [this.#folder, ...foldersIn(this.#folder)];
    this.#known = new Map(paths.map((path) => [path, stamp(path)]));
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function stamp(path: string): Stamp {
  return statSync(path, { throwIfNoEntry: false });
}

function isSame(a: Stamp, b: Stamp): boolean {
  return a?.ino === b?.ino && a?.nlink === b?.nlink && a?.mtimeMs === b?.mtimeMs;
}
