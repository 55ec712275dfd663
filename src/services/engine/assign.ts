import { randomUUID } from "node:crypto";
import { refuse } from "../../datamodel/error.ts";
import {
  type LeafSchema,
  type ListSchema,
  type ParentSchema,
  subtreeHas,
} from "../../datamodel/schema/schema.ts";
import {
  diffWanted,
  type Location,
  locationPath,
  nodeAt,
  type Visit,
} from "../../datamodel/tree/diff.ts";
import type { OwnedObject } from "../../datamodel/tree/draft.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, isSet } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";

/**
 * Fills in what the system chooses (leaves marked `assigned` in the model): a uuid is drawn, an
 * integer is the smallest that no sibling has. An entry that existed before keeps its values, also
 * when it was replaced. Changes only objects that the transaction has made.
 * @throws RequestError `resource-denied` where the type of the leaf has no free value left
 */
export function assignValues(schema: ParentSchema, older: DataObject, newer: DataObject): void {
  const versions: Versions = { older, newer, pools: new Map() };
  const visit: Visit = (location, was, is) => {
    if (location.schema.kind !== "list" || location.entry === undefined || is === undefined) return;
    for (const leaf of assignedLeaves(location.schema)) {
      const entry = is as OwnedObject;
      if (isSet(is as DataObject, leaf)) continue;
      const kept = was === undefined ? undefined : (was as DataObject)[leaf.prop];
      entry[leaf.prop] = kept ?? draw(leaf, location, versions);
    }
  };
  diffWanted(schema, [older, newer], { visit, isWanted: holdsAssigned });
}

const holdsAssigned = subtreeHas((node) => node.assigned);

const assignedByList = new WeakMap<ListSchema, readonly LeafSchema[]>();

function assignedLeaves(schema: ListSchema): readonly LeafSchema[] {
  const known = assignedByList.get(schema);
  if (known) return known;
  const leaves = schema.children.filter(
    (child): child is LeafSchema => child.kind === "leaf" && child.assigned,
  );
  assignedByList.set(schema, leaves);
  return leaves;
}

interface Versions {
  readonly older: DataObject;
  readonly newer: DataObject;
  /** Free integers by list instance: all entries of one have the same parent location. */
  readonly pools: Map<Location | undefined, Map<LeafSchema, IntegerPool>>;
}

function draw(leaf: LeafSchema, location: Location, versions: Versions): string | number {
  if (leaf.ir.type.base === "string") return randomUUID();
  const pools = versions.pools.get(location.parent) ?? new Map<LeafSchema, IntegerPool>();
  versions.pools.set(location.parent, pools);
  const pool =
    pools.get(leaf) ?? new IntegerPool(usedIntegers(leaf, location, versions), largest(leaf));
  pools.set(leaf, pool);
  return pool.take() ?? refuseMore(leaf, location, versions);
}

function refuseMore(leaf: LeafSchema, location: Location, { newer }: Versions): never {
  const entry = locationPath(location);
  const count = siblings(newer, location)?.size ?? 0;
  const most = largest(leaf) + 1;
  if (count > most) {
    const message = `${count} ${location.schema.name}, at most ${most}`;
    throw refuse("resource-denied", printPath(entry), message);
  }
  const message = `every ${leaf.name} is in use until this commit is done`;
  throw refuse("resource-denied", printPath([...entry, { schema: leaf }]), message);
}

function siblings(root: DataObject, { parent, schema }: Location) {
  const path = [...(parent ? locationPath(parent) : []), { schema }];
  return nodeAt(root, path) as YangList<DataObject> | undefined;
}

/** The largest value of an integer leaf. */
function largest({ ir: { type } }: LeafSchema): number {
  const intervals = "range" in type ? type.range?.intervals : undefined;
  return Number(intervals?.at(-1)?.max ?? Number.MAX_SAFE_INTEGER);
}

/** What any sibling has, before or after: an integer is not reused in the commit that frees it. */
function usedIntegers(leaf: LeafSchema, location: Location, { older, newer }: Versions) {
  const used = new Set<number>();
  for (const root of [older, newer]) {
    for (const sibling of siblings(root, location) ?? []) {
      const value = sibling[leaf.prop];
      if (typeof value === "number") used.add(value);
    }
  }
  return used;
}

/** Gives the smallest integers not in use, in ascending order. */
class IntegerPool {
  readonly #used: ReadonlySet<number>;
  readonly #max: number;
  #next = 0;

  constructor(used: ReadonlySet<number>, max: number) {
    this.#used = used;
    this.#max = max;
  }

  take(): number | undefined {
    while (this.#used.has(this.#next)) this.#next += 1;
    if (this.#next > this.#max) return undefined;
    this.#next += 1;
    return this.#next - 1;
  }
}
