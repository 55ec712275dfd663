import { listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { PortFact } from "../facts.ts";
import type { LoadedCubes } from "./loaded-cubes.ts";
import type { AffectedCubes } from "./planner.ts";
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

  /** Looks at some cubes, those that are gone among them. */
  look(affected: AffectedCubes): void {
    for (const id of affected) {
      const cube = this.#loaded.byId(id);
      if (cube === undefined) this.#told.delete(id);
      const portChanged = cube?.service.portChanged;
      if (cube === undefined || portChanged === undefined) continue;
      const was = this.#told.get(cube.id);
      const { ports } = this.#loaded.applied(cube);
      this.#told.set(cube.id, ports);
      if (was === ports) continue;
      for (const [, before, after] of listChanges(was, ports)) {
        this.#reactions.run(cube, ({ reader }) => portChanged(before, after, reader));
      }
    }
  }
}
