import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Finds out cheaply whether somebody else has pinned or removed something: by the times of the
 * folders that links, shared maps and objects are pinned in. What happens inside the folder of an
 * object is not seen; its maps and programs are in use, and live on without their pins.
 */
export class PinWatch {
  readonly #folder: string;
  #known: string | undefined;
  #isDisturbed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get isDisturbed(): boolean {
    this.#isDisturbed ||= this.#known !== undefined && this.#look() !== this.#known;
    return this.#isDisturbed;
  }

  /** Runs what is our own doing. */
  whileOwn<T>(action: () => T): T {
    if (this.isDisturbed) return action();
    try {
      return action();
    } finally {
      this.#known = this.#look();
    }
  }

  /** What is there by now has been looked at. */
  trust(): void {
    this.#known = this.#look();
    this.#isDisturbed = false;
  }

  #look(): string {
    return [this.#folder, ...foldersIn(this.#folder)].map(stamp).join(" ");
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function stamp(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "none" : `${found.ino}:${found.nlink}:${found.mtimeNs}`;
}
