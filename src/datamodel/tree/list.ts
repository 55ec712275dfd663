import sortedBtree from "sorted-btree";
import diffModule from "sorted-btree/extended/diffAgainst.js";
import { assert } from "../../lib/assert.ts";
import type { LeafValue } from "../schema/value-type.ts";

// Under mocha tsx makes these files CommonJS, where the default import is the class itself.
const BTree = sortedBtree.default ?? (sortedBtree as never);
type Tree<K, V> = InstanceType<typeof BTree<K, V>>;
const diffTrees = diffModule.default ?? (diffModule as never);

/** Keys of one entry, in the order of the YANG key statement. */
export type ListKeys = readonly LeafValue[];

/** A point to insert at in a user-ordered list (RFC 7950 §7.8.6). */
export type InsertPoint =
  | { readonly where: "first" | "last" }
  | { readonly where: "before" | "after"; readonly point: string };

/**
 * A YANG list as an immutable sorted map from key to entry. Versions share structure: changing one
 * entry of a million copies a handful of B-tree nodes, and `diff` visits only what is not shared.
 * Iteration is in key order (numbers numerically), or in user order for `ordered-by user`.
 */
export class YangList<E extends object = object, K extends ListKeys = ListKeys>
  implements Iterable<E>
{
  readonly userOrdered: boolean;
  readonly #entries: Tree<string, E>;
  readonly #order: UserOrder | undefined;
  /** What is known of the differences to one older version; no version keeps more alive. */
  #known: Known<E> | undefined;

  /** For `emptyList` and `ListDraft` only. `origin`: the version it was made from, keys changed. */
  constructor(entries: Tree<string, E>, order: UserOrder | undefined, origin?: Origin<E, K>) {
    this.#entries = entries;
    this.#order = order;
    this.userOrdered = order !== undefined;
    if (origin) this.#know(origin.older, () => this.#changesAt(origin));
  }

  get size(): number {
    return this.#entries.size;
  }

  get(...keys: K): E | undefined {
    return this.#entries.get(sortKey(keys));
  }

  has(...keys: K): boolean {
    return this.#entries.has(sortKey(keys));
  }

  /** By encoded key, see `sortKey`. */
  at(key: string): E | undefined {
    return this.#entries.get(key);
  }

  *[Symbol.iterator](): IterableIterator<E> {
    for (const [, entry] of this.entries()) yield entry;
  }

  /**
   * Encoded keys and entries in list order, starting behind `after` (which need not exist in a
   * list ordered by key). O(log n) to the first, O(1) for each.
   */
  *entries(after?: string): IterableIterator<[string, E]> {
    if (this.#order === undefined) {
      const start = after === undefined ? undefined : this.#entries.nextHigherKey(after);
      if (after !== undefined && start === undefined) return;
      yield* this.#entries.entries(start);
      return;
    }
    for (const key of this.#order.keysAfter(after)) {
      const entry = this.#entries.get(key);
      assert(entry !== undefined, "every ordered key has an entry");
      yield [key, entry];
    }
  }

  /** The key in front of this one, undefined for the first: what a user-order change is seen by. */
  predecessor(key: string): string | undefined {
    return this.#order === undefined
      ? this.#entries.nextLowerKey(key)
      : this.#order.predecessor(key);
  }

  /**
   * Keys that are new or that moved since `older`, in list order; empty unless user-ordered.
   * Placing each behind its predecessor, one after the other, makes the older order into this one.
   */
  placed(older: YangList<E, K>): string[] {
    return this.#order === undefined ? [] : this.#order.placedSince(older.#order);
  }

  /**
   * Every entry that differs between `older` and this version, in key order. Costs
   * O(differences × log n).
   */
  changes(older: YangList<E, K>): readonly EntryChange<E>[] {
    if (this.#entries === older.#entries) return [];
    if (this.#known?.older === older) {
      const { changes } = this.#known;
      if (typeof changes !== "function") return changes;
      return this.#know(older, changes());
    }
    const changes = this.#compare(older);
    return changes.length > changesKeptMax ? changes : this.#know(older, changes);
  }

  #know<C extends Known<E>["changes"]>(older: YangList<E, K>, changes: C): C {
    older.#known = undefined;
    this.#known = { older, changes };
    return changes;
  }

  #changesAt({ older, touched }: Origin<E, K>): EntryChange<E>[] {
    const changes: EntryChange<E>[] = [];
    for (const key of [...touched].sort(compareKeys)) {
      const [was, is] = [older.at(key), this.at(key)];
      if (was !== is) changes.push([key, was, is]);
    }
    return changes;
  }

  #compare(older: YangList<E, K>): EntryChange<E>[] {
    const changes: EntryChange<E>[] = [];
    diffTrees(
      older.#entries,
      this.#entries,
      (key, was) => void changes.push([key, was, undefined]),
      (key, is) => void changes.push([key, undefined, is]),
      (key, was, is) => void changes.push([key, was, is]),
    );
    // The trees are walked from both ends; what follows from a diff must not depend on how.
    return changes.sort(([a], [b]) => compareKeys(a, b));
  }

  /** Calls back for each of `changes`. */
  diff(older: YangList<E, K>, changed: (key: string, was?: E, is?: E) => void): void {
    for (const change of this.changes(older)) changed(...change);
  }

  /** A mutable copy in O(1). */
  draft(): ListDraft<E, K> {
    return new ListDraft(this.#entries.clone(), this.#order?.clone(), this);
  }
}

