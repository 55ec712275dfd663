import { atOnce, type Slices } from "../../lib/slices.ts";
import type { Edit } from "../datastore/datastore.ts";
import type { DataSchema, ListSchema, ParentSchema, Schema } from "../schema/schema.ts";
import { diffTrees, type Location, locationPath } from "../tree/diff.ts";
import type { OwnedObject } from "../tree/draft.ts";
import type { YangList } from "../tree/list.ts";
import { type DataObject, type DataValue, isSet, keysOf } from "../tree/node.ts";
import { type InstancePath, type PathStep, parsePath, printPath } from "../tree/path.ts";
import { decodeJsonAt } from "./decode.ts";
import { encodeJson } from "./encode.ts";

/**
 * The difference between two versions of the tree as JSON-able records, for the journal. Applied
 * with `deltaEdits` to the older version they give the newer, assigned values included.
 *
 *     ["set", path, json]           the node is to hold exactly this
 *     ["add", path of list, jsons]  new entries
 *     ["delete", path]
 *     ["place", path of entry, path of predecessor or null]   order of a user-ordered list
 */
export type DeltaRecord =
  | readonly ["set", string, unknown]
  | readonly ["add", string, unknown[]]
  | readonly ["delete", string]
  | readonly ["place", string, string | null];

export function encodeDelta(schema: Schema, older: DataObject, newer: DataObject): DeltaRecord[] {
  return atOnce(encodingDelta(schema, older, newer));
}

/** The same, in slices. */
export function* encodingDelta(
  schema: Schema,
  older: DataObject,
  newer: DataObject,
): Slices<DeltaRecord[]> {
  const records: DeltaRecord[] = [];
  const placed: DeltaRecord[] = [];
  const additions = new Additions(records);
  let count = 0;
  for (const { location, was, is } of topDifferences(schema, older, newer)) {
    const { schema: node } = location;
    if (node.kind === "list" && location.entry === undefined) {
      placed.push(...placements(location, was, is));
    } else if (is === undefined) {
      records.push(["delete", printPath(locationPath(location))]);
    } else if (node.kind === "list") {
      additions.add(location);
    } else {
      records.push(["set", printPath(locationPath(location)), encodeJson(node, is)]);
    }
    count += 1;
    if (count % entriesPerRecord === 0) yield;
  }
  return [...records, ...placed];
}

interface Difference {
  readonly location: Location;
  readonly was: DataValue | undefined;
  readonly is: DataValue | undefined;
}

/** What differs, each subtree that came or went by its top node only. */
function topDifferences(schema: Schema, older: DataObject, newer: DataObject): Difference[] {
  const differences: Difference[] = [];
  diffTrees(schema.root, older, newer, (location, was, is) => {
    const { kind } = location.schema;
    const isWholeList = kind === "list" && location.entry === undefined;
    const goesOn = is !== undefined && isWalked(location.schema, was);
    if (isWholeList || !goesOn) differences.push({ location, was, is });
    return isWholeList || goesOn;
  });
  return differences;
}

/** True for what stays the same node while its contents change: it is not written as a whole. */
function isWalked(schema: DataSchema, was: DataValue | undefined): boolean {
  if (schema.kind === "container") return was !== undefined || !schema.presence;
  return schema.kind === "list" && was !== undefined;
}

/** Gathers new entries by their list, so that a bulk load names it once for many. */
class Additions {
  readonly #records: DeltaRecord[];
  /** The batch being filled, by the location above the list: siblings share it. */
  readonly #batches = new Map<Location | undefined, Map<ListSchema, unknown[]>>();

  constructor(records: DeltaRecord[]) {
    this.#records = records;
  }

  add(location: Location): void {
    const schema = location.schema as ListSchema;
    const lists = this.#batches.get(location.parent) ?? new Map<ListSchema, unknown[]>();
    this.#batches.set(location.parent, lists);
    let batch = lists.get(schema);
    if (batch === undefined || batch.length === entriesPerRecord) {
      batch = [];
      lists.set(schema, batch);
      this.#records.push(["add", printPath(listPath(location)), batch]);
    }
    const entry = location.entry as DataObject;
    const long = longLists(schema, entry);
    batch.push(encodeJson(schema, without(entry, long)));
    const path = locationPath(location);
    for (const { containers, schema: inner, list } of long) {
      this.#records.push(...listRecords([...path, ...containers], inner, list));
    }
  }
}

function listPath({ parent, schema }: Location): InstancePath {
  return [...(parent ? locationPath(parent) : []), { schema }];
}

