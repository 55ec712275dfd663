import type { ChangeEvent, Datastore, View } from "../../datamodel/datastore/datastore.ts";
import type { DataSchema } from "../../datamodel/schema/schema.ts";
import type { LeafValue } from "../../datamodel/schema/value-type.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, keysOf } from "../../datamodel/tree/node.ts";
import type { InstancePath, PathStep } from "../../datamodel/tree/path.ts";
import type { GivenKeys } from "./request-path.ts";

/** A step of what is watched; in a list, keys left undefined mean all. */
interface TargetStep {
  readonly schema: DataSchema;
  readonly keys: readonly (LeafValue | undefined)[];
}

export interface ChangeListener {
  /** Told of an instance that may have changed; `was` and `is` are its configuration. */
  mark(path: InstancePath, was?: DataObject, is?: DataObject): void;
  /** Told of an entry or container that went with all the instances in it. */
  lost(path: InstancePath): void;
}

/** Whether what is below an instance is part of what a watcher sees. */
export type SeesBelow = (path: InstancePath) => boolean;

/** The instances that a watcher asked for, and which of them an event touches. */
export class WatchTarget {
  readonly #steps: readonly TargetStep[];
  readonly #seesBelow: SeesBelow;

  constructor(node: DataSchema, given: GivenKeys, seesBelow: SeesBelow) {
    this.#seesBelow = seesBelow;
    const steps: TargetStep[] = [];
    let at = node;
    for (;;) {
      steps.unshift({ schema: at, keys: at.kind === "list" ? (given.get(at) ?? []) : [] });
      const { parent } = at;
      if (parent.kind !== "container" && parent.kind !== "list") break;
      at = parent;
    }
    this.#steps = steps;
  }

  /** All instances there are now, with their content. */
  *instances(datastore: Datastore, view: View): Generator<[InstancePath, DataObject]> {
    yield* this.#instancesAt(datastore, view, []);
  }

  *#instancesAt(
    datastore: Datastore,
    view: View,
    path: InstancePath,
  ): Generator<[InstancePath, DataObject]> {
    const step = this.#steps[path.length];
    if (step === undefined) return;
    const isLast = path.length === this.#steps.length - 1;
    for (const [inner, object] of candidates(datastore, view, { path, step, isLast })) {
      if (isLast) yield [inner, object];
      else yield* this.#instancesAt(datastore, view, inner);
    }
  }

  /**
   * Calls back for every instance an event changed: O(changes), shared parts are never looked at.
   */
  changed({ older, newer, state }: ChangeEvent, listener: ChangeListener): void {
    this.#diff([], [older, newer], listener);
    for (const path of state) {
      const instance = this.#instanceOf(path);
      if (instance) listener.mark(instance);
    }
  }

  #diff(path: InstancePath, [older, newer]: Pair, listener: ChangeListener): void {
    const step = this.#steps[path.length];
    if (step === undefined || older === newer) return;
    const { prop } = step.schema;
    const was = own(older, prop);
    const is = own(newer, prop);
    if (was === is) return;
    for (const [inner, pair] of step.schema.kind === "list"
      ? entryPairs(step, was, is)
      : single(step, was, is)) {
      const at = [...path, inner];
      if (at.length === this.#steps.length) listener.mark(at, ...pair);
      else {
        this.#diff(at, pair, listener);
        if (pair[1] === undefined) listener.lost(at);
      }
    }
    if (path.length < this.#steps.length - 1) return;
    for (const inner of movedEntries(step, was, is)) listener.mark([...path, inner]);
  }

  /** The watched instance that a change of state at a path is seen in. */
  #instanceOf(path: InstancePath): InstancePath | undefined {
    if (path.length < this.#steps.length) return undefined;
    const fits = this.#steps.every((step, index) => matches(step, path[index]));
    const isSeen = fits && this.#seesBelow(path.slice(this.#steps.length));
    return isSeen ? path.slice(0, this.#steps.length) : undefined;
  }
}

type Pair = readonly [was: DataObject | undefined, is: DataObject | undefined];

function* candidates(
  datastore: Datastore,
  view: View,
  at: { path: InstancePath; step: TargetStep; isLast: boolean },
): Generator<[InstancePath, DataObject]> {
  const { schema, keys } = at.step;
  const path = [...at.path, { schema }];
  if (schema.kind !== "list") {
    // A container on the way is passed through: only what is asked for is read.
    const found = at.isLast ? datastore.read(path, view) : {};
    if (found !== undefined) yield [path, found as DataObject];
    return;
  }
  if (isComplete(keys) && keys.length > 0) {
    const exact = [...at.path, { schema, keys }];
    const entry = datastore.read(exact, view);
    if (entry !== undefined) yield [exact, entry as DataObject];
    return;
  }
  const list = datastore.read(path, view);
  if (!(list instanceof YangList)) return;
  for (const entry of list as YangList<DataObject>) {
    const step = { schema, keys: keysOf(schema, entry) };
    if (matches(at.step, step)) yield [[...at.path, step], entry];
  }
}

function isComplete(keys: readonly (LeafValue | undefined)[]): keys is readonly LeafValue[] {
  return keys.every((key) => key !== undefined);
}

function matches({ schema, keys }: TargetStep, step: PathStep | undefined): boolean {
  if (step?.schema !== schema) return false;
  if (schema.kind !== "list") return true;
  const given = step.keys;
  return given !== undefined && keys.every((key, at) => key === undefined || key === given[at]);
}

function own(object: DataObject | undefined, prop: string): unknown {
  return object !== undefined && Object.hasOwn(object, prop) ? object[prop] : undefined;
}

function* single({ schema }: TargetStep, was: unknown, is: unknown): Generator<[PathStep, Pair]> {
  yield [{ schema }, [was as DataObject | undefined, is as DataObject | undefined]];
}

function entryPairs(step: TargetStep, was: unknown, is: unknown): [PathStep, Pair][] {
  const pairs: [PathStep, Pair][] = [];
  const add = (older: DataObject | undefined, newer: DataObject | undefined): void => {
    const entry = newer ?? older;
    if (entry === undefined || step.schema.kind !== "list") return;
    const inner = { schema: step.schema, keys: keysOf(step.schema, entry) };
    if (matches(step, inner)) pairs.push([inner, [older, newer]]);
  };
  const before = was as YangList<DataObject> | undefined;
  const after = is as YangList<DataObject> | undefined;
  if (before && after) after.diff(before, (_key, older, newer) => add(older, newer));
  else if (after) for (const entry of after) add(undefined, entry);
  else if (before) for (const entry of before) add(entry, undefined);
  return pairs;
}

/** Entries whose place in a user's order is another, be they otherwise the same. */
function movedEntries(step: TargetStep, was: unknown, is: unknown): PathStep[] {
  if (!(was instanceof YangList) || !(is instanceof YangList)) return [];
  const { schema } = step;
  if (schema.kind !== "list") return [];
  const [before, after] = [was as YangList<DataObject>, is as YangList<DataObject>];
  return after.placed(before).flatMap((key) => {
    const entry = before.at(key) && after.at(key);
    const inner = entry && { schema, keys: keysOf(schema, entry) };
    return inner && matches(step, inner) ? [inner] : [];
  });
}
