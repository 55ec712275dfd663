import type { Dataplane } from "../../dataplane/dataplane.ts";
import { Breather } from "../../lib/slices.ts";

export interface GarbageParts {
  readonly dataplane: Pick<Dataplane, "unloadObject">;
  readonly onError: (error: unknown) => void;
}

/** Objects that are loaded and that nothing uses any more. */
export class Garbage {
  readonly #parts: GarbageParts;
  readonly #objectIds = new Set<string>();
  #collecting: Promise<void> | undefined;

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  add(objectIds: readonly string[]): void {
    for (const objectId of objectIds) this.#objectIds.add(objectId);
  }

  /** Resolves when nothing is being unloaded any more; undefined while nothing is. */
  get collecting(): Promise<void> | undefined {
    return this.#collecting;
  }

  /** What takes no long time is done when this returns, the rest bit by bit. */
  collect(): void {
    if (this.#collecting || this.#objectIds.size === 0) return;
    const left = this.#objectIds.values();
    const breather = new Breather();
    this.#unloadSome(left, breather);
    if (!breather.isDue) return;
    this.#collecting = this.#unloadRest(left, breather);
  }

  async #unloadRest(left: Iterator<string>, breather: Breather): Promise<void> {
    while (breather.isDue) {
      await breather.breathe();
      this.#unloadSome(left, breather);
    }
    this.#collecting = undefined;
  }

  /** One that the kernel does not let go of waits for the next time. */
  #unloadSome(left: Iterator<string>, breather: Breather): void {
    for (let next = left.next(); !next.done; next = left.next()) {
      if (this.#unload(next.value)) this.#objectIds.delete(next.value);
      if (breather.isDue) return;
    }
  }

  #unload(objectId: string): boolean {
    try {
      this.#parts.dataplane.unloadObject(objectId);
      return true;
    } catch (error) {
      this.#parts.onError(error);
      return false;
    }
  }
}
