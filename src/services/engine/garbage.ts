import type { Dataplane } from "../../dataplane/dataplane.ts";

export interface GarbageParts {
  readonly dataplane: Pick<Dataplane, "unloadObject">;
  readonly onError: (error: unknown) => void;
}

/** Objects that are loaded and that nothing uses any more. */
export class Garbage {
  readonly #parts: GarbageParts;
  readonly #objectIds = new Set<string>();

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  add(objectIds: readonly string[]): void {
    for (const objectId of objectIds) this.#objectIds.add(objectId);
  }

  /** One that the kernel does not let go of waits for the next time. */
  collect(): void {
    for (const objectId of this.#objectIds) {
      if (this.#unload(objectId)) this.#objectIds.delete(objectId);
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
