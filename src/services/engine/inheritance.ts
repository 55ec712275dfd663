import type { Dataplane, ObjectRequest, ProgramSlot } from "../../dataplane/dataplane.ts";
import type { AnyFacts } from "../any-service.ts";
import { entryName, madePromiscuousNote } from "./entry.ts";
import { equalBytes } from "./rows.ts";

/** How an object is to be loaded, by whatever id. */
export type WantedObject = Omit<ObjectRequest, "id" | "note">;

/** Room of tables that grow, by map. */
export type Rooms = Readonly<Record<string, number>>;

export interface ObjectPlace {
  readonly id: string;
  readonly rooms: Rooms;
  /** The object that it succeeds. */
  readonly from?: string;
}

/** What a daemon that runs knows beside what can be found in the data plane. */
export interface Running {
  factsOf(cubeId: string): AnyFacts | undefined;
  slotOf(cubeId: string, program: string): number | undefined;
  slots(): Iterable<number>;
  /** Undefined for a device that is not used. */
  madePromiscuous(ifindex: number): boolean | undefined;
}

/**
 * What the data plane has loaded already, by an earlier daemon: a cube that is still wanted keeps
 * its object and its slot, a device its entry object and the mode it was found in. An object that
 * was loaded in another way than it would be now gets a successor of the same name.
 */
export class Inheritance {
  readonly #dataplane: Pick<Dataplane, "noteOf">;
  readonly #requests = new Map<string, ObjectRequest | undefined>();
  /** Ids by name, the one that packets use first. */
  readonly #ids = new Map<string, string[]>();
  readonly #slots: readonly ProgramSlot[];
  readonly #running: Running | undefined;

  constructor(
    dataplane: Pick<Dataplane, "objects" | "loadedRequest" | "noteOf" | "programs" | "attachments">,
    running?: Running,
  ) {
    this.#dataplane = dataplane;
    this.#running = running;
    this.#slots = dataplane.programs();
    const used = new Set([...this.#slots, ...dataplane.attachments()].map((one) => one.objectId));
    for (const id of dataplane.objects()) {
      this.#requests.set(id, dataplane.loadedRequest(id));
      const name = nameOf(id);
      const others = this.#ids.get(name) ?? [];
      this.#ids.set(name, used.has(id) ? [id, ...others] : [...others, id]);
    }
  }

  /**
   * Where an object of this name is or, if it was loaded otherwise, is to be loaded. It may have
   * more room than is needed by now.
   */
  place(name: string, wanted: WantedObject, rooms: Rooms = {}): ObjectPlace {
    const ids = this.#ids.get(name) ?? [];
    for (const id of ids) {
      const loaded = this.#requests.get(id);
      const has = loaded && roomsOf(loaded, rooms);
      if (has && isLoadedAs(loaded, wanted, has)) return { id, rooms: has };
    }
    const [from] = ids;
    return from === undefined ? { id: name, rooms } : { id: successorOf(name, ids), rooms, from };
  }

  /** The slot that a program of the objects of this name is in. */
  slotOf(name: string, program: string): number | undefined {
    const isSame = (one: ProgramSlot) => nameOf(one.objectId) === name && one.program === program;
    return this.#running?.slotOf(name, program) ?? this.#slots.find(isSame)?.slot;
  }

  /** Slots that packets may still be sent to. */
  slots(): ReadonlySet<number> {
    const running = this.#running?.slots() ?? [];
    return new Set([...this.#slots.map(({ slot }) => slot), ...running]);
  }

  /** What the rows of a cube are a function of, if this daemon has written them. */
  factsOf(cubeId: string): AnyFacts | undefined {
    return this.#running?.factsOf(cubeId);
  }

  /** Whether a device was made promiscuous; undefined where nobody has used it. */
  madePromiscuous(ifindex: number): boolean | undefined {
    const known = this.#running?.madePromiscuous(ifindex);
    if (known !== undefined) return known;
    const ids = this.#ids.get(entryName(ifindex));
    return ids?.some((id) => this.#dataplane.noteOf(id) === madePromiscuousNote);
  }
}

function nameOf(id: string): string {
  return id.replace(/~[0-9]+$/, "");
}

/** The id of an object that is to succeed others of its name. */
export function successorOf(name: string, ids: readonly string[]): string {
  return `${name}~${Math.max(...ids.map(generationOf)) + 1}`;
}

/** 1 for the first object of a name. */
function generationOf(id: string): number {
  return Number(/~([0-9]+)$/.exec(id)?.[1] ?? 1);
}

/** What a loaded object has for the rooms needed; undefined where that is less. */
function roomsOf({ capacity }: ObjectRequest, needed: Rooms): Rooms | undefined {
  const has = Object.entries(needed).map(([map, room]): [string, number] => {
    return [map, Math.max(room, capacity[map] ?? 0)];
  });
  const isEnough = has.every(([map, room]) => capacity[map] === room);
  return isEnough ? Object.fromEntries(has) : undefined;
}

function isLoadedAs(loaded: ObjectRequest, wanted: WantedObject, rooms: Rooms): boolean {
  const capacity = { ...wanted.capacity, ...rooms };
  return (
    loaded.object === wanted.object &&
    loaded.families?.join() === wanted.families?.join() &&
    haveSame(loaded.constants, wanted.constants, equalBytes) &&
    haveSame(loaded.capacity, capacity, (is, other) => is === other)
  );
}

function haveSame<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  isSame: (a: T, b: T) => boolean,
): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => {
    const [left, right] = [a[name], b[name]];
    return left !== undefined && right !== undefined && isSame(left, right);
  });
}