/** An entry that differs: its key, and what it was and is; undefined where it is absent. */
export type EntryChange<E> = readonly [key: string, was: E | undefined, is: E | undefined];

/** The entries that differ between two versions of a list, either of which may be absent. */
export function* listChanges<E extends object>(
  older: YangList<E> | undefined,
  newer: YangList<E> | undefined,
): Generator<EntryChange<E>> {
  if (older && newer) yield* newer.changes(older);
  else if (newer) for (const [key, entry] of newer.entries()) yield [key, undefined, entry];
  else if (older) for (const [key, entry] of older.entries()) yield [key, entry, undefined];
}

const changesKeptMax = 256;

/** Commits ask for the same differences several times: found once, and only when asked for. */
interface Known<E> {
  readonly older: object;
  readonly changes: readonly EntryChange<E>[] | (() => readonly EntryChange<E>[]);
}

/** Where a version comes from: the one before, and the keys its draft wrote. */
interface Origin<E extends object, K extends ListKeys> {
  readonly older: YangList<E, K>;
  readonly touched: ReadonlySet<string>;
}

/** A list being changed inside one transaction; `freeze` makes it a version. */
export class ListDraft<E extends object = object, K extends ListKeys = ListKeys> {
  readonly #entries: Tree<string, E>;
  readonly #order: UserOrder | undefined;

  readonly #older: YangList<E, K>;
  readonly #touched = new Set<string>();

  /** For `YangList.draft` only. */
  constructor(entries: Tree<string, E>, order: UserOrder | undefined, older: YangList<E, K>) {
    this.#entries = entries;
    this.#order = order;
    this.#older = older;
  }

