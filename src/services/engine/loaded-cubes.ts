import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Dataplane } from "../../dataplane/dataplane.ts";
import { assert } from "../../lib/assert.ts";
import type { AnyFacts } from "../any-service.ts";
import { baseOf, type CubeRuntime, cubePath } from "./cube.ts";
import type { WantedObject } from "./inheritance.ts";
import { loadStep } from "./placing.ts";
import { readable } from "./rows.ts";
import type { Step, StepOwner } from "./step.ts";

/** A cube that is loaded, and what is known of it. */
interface LoadedCube {
  readonly cube: CubeRuntime;
  /** The facts that its rows in the maps are a function of. */
  readonly facts: AnyFacts;
  /** The service's own facts as learned last; rows follow a little later. */
  readonly learned: unknown;
}

/** The cubes whose objects are loaded, their slots in the jump tables, and their facts. */
export class LoadedCubes {
  readonly #dataplane: Dataplane;
  /** By id: a name can move to a cube of another service within one commit. */
  readonly #cubes = new Map<string, LoadedCube>();
  /** Ids by slot. */
  readonly #slots = new Map<number, string>();

  constructor(dataplane: Dataplane) {
    this.#dataplane = dataplane;
  }

  /** The loaded cube of a configuration. */
  of(config: DataObject): CubeRuntime | undefined {
    return this.#cubes.get(cubeId(config))?.cube;
  }

  byId(id: string): CubeRuntime | undefined {
    return this.#cubes.get(id)?.cube;
  }

  /** The cube that a program in a slot of the jump tables is of. */
  bySlot(slot: number): CubeRuntime | undefined {
    const id = this.#slots.get(slot);
    return id === undefined ? undefined : this.byId(id);
  }

  *[Symbol.iterator](): IterableIterator<CubeRuntime> {
    for (const { cube } of this.#cubes.values()) yield cube;
  }

  /** The facts that the rows of a cube are of. */
  applied(cube: CubeRuntime): AnyFacts {
    return this.#get(cube).facts;
  }

  /** What is known of a cube by now. */
  latest(cube: CubeRuntime): AnyFacts {
    const { facts, learned } = this.#get(cube);
    return facts.own === learned ? facts : { ...facts, own: learned };
  }

  /** Takes note of what a service has learned. */
  learn(cube: CubeRuntime, learned: unknown): void {
    this.#cubes.set(cube.id, { ...this.#get(cube), learned });
  }

  /** Slots that are used. */
  slots(): Iterable<number> {
    return this.#slots.keys();
  }

  /** Takes over the cubes of a plan for the same configuration, made from nothing. */
  adopt({ loaded }: { readonly loaded: LoadedCubes }): void {
    const known = new Map(this.#cubes);
    this.#cubes.clear();
    this.#slots.clear();
    for (const one of loaded.#cubes.values()) {
      // What was learned since has no rows yet.
      const { learned } = known.get(one.cube.id) ?? one;
      this.#remember({ ...one, learned });
    }
  }

  /** The smallest slot that is neither used nor among `taken`. */
  freeSlot(taken: ReadonlySet<number>): number {
    let slot = 0;
    while (this.#slots.has(slot) || taken.has(slot)) slot += 1;
    return slot;
  }

  loading(cube: CubeRuntime, config: DataObject, wanted: WantedObject): Step {
    const constants = cube.service.constants?.(config) ?? {};
    const capacity = { ...wanted.capacity, ...cube.rooms };
    return loadStep(this.#dataplane, {
      owner: cubeOwner(cube),
      layout: cube.service.object,
      request: { ...wanted, id: cube.objectId, capacity },
      from: cube.from,
      target: wanted.object,
      value: { ...capacity, ...(readable(constants) as object) },
    });
  }

  /** Another object takes the place of the one that a cube has. */
  exchanging(was: CubeRuntime, is: CubeRuntime): Step {
    const set = (cube: CubeRuntime) => (): void => {
      this.#cubes.set(cube.id, { ...this.#get(cube), cube });
    };
    const target = was.service.object.name;
    return {
      describe: () => [{ ...cubeOwner(was), operation: "unload", target }],
      apply: set(is),
      undo: set(was),
    };
  }

  remembering(cube: CubeRuntime, facts: AnyFacts): Step {
    return {
      describe: () => [],
      apply: () => this.#remember({ cube, facts, learned: facts.own }),
      undo: () => this.#forget(cube),
    };
  }

  /** The object itself stays until the commit is durable: undoing needs its learned state. */
  forgetting(cube: CubeRuntime): Step {
    let loaded: LoadedCube | undefined;
    return {
      describe: () => [
        { ...cubeOwner(cube), operation: "unload", target: cube.service.object.name },
      ],
      apply: () => {
        loaded = this.#get(cube);
        this.#forget(cube);
      },
      undo: () => {
        if (loaded) this.#remember(loaded);
      },
    };
  }

  /** Notes by which facts the rows are that other steps write; nothing to plan or print. */
  factsApplied(cube: CubeRuntime, was: AnyFacts, is: AnyFacts): Step {
    const set = (facts: AnyFacts) => (): void => {
      this.#cubes.set(cube.id, { ...this.#get(cube), facts });
    };
    return { describe: () => [], apply: set(is), undo: set(was) };
  }

  #get({ id }: CubeRuntime): LoadedCube {
    const loaded = this.#cubes.get(id);
    assert(loaded, `${id} is loaded`);
    return loaded;
  }

  #remember(loaded: LoadedCube): void {
    this.#cubes.set(loaded.cube.id, loaded);
    for (const slot of slotsOf(loaded.cube)) this.#slots.set(slot, loaded.cube.id);
  }

  #forget(cube: CubeRuntime): void {
    this.#cubes.delete(cube.id);
    for (const slot of slotsOf(cube)) this.#slots.delete(slot);
  }
}

function slotsOf({ slot, egressSlot, packetOutSlot }: CubeRuntime): readonly number[] {
  return [slot, egressSlot, packetOutSlot].filter((one) => one !== undefined);
}

export function cubeId(config: DataObject): string {
  return `cubes/${baseOf(config).uuid}`;
}

export function cubeOwner(cube: CubeRuntime): StepOwner {
  return { cube: cube.name, cause: cubePath(cube) };
}
