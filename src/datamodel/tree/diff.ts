import type { DataSchema, ListSchema, ParentSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { listChanges, type YangList } from "./list.ts";
import { type DataObject, type DataValue, isSet, keysOf } from "./node.ts";
import type { InstancePath, PathStep } from "./path.ts";

/** A data node met by a walk: its schema and, for a list entry, the entry; linked to the root. */
export interface Location {
  readonly schema: DataSchema;
  readonly parent: Location | undefined;
  /** The list entry (new version, or the old one where it was deleted). */
  readonly entry?: DataObject;
  /** Encoded key of the entry. */
  readonly key?: string;
}

/**
 * Told of each data node that differs, parents first. `was` or `is` is undefined where that side
 * does not have the node *explicitly*: a leaf back at its default was set and is undefined.
 * Return false to skip what lies below. A user-ordered list is visited as a whole first (a location
 * without entry), since its order may be all that changed.
 */
export type Visit = (
  location: Location,
  was: DataValue | undefined,
  is: DataValue | undefined,
  // biome-ignore lint/suspicious/noConfusingVoidType: a visitor that never skips returns nothing
) => boolean | void;

/**
 * Walks the differences between two versions of a data tree. Costs O(differences × log n): what
 * both versions share is never looked at. Created and deleted subtrees are walked down to their
 * leaves.
 */
export function diffTrees(
  schema: ParentSchema,
  older: DataObject | undefined,
  newer: DataObject | undefined,
  visit: Visit,
): void {
  diffWanted(schema, [older, newer], { visit, isWanted: () => true });
}

/** A walk that passes over nodes which are not wanted, with all below them. */
export interface Walk {
  readonly visit: Visit;
  readonly isWanted: (schema: DataSchema) => boolean;
}

/** As `diffTrees`, for what is wanted only. */
export function diffWanted(schema: ParentSchema, versions: Pair, walk: Walk): void {
  diffChildren(schema, undefined, versions, walk);
}

type EntryList = YangList<DataObject> | undefined;

type Pair = readonly [older: DataObject | undefined, newer: DataObject | undefined];

function diffChildren(
  schema: ParentSchema,
  parent: Location | undefined,
  [older, newer]: Pair,
  walk: Walk,
): void {
  if (older === newer) return;
  for (const child of schema.children) {
    const was = explicit(older, child);
    const is = explicit(newer, child);
    if (was === is || !walk.isWanted(child)) continue;
    if (child.kind === "list") {
      diffList(child, parent, [was as EntryList, is as EntryList], walk);
    } else if (child.kind === "container") {
      diffObject({ schema: child, parent }, child, [was, is] as Pair, walk);
    } else if (!equalValues(was, is)) {
      walk.visit({ schema: child, parent }, was, is);
    }
  }
}

/** What the object itself holds for a child. */
export function explicit(object: DataObject | undefined, child: DataSchema): DataValue | undefined {
  return object !== undefined && isSet(object, child) ? object[child.prop] : undefined;
}

/** True for two leaf-lists with the same values in the same order. */
export function equalValues(was: DataValue | undefined, is: DataValue | undefined): boolean {
  if (!Array.isArray(was) || !Array.isArray(is)) return false;
  return was.length === is.length && was.every((value, index) => value === is[index]);
}

function diffObject(location: Location, schema: ParentSchema, pair: Pair, walk: Walk): void {
  if (walk.visit(location, ...pair) !== false) diffChildren(schema, location, pair, walk);
}

function diffList(
  schema: ListSchema,
  parent: Location | undefined,
  [older, newer]: readonly [EntryList, EntryList],
  walk: Walk,
): void {
  if (schema.userOrdered) walk.visit({ schema, parent }, older, newer);
  for (const [key, was, is] of listChanges(older, newer)) {
    const entry = is ?? was;
    if (entry) diffObject({ schema, parent, entry, key }, schema, [was, is], walk);
  }
}

/** The location as a path from the root. */
export function locationPath(location: Location): InstancePath {
  const steps: PathStep[] = [];
  for (let at: Location | undefined = location; at; at = at.parent) {
    const { schema, entry } = at;
    steps.push(
      schema.kind === "list" && entry ? { schema, keys: keysOf(schema, entry) } : { schema },
    );
  }
  return steps.reverse();
}

/** The node at a path, inherited defaults included; undefined where there is none. */
export function nodeAt(root: DataObject, path: InstancePath): DataValue | undefined {
  let node: DataValue | undefined = root;
  for (const step of path) {
    if (node === undefined || node === null || typeof node !== "object") return undefined;
    const child: DataValue | undefined = (node as DataObject)[step.schema.prop];
    node = child === undefined ? undefined : selected(child, step);
  }
  return node;
}

function selected(child: DataValue, step: PathStep): DataValue | undefined {
  if (step.keys !== undefined) return (child as YangList<DataObject>).get(...step.keys);
  if (step.value === undefined) return child;
  return (child as readonly LeafValue[]).includes(step.value) ? step.value : undefined;
}
