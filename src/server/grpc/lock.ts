import { GenerationError } from "./generation-error.ts";

/** What was promised to clients about one schema node, enum value, union member or method. */
export interface LockEntry {
  readonly number: number;
  readonly name: string;
  readonly wire: string;
}

/** By schema path: `/bridge/ports/mode`, enum `…/mode#access`, union member `…|uint32`. */
export type Lock = Readonly<Record<string, LockEntry>>;

/** A member of a message or enum that wants a name and a number. */
export interface LockItem {
  readonly path: string;
  readonly wire: string;
  /** The name it gets unless another member has it. */
  readonly name: string;
  /** What it is called if `name` is taken; none: a clash is the author's to settle. */
  readonly fallbacks: readonly string[];
  /** Two names that are the same to protoc (JSON names; enum values without case) share it. */
  readonly identity: (name: string) => string;
}

export interface Assigned {
  readonly number: number;
  readonly name: string;
}

/** Proto's own range in the middle of field numbers. */
const reservedNumbers = { first: 19_000, last: 19_999 };

/** Gives out names and numbers, keeping every promise of the lock it starts from. */
export class LockBook {
  readonly #promised: ReadonlyMap<string, LockEntry>;
  readonly #groups = new Map<string, string[]>();
  readonly #kept = new Map<string, LockEntry>();

  constructor(lock: Lock = {}) {
    this.#promised = new Map(Object.entries(lock));
    for (const path of this.#promised.keys()) {
      const group = groupOf(path);
      this.#groups.set(group, [...(this.#groups.get(group) ?? []), path]);
    }
  }

  has(path: string): boolean {
    return this.#promised.has(path);
  }

  /** All promises, old and new, sorted by path. */
  lock(): Lock {
    const all = new Map([...this.#promised, ...this.#kept]);
    return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  /** Members of one message or enum that the lock has and the model has no more. */
  vanished(group: string, present: readonly { readonly path: string }[]): LockEntry[] {
    const still = new Set(present.map(({ path }) => path));
    const gone = (this.#groups.get(group) ?? []).filter((path) => !still.has(path));
    return gone
      .map((path) => this.#entry(path))
      .filter((entry) => entry !== undefined)
      .sort((a, b) => a.number - b.number);
  }

  /**
   * Names and numbers for all members of one message or enum, in the order given. `inScope` are
   * names that others have already: values of all enums of a message share one scope.
   */
  assign(group: string, items: readonly LockItem[], inScope: Iterable<string> = []): Assigned[] {
    const gone = this.vanished(group, items);
    const names = this.#names(items, [...gone.map(({ name }) => name), ...inScope]);
    const promised = items.flatMap(({ path }) => this.#entry(path) ?? []);
    let last = Math.max(0, ...[...promised, ...gone].map(({ number }) => number));
    const identity = items.map(({ path }) => this.#entry(path)?.number);
    return items.map((item, index) => {
      const name = names[index] ?? item.name;
      let number = identity[index];
      if (number === undefined) {
        last = last + 1 === reservedNumbers.first ? reservedNumbers.last + 1 : last + 1;
        number = last;
      }
      return this.#keep(item, { number, name, wire: item.wire });
    });
  }

  /** The name of something that has no number, recorded only where it had to be settled. */
  settle(path: string, wire: string, name: string): void {
    this.#keep({ path, wire }, { number: 0, name, wire });
  }

  /** The name settled earlier for something without a number. */
  settled(path: string): string | undefined {
    return this.#entry(path)?.name;
  }

  #entry(path: string): LockEntry | undefined {
    return this.#promised.get(path);
  }

  #keep(item: { path: string; wire: string }, entry: LockEntry): Assigned {
    const promised = this.#entry(item.path);
    if (promised && promised.wire !== item.wire) {
      throw changed(item.path, "wire", promised.wire, item.wire);
    }
    this.#kept.set(item.path, entry);
    return { number: entry.number, name: entry.name };
  }

  /** Members already promised choose first, so that a newcomer never takes a name. */
  #names(items: readonly LockItem[], others: readonly string[]): string[] {
    const [first] = items;
    if (first === undefined) return [];
    const taken = new Map(others.map((name) => [first.identity(name), `an earlier ${name}`]));
    const names = new Map<LockItem, string>();
    const ordered = [
      ...items.filter(({ path }) => this.has(path)),
      ...items.filter(({ path }) => !this.has(path)),
    ];
    for (const item of ordered) {
      const name = this.#entry(item.path)
        ? this.#promisedName(item, items, others)
        : freeName(item, taken);
      taken.set(item.identity(name), item.path);
      names.set(item, name);
    }
    return items.map((item) => names.get(item) ?? item.name);
  }

  /** A promised name may differ from the plain one only where that would meet another. */
  #promisedName(item: LockItem, items: readonly LockItem[], others: readonly string[]): string {
    const name = this.#entry(item.path)?.name ?? item.name;
    const identity = item.identity(item.name);
    const meets =
      items.some((other) => other !== item && other.identity(other.name) === identity) ||
      others.some((other) => item.identity(other) === identity);
    const isFallback = item.fallbacks.includes(name);
    if (name !== item.name && !meets && !isFallback)
      throw changed(item.path, "name", name, item.name);
    return name;
  }
}

function freeName(item: LockItem, taken: ReadonlyMap<string, string>): string {
  const free = [item.name, ...item.fallbacks].find((name) => !taken.has(item.identity(name)));
  if (free !== undefined) return free;
  const other = taken.get(item.identity(item.name));
  throw new GenerationError(
    `${item.path} and ${other} both become ${item.name}: give one of them another name in the lock file`,
  );
}

function changed(path: string, what: string, was: string, is: string): GenerationError {
  return new GenerationError(
    `${path}: its ${what} changed from ${was} to ${is}, which breaks clients: make a v2 of the module`,
  );
}

/**
 * The message or enum a path is a member of: what stands before its last separator, with it.
 * A name of methods, `…()`, stands for itself.
 */
export function groupOf(path: string): string {
  // Enum names may hold any character, module and node names neither `#` nor `|`.
  const enumAt = path.indexOf("#");
  if (enumAt !== -1) return path.slice(0, enumAt + 1);
  if (path.endsWith("()")) return path;
  const unionAt = path.indexOf("|");
  return unionAt !== -1 ? path.slice(0, unionAt + 1) : path.slice(0, path.lastIndexOf("/") + 1);
}
