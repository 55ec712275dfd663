import { listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { PortFact } from "../facts.ts";
import type { LoadedCubes } from "./loaded-cubes.ts";
import type { Reactions } from "./reactions.ts";

type PortFacts = YangList<PortFact<object>, readonly [name: string]>;

/** Tells services of their ports: those that came, went, or of which something else is known. */
export class PortWatcher {
  readonly #loaded: LoadedCubes;
  readonly #reactions: Reactions;
  /** By cube: what its service has been told. */
  readonly #told = new Map<string, PortFacts>();

  constructor(loaded: LoadedCubes, reactions: Reactions) {
    this.#loaded = loaded;
    this.#reactions = reactions;
  }

  /** Looks at all cubes whose services want to know: O(cubes), O(1) for each without changes. */
  look(): void {
    const gone = new Set(this.#told.keys());
    for (const cube of this.#loaded) {
      const { portChanged } = cube.service;
      if (portChanged === undefined) continue;
      gone.delete(cube.id);
      const was = this.#told.get(cube.id);
      const { ports } = this.#loaded.applied(cube);
      this.#told.set(cube.id, ports);
      if (was === ports) continue;
      for (const [, before, after] of listChanges(was, ports)) {
        this.#reactions.run(cube, ({ reader }) => portChanged(before, after, reader));
      }
    }
    for (const id of gone) this.#told.delete(id);
  }
}
