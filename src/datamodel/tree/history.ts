import type { Slices } from "../../lib/slices.ts";
import type {
  ContainerSchema,
  DataSchema,
  LeafListSchema,
  ListSchema,
  ParentSchema,
} from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { equalValues, explicit } from "./diff.ts";
import { listChanges, type YangList } from "./list.ts";
import { type DataObject, type DataValue, emptyObject } from "./node.ts";

/**
 * Which commit changed a node last, without a record for each node: an entry knows the commit it
 * came with, and what did not change since has no mark of its own. Kept beside the data, in the
 * objects of each version, so undoing a commit undoes this too.
 */
export interface History {
  /** The commit with which the entry came, and all in it. */
  readonly born: number;
  /** The commit that last changed the node or anything below it. */
  readonly last: number;
  /** Children that changed since `born`, by property. A container: if it came or went. */
  readonly children: ReadonlyMap<string, ChildHistory>;
}

export interface ChildHistory {
  /** Of a list: the commit that last changed anything in it. */
  readonly last: number;
  /** The commit that last changed the order of a list or leaf-list. */
  readonly order: number;
  /** Entries of a list that went, values of a leaf-list that came or went: the latest of them. */
  readonly members: ReadonlyMap<string, number>;
  /** The commit up to which entries or values may have gone that `members` has no room for. */
  readonly forgotten: number;
}

/** Bounds what a commit copies and a list remembers of what is no longer there. */
const membersMax = 256;

const historyKey = Symbol("history");

interface Remembering {
  [historyKey]?: History;
}

const unchanged: History = { born: 0, last: 0, children: new Map() };
const unchangedChild: ChildHistory = { last: 0, order: 0, members: new Map(), forgotten: 0 };

export function historyOf(object: DataObject): History {
  return (object as Remembering)[historyKey] ?? unchanged;
}

/**
 * Notes in the objects of `newer` what commit `id` changed. Every object of it that differs from
 * `older` has to be the transaction's own.
 */
export function* notingChanges(
  schema: ParentSchema,
  [older, newer]: readonly [older: DataObject, newer: DataObject],
  id: number,
): Slices<void> {
  yield* new Notes(id).object(schema, older, newer);
}

class Notes {
  readonly #id: number;
  /** Shared by all that came with this commit. */
  readonly #born: History;

  constructor(id: number) {
    this.#id = id;
    this.#born = { born: id, last: id, children: unchanged.children };
  }

  /** True if anything differs: not every object that is another one says something else. */
  *object(schema: ParentSchema, was: DataObject, is: DataObject): Slices<boolean> {
    const before = historyOf(was);
    let children: Map<string, ChildHistory> | undefined;
    let isChanged = false;
    for (const child of schema.children) {
      const [held, holds] = [explicit(was, child), explicit(is, child)];
      if (held === holds) continue;
      const known = before.children.get(child.prop) ?? unchangedChild;
      const now = yield* this.#child(child, [held, holds], known);
      if (now === undefined) continue;
      isChanged ||= now === known || now.last === this.#id;
      if (now === known) continue;
      children ??= new Map(before.children);
      children.set(child.prop, now);
    }
    const { born, last } = before;
    const after =
      isChanged || children
        ? { born, last: isChanged ? this.#id : last, children: children ?? before.children }
        : before;
    if (historyOf(is) !== after) (is as Remembering)[historyKey] = after;
    return isChanged;
  }

  /** Undefined: nothing changed. What is `known`: only what lies below the child did. */
  *#child(
    schema: DataSchema,
    [was, is]: Pair,
    known: ChildHistory,
  ): Slices<ChildHistory | undefined> {
    switch (schema.kind) {
      case "list":
        return yield* this.#list(schema, [was as Entries, is as Entries], known);
      case "leaf-list":
        return this.#leafList(schema, [was as Values, is as Values], known);
      case "container":
        return yield* this.#container(schema, [was as Inner, is as Inner], known);
      default:
        return this.#came(known);
    }
  }

  /** Without presence it is always there: where no object stands for it, with nothing in it. */
  *#container(
    schema: ContainerSchema,
    [was, is]: readonly [Inner, Inner],
    known: ChildHistory,
  ): Slices<ChildHistory | undefined> {
    if (schema.presence && !(was && is)) return this.#came(known);
    if (is === undefined) return this.#went(was ?? emptyObject(schema), known);
    return (yield* this.object(schema, was ?? emptyObject(schema), is)) ? known : undefined;
  }

  *#list(
    schema: ListSchema,
    [older, newer]: readonly [Entries, Entries],
    known: ChildHistory,
  ): Slices<ChildHistory | undefined> {
    const gone: string[] = [];
    let changes = 0;
    let count = 0;
    for (const [key, was, is] of listChanges(older, newer)) {
      if (is === undefined) gone.push(key);
      else if (was === undefined) (is as Remembering)[historyKey] = this.#born;
      else if (!(yield* this.object(schema, was, is))) changes -= 1;
      changes += 1;
      count += 1;
      if (count % entriesPerSlice === 0) yield;
    }
    const isReordered = (older && newer?.placed(older).length) || gone.length > 0;
    if (changes === 0 && !isReordered) return undefined;
    const order = schema.userOrdered && isReordered ? this.#id : known.order;
    return { last: this.#id, order, ...this.#members(gone, known) };
  }

  #leafList(
    schema: LeafListSchema,
    [was = [], is = []]: readonly [Values, Values],
    known: ChildHistory,
  ): ChildHistory | undefined {
    if (equalValues(was, is)) return undefined;
    const [older, newer] = [new Set(was), new Set(is)];
    const changed = [...was, ...is].filter((value) => !older.has(value) || !newer.has(value));
    const texts = changed.map((value) => schema.type.toText(value));
    return { last: this.#id, order: this.#id, ...this.#members(texts, known) };
  }

  /** What had become empty before does not change by going, but no longer keeps its own history. */
  #went(was: DataObject, known: ChildHistory): ChildHistory | undefined {
    if (Object.keys(was).length > 0) return this.#came(known);
    const { last } = historyOf(was);
    return last > known.last ? { ...known, last } : undefined;
  }

  #came(known: ChildHistory): ChildHistory {
    return { ...known, last: this.#id };
  }

  #members(
    changed: readonly string[],
    known: ChildHistory,
  ): Pick<ChildHistory, "members" | "forgotten"> {
    if (changed.length === 0) return { members: known.members, forgotten: known.forgotten };
    const members = new Map(known.members);
    let forgotten = changed.length > membersMax ? this.#id : known.forgotten;
    for (const member of changed.slice(-membersMax)) {
      members.delete(member);
      members.set(member, this.#id);
    }
    // Oldest first, as they were put in.
    for (const [member, id] of members) {
      if (members.size <= membersMax) break;
      members.delete(member);
      forgotten = Math.max(forgotten, id);
    }
    return { members, forgotten };
  }
}

/** Entries noted between two chances for others. */
const entriesPerSlice = 256;

type Pair = readonly [was: DataValue | undefined, is: DataValue | undefined];
type Inner = DataObject | undefined;
type Entries = YangList<DataObject> | undefined;
type Values = readonly LeafValue[] | undefined;
