import type { Slices } from "../../lib/slices.ts";
import type { LeafValue } from "../schema/value-type.ts";
import type { Cursor } from "../xpath/cursor.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { XpathError } from "../xpath/xpath-error.ts";
import type { Changes } from "./comparison.ts";
import { type Constraint, instancesBelow } from "./constraint.ts";
import type { UndoLog } from "./counts.ts";
import type { LeafrefIndex } from "./leafref-index.ts";
import type { Place } from "./place.ts";
import type { Report } from "./report.ts";
import type { ChildRules, Dependent, NodeRules, SchemaRules } from "./rules.ts";
import type { UniqueIndex } from "./unique-index.ts";

/**
 * Takes in the changes of one candidate, keeping the indexes current, and notes what has to be
 * judged. Nothing is judged before all changes are in: the order of edits does not matter.
 */
export class Judgement implements Changes {
  readonly #engine: XpathEngine;
  readonly #rules: SchemaRules;
  readonly #log: UndoLog;
  /** Instances to judge one by one. */
  readonly #nodes = new Map<Constraint, Cursor[]>();
  /** Nodes below which every instance is to be judged, by identity. */
  readonly #pivots = new Map<Constraint, Map<string, Cursor>>();
  readonly #referrers: (readonly [index: LeafrefIndex, node: Cursor])[] = [];
  /** Values that lost a target, where they did; each pair of pivot and value once. */
  readonly #lostTargets = new Map<LeafrefIndex, Map<string, LostTarget>>();
  readonly #entries: (readonly [index: UniqueIndex, entry: Cursor])[] = [];
  #hasChanges = false;
  /** The highest nodes that are gone, where that matters to any instance-identifier. */
  readonly #gone: Place[] = [];

  constructor(engine: XpathEngine, rules: SchemaRules, log: UndoLog) {
    this.#engine = engine;
    this.#rules = rules;
    this.#log = log;
  }

