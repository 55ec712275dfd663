import type { Slices } from "../../lib/slices.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { listChanges, type YangList } from "../tree/list.ts";
import type { DataObject, DataValue } from "../tree/node.ts";
import { Cursor, objectOf } from "../xpath/cursor.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { effectiveValue } from "../xpath/evaluation.ts";
import { Place } from "./place.ts";
import type { ChildRules, NodeRules } from "./rules.ts";

/** Told of each node that came, went or changed; parents before children. */
export interface Changes {
  /** A container or entry whose object differs. */
  node(place: Place, rules: NodeRules): void;
  /** A leaf, a value of a leaf-list, or anydata. */
  value(place: Place, rules: ChildRules): void;
  /** Entries of a user-ordered list or leaf-list may stand in another order. */
  order(parent: Place, rules: ChildRules): void;
}

/**
 * Compares two trees as constraints see them: defaults in effect, non-presence containers
 * included. (`diffTrees` tells what clients set; a default that an absent node brings with it, such
 * as a container with a mandatory leaf, is no difference there but is one here.)
 */
export class Comparison {
  readonly #engine: XpathEngine;
  readonly #changes: Changes;

  constructor(engine: XpathEngine, changes: Changes) {
    this.#engine = engine;
    this.#changes = changes;
  }

  /** `undefined` is no tree at all, not even what an empty one has by default. */
  *run(
    rules: NodeRules,
    older: DataObject | undefined,
    newer: DataObject | undefined,
  ): Slices<void> {
    const cursor = (root: DataObject | undefined): Cursor | undefined =>
      root && new Cursor(undefined, rules.schema, root);
    yield* this.#node(rules, new Place(undefined, cursor(older), cursor(newer)));
  }

  *#node(rules: NodeRules, place: Place): Slices<void> {
    const { was, is } = place;
    if (was && is && was.value === is.value) return;
    this.#changes.node(place, rules);
    for (const child of rules.children) {
      const before = was && this.#held(was, child);
      const after = is && this.#held(is, child);
      if (before !== after) yield* this.#child(child, place, [before, after]);
    }
  }

  #held(parent: Cursor, { schema, conditional }: ChildRules): DataValue | undefined {
    if (!conditional) return objectOf(parent)[schema.prop];
    return effectiveValue(parent, schema, this.#engine.evaluation(parent, schema.path));
  }

  *#child(rules: ChildRules, parent: Place, [before, after]: Pair<DataValue>): Slices<void> {
    switch (rules.schema.kind) {
      case "list":
        yield* this.#list(rules, parent, [before as EntryList, after as EntryList]);
        break;
      case "leaf-list":
        this.#leafList(rules, parent, [before as Values, after as Values]);
        break;
      case "container":
        yield* this.#node(
          rules,
          placeOf(rules, parent, [before as DataObject, after as DataObject]),
        );
        break;
      default:
        this.#changes.value(
          placeOf(rules, parent, [before as LeafValue, after as LeafValue]),
          rules,
        );
    }
  }

  *#list(rules: ChildRules, parent: Place, [before, after]: Pair<EntryList>): Slices<void> {
    let count = 0;
    for (const [key, was, is] of listChanges(before, after)) {
      yield* this.#node(rules, placeOf(rules, parent, [was, is], key));
      count += 1;
      if (count % entriesPerSlice === 0) yield;
    }
    if (before && after?.userOrdered) this.#changes.order(parent, rules);
  }

  #leafList(rules: ChildRules, parent: Place, [before, after]: Pair<readonly LeafValue[]>): void {
    const [older, newer] = [new Set(before), new Set(after)];
    const changed = (pair: Pair<LeafValue>, value: LeafValue): void => {
      this.#changes.value(placeOf(rules, parent, pair, textKey(rules, value)), rules);
    };
    for (const value of older) if (!newer.has(value)) changed([value, undefined], value);
    for (const value of newer) if (!older.has(value)) changed([undefined, value], value);
    this.#changes.order(parent, rules);
  }
}

/** Entries looked at between two chances for others. */
const entriesPerSlice = 256;

type Pair<T> = readonly [before: T | undefined, after: T | undefined];
type EntryList = YangList<DataObject>;
type Values = readonly LeafValue[] | undefined;

function textKey({ schema }: ChildRules, value: LeafValue): string {
  return schema.kind === "leaf-list" ? schema.type.toText(value) : "";
}

function placeOf(
  { schema }: ChildRules,
  parent: Place,
  [before, after]: Pair<DataObject | LeafValue>,
  key = "",
): Place {
  return new Place(
    parent,
    before === undefined ? undefined : new Cursor(parent.was, schema, before, key),
    after === undefined ? undefined : new Cursor(parent.is, schema, after, key),
  );
}
