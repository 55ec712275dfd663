import type { DataSchema, LeafListSchema, LeafSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import type { YangList } from "../tree/list.ts";
import { type DataObject, isConditional } from "../tree/node.ts";
import type { LocationPath } from "../xpath/ast.ts";
import { type Cursor, isParent, type NodeSchema, objectOf } from "../xpath/cursor.ts";
import { depthOf } from "../xpath/dependencies.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { childSchemas } from "../xpath/steps.ts";
import { instancesBelow } from "./constraint.ts";
import { Counts, type UndoLog } from "./counts.ts";
import type { Place } from "./place.ts";
import { reportDangling } from "./reference.ts";
import type { Report } from "./report.ts";

type Leaf = LeafSchema | LeafListSchema;

/** Referrers of one vanished target that are named; the rest is only counted. */
const namedPerTargetMax = 10;

/**
 * Keeps a leafref true without ever searching. Referrer and targets share a *pivot*, the highest
 * node of the path (the bridge, for `../../../ports/name`); values are counted per pivot instance:
 * how many leaves refer to a value, and, where the target is not the key of a list, how many
 * targets have it.
 */
export class LeafrefIndex {
  readonly referrer: Leaf;
  readonly target: Leaf;
  readonly #engine: XpathEngine;
  readonly pivotDepth: number;
  /** From below the pivot down to the target. */
  readonly #way: readonly DataSchema[];
  readonly #isDirect: boolean;
  readonly #referrers = new Counts();
  readonly #targets = new Counts();

  constructor(engine: XpathEngine, referrer: Leaf, route: Route) {
    this.#engine = engine;
    this.referrer = referrer;
    this.target = route.target;
    this.pivotDepth = route.pivotDepth;
    this.#way = route.way;
    this.#isDirect = isDirect(route.way);
  }

  /** A leaf begins (`by` 1) or ceases (-1) to refer to a value. */
  referrerChanged(place: Place, value: LeafValue, by: 1 | -1, log: UndoLog): void {
    log.change(this.#referrers, { group: this.groupOf(place), value, by });
  }

  targetChanged(place: Place, value: LeafValue, by: 1 | -1, log: UndoLog): void {
    if (this.#isDirect) return;
    log.change(this.#targets, { group: this.groupOf(place), value, by });
  }

  /** The pivot instance that a referrer or target is below. */
  groupOf(place: Place): string {
    return place.ancestor(this.pivotDepth).identity;
  }

  /** Judges one new reference in the newer tree. */
  judgeReferrer(node: Cursor, report: Report): void {
    const pivot = node.ancestor(this.pivotDepth);
    if (!this.#exists(pivot, node.value as LeafValue)) {
      reportDangling(node, this.referrer, report);
    }
  }

  /** Judges the references to a value whose target is gone; `known` are judged already. */
  judgeTarget(
    place: Place,
    value: LeafValue,
    { known, report }: { readonly known: ReadonlySet<string>; readonly report: Report },
  ): void {
    const pivot = place.ancestor(this.pivotDepth).is;
    if (pivot === undefined || this.#exists(pivot, value)) return;
    const count = this.#referrers.get(pivot.identity, value);
    if (count === 0) return;
    let named = 0;
    let seen = 0;
    for (const node of instancesBelow(pivot, this.referrer, this.#engine)) {
      if (node.value !== value) continue;
      seen += 1;
      if (!known.has(node.identity)) {
        reportDangling(node, this.referrer, report);
        named += 1;
      }
      if (seen === count || named === namedPerTargetMax) break;
    }
    report.addUnnamed(count - seen);
  }

  #exists(pivot: Cursor, value: LeafValue): boolean {
    return this.#isDirect
      ? existsDirectly(objectOf(pivot), this.#way, value)
      : this.#targets.get(pivot.identity, value) > 0;
  }
}

export interface Route {
  readonly target: Leaf;
  readonly pivotDepth: number;
  readonly way: readonly DataSchema[];
}

/**
 * The way a leafref goes, if it only climbs and then descends, and nothing on it comes and goes
 * with a condition. Other leafrefs are judged by a constraint.
 */
export function leafrefRoute(engine: XpathEngine, referrer: Leaf): Route | undefined {
  const { ir } = referrer.type;
  if (ir.base !== "leafref" || comesAndGoes(referrer)) return undefined;
  const { ast } = engine.program(ir.path);
  if (ast.kind !== "path") return undefined;
  const climbed = climb(ast, referrer);
  if (climbed === undefined) return undefined;
  const way = descent(climbed.pivot, ast, climbed.steps);
  const target = way?.at(-1);
  if (target?.kind !== "leaf" && target?.kind !== "leaf-list") return undefined;
  if (way === undefined || comesAndGoes(target) || !target.config) return undefined;
  return { target, pivotDepth: depthOf(climbed.pivot), way };
}

/** True where a default takes effect by a case or condition, without the node being touched. */
function comesAndGoes(leaf: Leaf): boolean {
  const hasDefault = leaf.kind === "leaf" ? leaf.ir.default : leaf.ir.defaults?.length;
  if (!hasDefault) return false;
  let at: NodeSchema = leaf;
  while ("prop" in at) {
    if (isConditional(at)) return true;
    at = at.parent;
    if (at.kind !== "container" || at.presence) return false;
  }
  return false;
}

function climb(
  { start, steps }: LocationPath,
  referrer: Leaf,
): { pivot: NodeSchema; steps: number } | undefined {
  let pivot: NodeSchema = referrer;
  let climbed = 0;
  if (start === "root") {
    while ("parent" in pivot) pivot = pivot.parent;
    return { pivot, steps: 0 };
  }
  if (start !== "context") return undefined;
  while (steps[climbed]?.axis === "parent" && "parent" in pivot) {
    pivot = pivot.parent;
    climbed += 1;
  }
  return { pivot, steps: climbed };
}

function descent(
  pivot: NodeSchema,
  { steps }: LocationPath,
  climbed: number,
): DataSchema[] | undefined {
  const way: DataSchema[] = [];
  let at = pivot;
  for (const { axis, test, predicates } of steps.slice(climbed)) {
    if (axis !== "child" || predicates.length > 0 || !isParent(at)) return undefined;
    const [child, ...more] = childSchemas(at, test);
    if (child === undefined || more.length > 0) return undefined;
    way.push(child);
    at = child;
  }
  return way;
}

/** True where the target is found by name: through containers, then at most the key of a list. */
function isDirect(way: readonly DataSchema[]): boolean {
  const lists = way.filter((schema) => schema.kind === "list");
  const [list] = lists;
  if (list === undefined) return true;
  const target = way.at(-1);
  return (
    lists.length === 1 && way.at(-2) === list && list.keys.length === 1 && list.keys[0] === target
  );
}

function existsDirectly(from: DataObject, way: readonly DataSchema[], value: LeafValue): boolean {
  let object: DataObject | undefined = from;
  for (const schema of way) {
    if (object === undefined) return false;
    const held: unknown = object[schema.prop];
    switch (schema.kind) {
      case "list":
        return (held as YangList<DataObject>).has(value);
      case "leaf-list":
        return (held as readonly LeafValue[] | undefined)?.includes(value) === true;
      case "container":
        object = held as DataObject | undefined;
        break;
      default:
        return held === value;
    }
  }
  return false;
}