  node(place: Place, rules: NodeRules): void {
    this.#hasChanges = true;
    const { was, is } = place;
    for (const unique of rules.uniques) {
      if (unique.entryChanged(was, is, this.#log) && is) this.#entries.push([unique, is]);
    }
    if (is && rules.presence) this.#schedule(rules.presence, is);
    if (is && !was) for (const constraint of rules.constraints) this.#schedule(constraint, is);
    if (!is || !was) this.#cameOrWent(place, rules);
  }

  value(place: Place, rules: ChildRules): void {
    const { was, is } = place;
    if (was) this.#valueWent(place, rules, was);
    if (is) this.#valueCame(place, rules, is);
    if (!is || !was) {
      if (is) for (const constraint of rules.constraints) this.#schedule(constraint, is);
      this.#cameOrWent(place, rules);
    } else for (const dependent of rules.dependents) this.#trigger(dependent, is);
  }

  order(parent: Place, rules: ChildRules): void {
    const { is } = parent;
    if (is) for (const dependent of rules.outerDependents) this.#trigger(dependent, is);
  }

  /** Judges all that was noted, with `root` that of the newer tree. */
  *judge(root: Cursor, report: Report): Slices<void> {
    if (this.#hasChanges) for (const one of this.#rules.afterAnyChange) this.#pivot(one, root);
    for (const gone of this.#gone) {
      const referring = this.#rules.identifiers?.referring(gone, root) ?? [];
      for (const [constraint, leaf] of referring) this.#pivot(constraint, leaf);
      yield;
    }
    const constraints = new Set([...this.#pivots.keys(), ...this.#nodes.keys()]);
    for (const constraint of constraints) yield* this.#judgeConstraint(constraint, report);
    yield* this.#judgeReferences(report);
    for (const [unique, entry] of this.#entries) {
      if (!report.doubts?.touch(unique, entry)) unique.judge(entry, report);
      yield;
    }
  }

  #valueWent(place: Place, { refers, referred }: ChildRules, was: Cursor): void {
    const value = was.value as LeafValue;
    this.#rules.identifiers?.valueChanged(was, -1, this.#log);
    for (const index of refers) index.referrerChanged(place, value, -1, this.#log);
    for (const index of referred) {
      index.targetChanged(place, value, -1, this.#log);
      const lost = this.#lostTargets.get(index) ?? new Map<string, LostTarget>();
      lost.set(`${index.groupOf(place)}\u0000${typeof value}${value}`, { place, value });
      this.#lostTargets.set(index, lost);
    }
  }

  #valueCame(place: Place, { refers, referred }: ChildRules, is: Cursor): void {
    const value = is.value as LeafValue;
    this.#rules.identifiers?.valueChanged(is, 1, this.#log);
    for (const index of refers) {
      index.referrerChanged(place, value, 1, this.#log);
      this.#referrers.push([index, is]);
    }
    for (const index of referred) index.targetChanged(place, value, 1, this.#log);
  }

  /** What is inside a node that came or went as a whole matters to nobody else than the node. */
  #cameOrWent(place: Place, { outerDependents }: NodeRules): void {
    const { parent, is } = place;
    if (!parent?.is || !parent.was) return;
    if (!is && this.#rules.identifiers) this.#gone.push(place);
    for (const dependent of outerDependents) this.#trigger(dependent, parent.is);
  }

  #trigger({ constraint, pivotDepth }: Dependent, from: Cursor): void {
    this.#pivot(constraint, from.ancestor(pivotDepth));
  }

  #pivot(constraint: Constraint, pivot: Cursor): void {
    const pivots = this.#pivots.get(constraint) ?? new Map<string, Cursor>();
    this.#pivots.set(constraint, pivots.set(pivot.identity, pivot));
  }

  #schedule(constraint: Constraint, node: Cursor): void {
    const nodes = this.#nodes.get(constraint);
    if (nodes) nodes.push(node);
    else this.#nodes.set(constraint, [node]);
  }

  *#judgeConstraint(constraint: Constraint, report: Report): Slices<void> {
    const pivots = this.#pivots.get(constraint) ?? new Map<string, Cursor>();
    for (const pivot of pivots.values()) {
      if (isBelow(pivot.parent, pivots)) continue;
      for (const node of instancesBelow(pivot, constraint.context, this.#engine)) {
        judgeWithinLimits(constraint, node, report);
        yield;
      }
    }
    for (const node of this.#nodes.get(constraint) ?? []) {
      if (!isBelow(node, pivots)) judgeWithinLimits(constraint, node, report);
      yield;
    }
  }

  *#judgeReferences(report: Report): Slices<void> {
    const known = new Set<string>();
    for (const [index, node] of this.#referrers) {
      if (!report.doubts?.touch(index, node)) index.judgeReferrer(node, report);
      if (this.#lostTargets.size > 0) known.add(node.identity);
      yield;
    }
    for (const [index, targets] of this.#lostTargets) {
      for (const { place, value } of targets.values()) {
        const pivot = place.ancestor(index.pivotDepth).is;
        if (pivot && report.doubts?.touch(index, pivot)) continue;
        index.judgeTarget(place, value, { known, report });
      }
    }
  }
}

interface LostTarget {
  readonly place: Place;
  readonly value: LeafValue;
}

function isBelow(node: Cursor | undefined, pivots: ReadonlyMap<string, Cursor>): boolean {
  if (pivots.size === 0) return false;
  for (let at = node; at; at = at.parent) if (pivots.has(at.identity)) return true;
  return false;
}

/** An expression that looks at too much makes the candidate invalid, not the daemon slow. */
export function judgeWithinLimits(constraint: Constraint, node: Cursor, report: Report): void {
  if (report.doubts?.touch(constraint, node)) return;
  try {
    constraint.judge(node, report);
  } catch (error) {
    if (!(error instanceof XpathError)) throw error;
    report.add(node, { tag: "resource-denied", message: error.message });
  }
}
