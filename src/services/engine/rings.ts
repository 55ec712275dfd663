import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { AnyReducer } from "../any-service.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import type { Reactions } from "./reactions.ts";

export interface RingParts {
  readonly dataplane: Dataplane;
  readonly reactions: Reactions;
  readonly onError: (error: unknown) => void;
}

/** The ring buffers of the loaded cubes, each followed by its service. */
export class Rings implements Disposable {
  readonly #parts: RingParts;
  readonly #followed = new Map<string, readonly Disposable[]>();

  constructor(parts: RingParts) {
    this.#parts = parts;
  }

  /** Takes note of the cubes that are loaded by now. */
  follow(cubes: Iterable<CubeRuntime>): void {
    const loaded = new Map([...cubes].map((cube) => [cube.objectId, cube]));
    for (const objectId of this.#followed.keys()) {
      if (!loaded.has(objectId)) this.#leave(objectId);
    }
    for (const cube of loaded.values()) this.#followCube(cube);
  }

  /** Objects that were loaded anew under the same id are followed anew. */
  followAnew(objectIds: ReadonlySet<string>, cubes: Iterable<CubeRuntime>): void {
    for (const objectId of objectIds) this.#leave(objectId);
    this.follow(cubes);
  }

  [Symbol.dispose](): void {
    for (const objectId of this.#followed.keys()) this.#leave(objectId);
  }

  #leave(objectId: string): void {
    for (const ring of this.#followed.get(objectId) ?? []) ring[Symbol.dispose]();
    this.#followed.delete(objectId);
  }

  /** The commit is applied by now: what cannot be followed is told, and tried again at the next. */
  #followCube(cube: CubeRuntime): void {
    if (this.#followed.has(cube.objectId)) return;
    const rings: Disposable[] = [];
    try {
      for (const [prop, reduce] of Object.entries(cube.service.events ?? {})) {
        rings.push(this.#followRing(cube, prop, reduce));
      }
      this.#followed.set(cube.objectId, rings);
    } catch (error) {
      for (const ring of rings) ring[Symbol.dispose]();
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