function placements(
  location: Location,
  was: DataValue | undefined,
  is: DataValue | undefined,
): DeltaRecord[] {
  if (is === undefined) return [];
  const list = is as YangList<DataObject>;
  const schema = location.schema as ListSchema;
  const above = listPath(location).slice(0, -1);
  const entryPath = (key: string): string => {
    const entry = list.at(key) as DataObject;
    return printPath([...above, { schema, keys: keysOf(schema, entry) }]);
  };
  const placed =
    was === undefined
      ? [...list.entries()].map(([key]) => key)
      : list.placed(was as YangList<DataObject>);
  return placed.map((key) => {
    const predecessor = list.predecessor(key);
    return ["place", entryPath(key), predecessor === undefined ? null : entryPath(predecessor)];
  });
}

/**
 * The edits a delta stands for. @throws RequestError where a record does not fit the schema (the
 * model changed since it was written).
 */
export function deltaEdits(schema: Schema, records: readonly DeltaRecord[]): Edit[] {
  return records.map((record) => recordEdit(schema, record));
}

function recordEdit(schema: Schema, record: DeltaRecord): Edit {
  const path = parsePath(schema, record[1]);
  switch (record[0]) {
    case "delete":
      return { path, operation: "remove" };
    case "set":
      return { path, operation: "replace", value: decodeJsonAt(path, record[2], stored) };
    case "add":
      return { path, operation: "merge", value: decodeJsonAt(path, record[2], stored) };
    case "place":
      return placeEdit(schema, path, record[2]);
  }
}

/** What is stored includes the values the system assigned. */
const stored = { state: "assigned" } as const;

function placeEdit(schema: Schema, path: InstancePath, predecessor: string | null): Edit {
  const point = predecessor === null ? undefined : parsePath(schema, predecessor).at(-1);
  const insert = point ? ({ where: "after", point } as const) : ({ where: "first" } as const);
  return { path, operation: "merge", value: {}, insert };
}

/** Entries a record holds at most: bounds the time one takes to encode. */
const entriesPerRecord = 500;

/**
 * The records that make a whole configuration from nothing, in bounded pieces: an entry comes
 * without its long lists, which follow.
 */
export function* stateRecords(schema: Schema, root: DataObject): Generator<DeltaRecord> {
  for (const child of schema.root.children) {
    if (!isSet(root, child)) continue;
    if (child.kind === "list") yield* listRecords([], child, root[child.prop] as Entries);
    else
      yield [
        "set",
        printPath([{ schema: child }]),
        encodeJson(child, root[child.prop] as DataValue),
      ];
  }
}

type Entries = YangList<DataObject>;

function* listRecords(
  above: InstancePath,
  schema: ListSchema,
  list: Entries,
): Generator<DeltaRecord> {
  const path = printPath([...above, { schema }]);
  let batch: unknown[] = [];
  for (const entry of list) {
    const long = longLists(schema, entry);
    batch.push(encodeJson(schema, without(entry, long)));
    if (batch.length < entriesPerRecord && long.length === 0) continue;
    yield ["add", path, batch];
    batch = [];
    const entryPath = [...above, { schema, keys: keysOf(schema, entry) }];
    for (const { containers, schema: inner, list: entries } of long) {
      yield* listRecords([...entryPath, ...containers], inner, entries);
    }
  }
  if (batch.length > 0) yield ["add", path, batch];
}

interface LongList {
  /** From the entry to the list. */
  readonly containers: readonly PathStep[];
  readonly schema: ListSchema;
  readonly list: Entries;
}

/** Lists below an entry, through containers, that are too long to be encoded with it. */
function longLists(schema: ParentSchema, object: DataObject, above: PathStep[] = []): LongList[] {
  return schema.children.flatMap((child) => {
    if (!isSet(object, child)) return [];
    const value = object[child.prop];
    if (child.kind === "container") {
      return longLists(child, value as DataObject, [...above, { schema: child }]);
    }
    const list = value as Entries;
    if (child.kind !== "list" || list.size <= entriesPerRecord) return [];
    return [{ containers: above, schema: child, list }];
  });
}

function without(entry: DataObject, lists: readonly LongList[]): DataObject {
  if (lists.length === 0) return entry;
  const result = copy(entry);
  for (const { containers, schema } of lists) {
    let at = result;
    for (const { schema: container } of containers) {
      const inner = copy(at[container.prop] as DataObject);
      at[container.prop] = inner as DataObject;
      at = inner;
    }
    delete at[schema.prop];
  }
  return result as DataObject;
}

function copy(object: DataObject): OwnedObject {
  return Object.assign(Object.create(Object.getPrototypeOf(object)), object) as OwnedObject;
}