  at(key: string): E | undefined {
    return this.#entries.get(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds or replaces; a new entry of a user-ordered list goes last unless `insert` says otherwise.
   */
  set(key: string, entry: E, insert?: InsertPoint): void {
    this.#touch(key);
    const isNew = this.#entries.set(key, entry);
    if (this.#order && (isNew || insert)) this.#order.place(key, insert ?? { where: "last" });
  }

  delete(key: string): boolean {
    this.#touch(key);
    this.#order?.remove(key);
    return this.#entries.delete(key);
  }

  freeze(): YangList<E, K> {
    const isFew = this.#touched.size <= changesKeptMax;
    const origin = isFew ? { older: this.#older, touched: this.#touched } : undefined;
    return new YangList(this.#entries, this.#order, origin);
  }

  #touch(key: string): void {
    if (this.#touched.size <= changesKeptMax) this.#touched.add(key);
  }
}

/** User order as a persistent map between a rank (a double, midpoints for insertions) and keys. */
class UserOrder {
  #keyByRank: Tree<number, string>;
  #rankByKey: Tree<string, number>;

  constructor(keyByRank: Tree<number, string>, rankByKey: Tree<string, number>) {
    this.#keyByRank = keyByRank;
    this.#rankByKey = rankByKey;
  }

  clone(): UserOrder {
    return new UserOrder(this.#keyByRank.clone(), this.#rankByKey.clone());
  }

  *keysAfter(after: string | undefined): IterableIterator<string> {
    const rank = after === undefined ? undefined : this.#rankByKey.get(after);
    if (after !== undefined && rank === undefined) return;
    const start = rank === undefined ? undefined : this.#keyByRank.nextHigherKey(rank);
    if (rank !== undefined && start === undefined) return;
    for (const [, key] of this.#keyByRank.entries(start)) yield key;
  }

  placedSince(older: UserOrder | undefined): string[] {
    if (older === undefined) return [...this.#keyByRank.values()];
    const placed: [rank: number, key: string][] = [];
    diffTrees(
      older.#rankByKey,
      this.#rankByKey,
      undefined,
      (key, rank) => void placed.push([rank, key]),
      (key, _was, rank) => void placed.push([rank, key]),
    );
    return placed.sort(([a], [b]) => a - b).map(([, key]) => key);
  }

  predecessor(key: string): string | undefined {
    const rank = this.#rankByKey.get(key);
    return rank === undefined ? undefined : this.#keyByRank.nextLowerPair(rank)?.[1];
  }

  remove(key: string): void {
    const rank = this.#rankByKey.get(key);
    if (rank === undefined) return;
    this.#keyByRank.delete(rank);
    this.#rankByKey.delete(key);
  }

  place(key: string, insert: InsertPoint): void {
    this.remove(key);
    let rank = this.#freeRank(insert);
    if (rank === undefined) {
      this.#renumber();
      rank = this.#freeRank(insert);
    }
    assert(rank !== undefined, "renumbered ranks have gaps");
    this.#keyByRank.set(rank, key);
    this.#rankByKey.set(key, rank);
  }

  /** A rank at the wanted place, undefined where two neighbours leave no double between them. */
  #freeRank(insert: InsertPoint): number | undefined {
    const [low, high] = this.#neighbours(insert);
    if (low === undefined) return high === undefined ? 0 : high - 1;
    if (high === undefined) return low + 1;
    const middle = (low + high) / 2;
    return middle > low && middle < high ? middle : undefined;
  }

  #neighbours(insert: InsertPoint): [number | undefined, number | undefined] {
    const ranks = this.#keyByRank;
    if (!("point" in insert)) {
      return insert.where === "first" ? [undefined, ranks.minKey()] : [ranks.maxKey(), undefined];
    }
    const point = this.#rankByKey.get(insert.point);
    assert(point !== undefined, "the insertion point exists");
    return insert.where === "before"
      ? [ranks.nextLowerKey(point), point]
      : [point, ranks.nextHigherKey(point)];
  }

  #renumber(): void {
    const keys = [...this.#keyByRank.values()];
    this.#keyByRank = new BTree(keys.map((key, rank) => [rank, key]));
    this.#rankByKey = new BTree(keys.map((key, rank) => [key, rank]));
  }
}

/** A commit copies a node at each level; smaller ones than the default 32 cost less to copy. */
const nodeSizeMax = 16;

/** The empty version of a list. */
export function emptyList<E extends object, K extends ListKeys>(
  userOrdered: boolean,
): YangList<E, K> {
  const order = userOrdered
    ? new UserOrder(new BTree<number, string>(), new BTree<string, number>())
    : undefined;
  return new YangList<E, K>(new BTree<string, E>(undefined, compareKeys, nodeSizeMax), order);
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Separates keys; YANG strings cannot contain it (RFC 7950 §14 yang-char). */
const keySeparator = "\u0000";

/** Encodes keys into one string whose order is the list's: numbers by value, then text. */
export function sortKey(keys: ListKeys): string {
  const [only] = keys;
  if (keys.length === 1 && typeof only === "string") return only;
  return keys.map(sortableText).join(keySeparator);
}

function sortableText(value: LeafValue): string {
  if (typeof value !== "number" && typeof value !== "bigint") return String(value);
  // 20 digits hold uint64; negative numbers count down from the complement so that they sort first.
  const digits = value < 0 ? (10n ** 20n + BigInt(value)).toString() : value.toString();
  return (value < 0 ? "-" : "0") + digits.padStart(20, "0");
}
