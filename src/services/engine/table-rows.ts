import { listChanges, YangList } from "../../datamodel/tree/list.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { Slices } from "../../lib/slices.ts";
import type { AnyConfig, AnyTable } from "../any-service.ts";
import type { CubeView } from "./cube-view.ts";
import { type EncodedRow, encodeRow, RowChanges, rowsPerSlice } from "./row-changes.ts";
import type { RowChange } from "./rows.ts";

/** The cube before and after; before undefined for a new one, whose maps are empty. */
export type Views = readonly [older: CubeView | undefined, newer: CubeView];

/** What turns one table's rows of the older view into those of the newer one. */
export function* tableChanges(
  layout: MapLayout,
  table: AnyTable,
  [older, newer]: Views,
): Slices<RowChange[]> {
  const changes = new RowChanges();
  const rowOf = ({ entry, parent }: TableEntry, config: AnyConfig): EncodedRow => {
    const origin = { config, nodes: parent ? [parent, entry] : [entry] };
    return { ...encodeRow(layout, table.row(entry, config, parent)), origin };
  };
  let count = 0;
  for (const [was, is] of differingEntries(table, [older, newer])) {
    changes.add(was && older ? rowOf(was, older.config) : undefined, is && rowOf(is, newer.config));
    count += 1;
    if (count % rowsPerSlice === 0) yield;
  }
  return yield* changes.all();
}

/** A node that has a row; `parent`: the entry it is nested in. */
interface TableEntry {
  readonly entry: AnyConfig;
  readonly parent?: AnyConfig;
}

type Difference = readonly [was: TableEntry | undefined, is: TableEntry | undefined];

function* differingEntries(table: AnyTable, [older, newer]: Views): Generator<Difference> {
  const { entries } = table;
  if (typeof entries !== "function") {
    const outer = older && entries.outer(older.config, older.facts);
    yield* nestedDifferences(entries.inner, outer, entries.outer(newer.config, newer.facts));
    return;
  }
  const before = older && entries(older.config, older.facts);
  const after = entries(newer.config, newer.facts);
  if (after instanceof YangList && (before === undefined || before instanceof YangList)) {
    for (const [, was, is] of listChanges(before, after)) yield [asEntry(was), asEntry(is)];
    return;
  }
  const [were, are] = [[...(before ?? [])], [...after]];
  for (let at = 0; at < Math.max(were.length, are.length); at += 1) {
    if (were[at] !== are[at]) yield [asEntry(were[at]), asEntry(are[at])];
  }
}

function asEntry(entry: AnyConfig | undefined): TableEntry | undefined {
  return entry && { entry };
}

type Inner = (parent: AnyConfig) => YangList<AnyConfig>;

function* nestedDifferences(
  inner: Inner,
  older: YangList<AnyConfig> | undefined,
  newer: YangList<AnyConfig>,
): Generator<Difference> {
  for (const [, was, is] of listChanges(older, newer)) {
    const [before, after] = [was && inner(was), is && inner(is)];
    const isSameParent = was !== undefined && is !== undefined && sameLeaves(was, is);
    const pairs = isSameParent ? listChanges(before, after) : allPairs(before, after);
    for (const [, from, to] of pairs) {
      yield [
        from && was ? { entry: from, parent: was } : undefined,
        to && is ? { entry: to, parent: is } : undefined,
      ];
    }
  }
}

/** Whether two versions of a node differ in nothing but lists: its rows look at no others of it. */
function sameLeaves(was: AnyConfig, is: AnyConfig): boolean {
  const props = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...props].every((prop) => {
    const [before, after] = [was[prop], is[prop]];
    if (before === after || before instanceof YangList || after instanceof YangList) return true;
    if (!isContainer(before) || !isContainer(after)) return false;
    return sameLeaves(before, after);
  });
}

function isContainer(value: AnyConfig[string]): value is AnyConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every entry of either list, those of one key together. */
function* allPairs(
  older: YangList<AnyConfig> | undefined,
  newer: YangList<AnyConfig> | undefined,
): Generator<readonly [key: string, was: AnyConfig | undefined, is: AnyConfig | undefined]> {
  for (const [key, was] of older?.entries() ?? []) yield [key, was, newer?.at(key)];
  for (const [key, is] of newer?.entries() ?? []) {
    if (older?.at(key) === undefined) yield [key, undefined, is];
  }
}
