import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { AnyReducer } from "../any-service.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import type { LoadedCubes } from "./loaded-cubes.ts";
import type { AffectedCubes } from "./planner.ts";
import type { Reactions } from "./reactions.ts";

export interface RingParts {
  readonly dataplane: Dataplane;
  readonly loaded: LoadedCubes;
  readonly reactions: Reactions;
  readonly onError: (error: unknown) => void;
}

interface Followed {
  readonly objectId: string;
  readonly rings: readonly Disposable[];
}

/** The ring buffers of the loaded cubes, each followed by its service. */
export class Rings implements Disposable {
  readonly #parts: RingParts;
  /** By cube. */
  readonly #followed = new Map<string, Followed>();
  /** Cubes that could not be followed. */
  readonly #failed = new Set<string>();

  constructor(parts: RingParts) {
    this.#parts = parts;
  }

  /** Takes note of cubes that may have come or gone, or have another object. */
  follow(affected: AffectedCubes): void {
    const { loaded } = this.#parts;
    for (const id of new Set([...this.#failed, ...affected])) {
      this.#failed.delete(id);
      const cube = loaded.byId(id);
      if (this.#followed.get(id)?.objectId === cube?.objectId) continue;
      this.#leave(id);
      if (cube) this.#followCube(cube);
    }
  }

  /** Objects that were loaded anew under the same id are followed anew. */
  followAnew(objectIds: ReadonlySet<string>, affected: AffectedCubes): void {
    for (const [id, { objectId }] of this.#followed) if (objectIds.has(objectId)) this.#leave(id);
    this.follow(affected);
  }

  [Symbol.dispose](): void {
    for (const id of this.#followed.keys()) this.#leave(id);
  }

  #leave(id: string): void {
    for (const ring of this.#followed.get(id)?.rings ?? []) ring[Symbol.dispose]();
    this.#followed.delete(id);
  }

  /** The commit is applied by now: what cannot be followed is told, and tried again at the next. */
  #followCube(cube: CubeRuntime): void {
    const rings: Disposable[] = [];
    try {
      for (const [prop, reduce] of Object.entries(cube.service.events ?? {})) {
        rings.push(this.#followRing(cube, prop, reduce));
      }
      this.#followed.set(cube.id, { objectId: cube.objectId, rings });
    } catch (error) {
      for (const ring of rings) ring[Symbol.dispose]();
      this.#failed.add(cube.id);
      this.#parts.onError(error);
    }
  }

  #followRing(cube: CubeRuntime, prop: string, reduce: AnyReducer): Disposable {
    const { name } = mapLayout(cube.service, prop);
    const { dataplane, reactions } = this.#parts;
    return dataplane.subscribe(cube.objectId, name, (record) => {
      reactions.run(cube, ({ reader }) => reduce(record, reader));
    });
  }
}
