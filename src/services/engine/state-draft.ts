import type { AnyCubeReader } from "../any-service.ts";
import type { StateMap } from "../cube-reader.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import { keyText, readable } from "./rows.ts";
import type { Step } from "./step.ts";

/** A cube of whose state maps rows may be deleted later, all together. */
export interface StateDraft {
  /** What was deleted through it is gone for its reader, and still there for everybody else. */
  readonly reader: AnyCubeReader;
  /** The deletions so far. */
  steps(): Step[];
}

/** `cause`: path of the node or operation for which rows are deleted. */
export function draftState(cube: CubeRuntime, reader: AnyCubeReader, cause: string): StateDraft {
  const drafts = Object.entries(reader.maps).map(([prop, map]) => {
    return [prop, new MapDraft({ cube, prop, cause }, map)] as const;
  });
  return {
    reader: { ...reader, maps: Object.fromEntries(drafts) },
    steps: () => drafts.flatMap(([, draft]) => draft.steps()),
  };
}

interface DraftPlace {
  readonly cube: CubeRuntime;
  readonly prop: string;
  readonly cause: string;
}

class MapDraft implements StateMap<unknown, unknown> {
  readonly #place: DraftPlace;
  readonly #map: StateMap<unknown, unknown>;
  readonly #deleted = new Map<string, unknown>();

  constructor(place: DraftPlace, map: StateMap<unknown, unknown>) {
    this.#place = place;
    this.#map = map;
  }

  rows() {
    return this.#map.rows().filter(({ key }) => !this.#deleted.has(this.#idOf(key)));
  }

  get(key: unknown): unknown {
    return this.#deleted.has(this.#idOf(key)) ? undefined : this.#map.get(key);
  }

  delete(keys: readonly unknown[]): void {
    for (const key of keys) {
      if (this.get(key) !== undefined) this.#deleted.set(this.#idOf(key), key);
    }
  }

  steps(): Step[] {
    const keys = [...this.#deleted.values()];
    if (keys.length === 0) return [];
    const { cube, cause } = this.#place;
    const target = this.#layout.name;
    return [
      {
        describe: () =>
          keys.map((key) => {
            return { cube: cube.name, operation: "delete", target, key: readable(key), cause };
          }),
        apply: () => this.#map.delete(keys),
        // What was learned cannot be brought back: such steps come last.
        undo: () => undefined,
      },
    ];
  }

  get #layout() {
    return mapLayout(this.#place.cube.service, this.#place.prop);
  }

  #idOf(key: unknown): string {
    return keyText(this.#layout.key.encode(key));
  }
}
