import { refuse } from "../../datamodel/error.ts";
import type { Slices } from "../../lib/slices.ts";
import type { AnyDerived } from "../any-service.ts";
import { encodeRow, type PlainRow, RowChanges, rowsPerSlice } from "./row-changes.ts";
import { equalBytes, keyText, type MapTarget, type RowChange } from "./rows.ts";
import type { Views } from "./table-rows.ts";

/**
 * What brings a derived map from the older view to the newer one; nothing where it is derived of
 * the same. `target`: the map as it is.
 * @throws RequestError where there are more rows than the map has room for
 */
export function* derivedChanges(
  target: MapTarget,
  { derived, room, views }: DerivedPlan,
): Slices<RowChange[]> {
  const [older, newer] = views;
  const was = older && { source: derived.from(older.config, older.facts) };
  const is = derived.from(newer.config, newer.facts);
  if (was && isSame(was.source, is)) return [];
  if (was && derived.changes) return yield* ownChanges(target, derived.changes(was.source, is));
  return yield* comparison(target, derived, { was, is, room });
}

export interface DerivedPlan {
  readonly derived: AnyDerived;
  readonly views: Views;
  /** How many rows the map can hold. */
  readonly room: number;
}

/** The same object, or arrays of the same objects. */
function isSame(was: unknown, is: unknown): boolean {
  if (!Array.isArray(was) || !Array.isArray(is)) return was === is;
  return was.length === is.length && was.every((part, at) => part === is[at]);
}

interface Sources {
  readonly was: { readonly source: unknown } | undefined;
  readonly is: unknown;
  readonly room: number;
}

function* comparison(
  target: MapTarget,
  derived: AnyDerived,
  { was, is, room }: Sources,
): Slices<RowChange[]> {
  const changes = new RowChanges();
  let count = 0;
  for (const row of was ? derived.rows(was.source) : []) {
    changes.add(encodeRow(target.layout, row), undefined);
    count += 1;
    if (count % rowsPerSlice === 0) yield;
  }
  count = 0;
  for (const row of derived.rows(is)) {
    changes.add(undefined, encodeRow(target.layout, row));
    count += 1;
    if (count % rowsPerSlice === 0) yield;
  }
  if (count <= room) return yield* changes.all();
  const message = `${count} rows for map ${target.layout.name}, which has ${room}`;
  throw refuse("resource-denied", target.cause, message);
}

/** What a service says has changed; what was there before is in the map. */
function* ownChanges(
  { dataplane, objectId, layout }: MapTarget,
  rows: Iterable<PlainRow>,
): Slices<RowChange[]> {
  const changes = new Map<string, RowChange>();
  for (const row of rows) {
    const key = layout.key.encode(row.key);
    const was = dataplane.lookup(objectId, layout.name, key);
    const is = row.value === undefined ? undefined : layout.value.encode(row.value);
    const id = keyText(key);
    if (was === undefined ? is === undefined : is !== undefined && equalBytes(was, is)) {
      changes.delete(id);
    } else {
      changes.set(id, { key, was, is });
    }
    if (changes.size % rowsPerSlice === 0) yield;
  }
  return [...changes.values()];
}
