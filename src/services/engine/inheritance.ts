import type { Dataplane, ObjectRequest, ProgramSlot } from "../../dataplane/dataplane.ts";
import { madePromiscuousNote } from "./entry.ts";
import { equalBytes } from "./rows.ts";

/** How an object is to be loaded, by whatever id. */
export type WantedObject = Omit<ObjectRequest, "id" | "note">;

export interface ObjectPlace {
  readonly id: string;
  /** The object that it succeeds. */
  readonly from?: string;
}

/**
 * What the data plane has loaded already, by an earlier daemon: a cube that is still wanted keeps
 * its object and its slot, a device its entry object and the mode it was found in. An object that
 * was loaded in another way than it would be now gets a successor of the same name.
 */
export class Inheritance {
  readonly #requests = new Map<string, ObjectRequest | undefined>();
  /** Ids by name, the one that packets use first. */
  readonly #ids = new Map<string, string[]>();
  readonly #slots: readonly ProgramSlot[];

  constructor(
    dataplane: Pick<Dataplane, "objects" | "loadedRequest" | "programs" | "attachments">,
  ) {
    this.#slots = dataplane.programs();
    const used = new Set([...this.#slots, ...dataplane.attachments()].map((one) => one.objectId));
    for (const id of dataplane.objects()) {
      this.#requests.set(id, dataplane.loadedRequest(id));
      const name = nameOf(id);
      const others = this.#ids.get(name) ?? [];
      this.#ids.set(name, used.has(id) ? [id, ...others] : [...others, id]);
    }
  }

  /** Where an object of this name is or, if it was loaded otherwise, is to be loaded. */
  place(name: string, wanted: WantedObject): ObjectPlace {
    const ids = this.#ids.get(name) ?? [];
    const kept = ids.find((id) => isLoadedAs(this.#requests.get(id), wanted));
    if (kept !== undefined) return { id: kept };
    const [from] = ids;
    return from === undefined ? { id: name } : { id: successorOf(name, ids), from };
  }

  /** The slot that programs of the objects of this name are in. */
  slotOf(name: string): number | undefined {
    return this.#slots.find(({ objectId }) => nameOf(objectId) === name)?.slot;
  }

  /** Slots that packets may still be sent to. */
  slots(): ReadonlySet<number> {
    return new Set(this.#slots.map(({ slot }) => slot));
  }

  /** Whether a device was made promiscuous; undefined where nobody has used it. */
  madePromiscuous(entryName: string): boolean | undefined {
    const ids = this.#ids.get(entryName);
    return ids?.some((id) => this.#requests.get(id)?.note === madePromiscuousNote);
  }
}

function nameOf(id: string): string {
  return id.replace(/~[0-9]+$/, "");
}

/** The id of an object that is to succeed others of its name. */
function successorOf(name: string, ids: readonly string[]): string {
  return `${name}~${Math.max(...ids.map(generationOf)) + 1}`;
}

/** 1 for the first object of a name. */
function generationOf(id: string): number {
  return Number(/~([0-9]+)$/.exec(id)?.[1] ?? 1);
}

function isLoadedAs(loaded: ObjectRequest | undefined, wanted: WantedObject): boolean {
  if (loaded?.object !== wanted.object) return false;
  return (
    loaded.families?.join() === wanted.families?.join() &&
    haveSame(loaded.constants, wanted.constants, equalBytes) &&
    haveSame(loaded.capacity, wanted.capacity, (is, other) => is === other)
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
