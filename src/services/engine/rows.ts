import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import { listChanges, YangList } from "../../datamodel/tree/list.ts";
import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { Slices } from "../../lib/slices.ts";
import type { AnyConfig, AnyTable } from "../any-service.ts";
import type { CubeView } from "./cube-view.ts";
import { type Ground, phase, type Step, type StepList } from "./step.ts";

/** A row as it was and as it is to be; undefined where there is none. */
interface RowChange {
  readonly key: Uint8Array;
  readonly was: Uint8Array | undefined;
  readonly is: Uint8Array | undefined;
  /** The node whose row it is, and the configuration it stands in. */
  readonly entry?: AnyConfig;
  readonly config?: AnyConfig;
}

/** A map of a loaded cube. */
export interface MapTarget {
  readonly dataplane: Dataplane;
  readonly cube: string;
  readonly objectId: string;
  readonly layout: MapLayout;
  /** Path of the node that causes what is written, where a row does not tell itself. */
  readonly cause: string;
  readonly causeOf?: (entry: AnyConfig, config: AnyConfig) => string;
}

/** Rows a batch step writes at once: bounds how long one step keeps the event loop. */
const rowsPerStep = 4096;
/** Rows encoded between two chances for others. */
const rowsPerSlice = 256;

/**
 * Adds the steps that turn one table's rows of the old configuration into those of the new one.
 * `older` undefined: the cube is new, its maps are empty.
 */
export function* planTable(
  steps: StepList,
  target: MapTarget,
  table: AnyTable,
  versions: Versions,
): Slices<void> {
  const changes = yield* tableChanges(target.layout, table, versions);
  const puts = changes.filter(({ is }) => is !== undefined);
  const deletes = changes.filter(({ is }) => is === undefined);
  const isNew = versions[0] === undefined;
  const put = isNew ? phase.fillRows : phase.putRows;
  for (const batch of batches(puts)) steps.add(put, new RowsStep(target, batch));
  for (const batch of batches(deletes)) steps.add(phase.deleteRows, new RowsStep(target, batch));
}

function* batches(changes: readonly RowChange[]): Generator<readonly RowChange[]> {
  for (let at = 0; at < changes.length; at += rowsPerStep) {
    yield changes.slice(at, at + rowsPerStep);
  }
}

/** The cube before and after; before undefined for a new one. */
type Versions = readonly [older: CubeView | undefined, newer: CubeView];

function* tableChanges(
  layout: MapLayout,
  table: AnyTable,
  [older, newer]: Versions,
): Slices<RowChange[]> {
  const changes = new RowChanges();
  const rowOf = (entry: AnyConfig, config: AnyConfig): Encoded => {
    const { key, value } = table.row(entry, config);
    return { key: layout.key.encode(key), value: layout.value.encode(value), entry, config };
  };
  let count = 0;
  for (const [before, after] of differingEntries(table, [older, newer])) {
    const was = before && older ? rowOf(before, older.config) : undefined;
    changes.add(was, after ? rowOf(after, newer.config) : undefined);
    count += 1;
    if (count % rowsPerSlice === 0) yield;
  }
  return yield* changes.all();
}

function* differingEntries(
  table: AnyTable,
  [older, newer]: Versions,
): Generator<readonly [was: AnyConfig | undefined, is: AnyConfig | undefined]> {
  const before = older === undefined ? undefined : table.entries(older.config, older.facts);
  const after = table.entries(newer.config, newer.facts);
  if (after instanceof YangList && (before === undefined || before instanceof YangList)) {
    for (const [, was, is] of listChanges(before, after)) yield [was, is];
    return;
  }
  const [were, are] = [[...(before ?? [])], [...after]];
  for (let at = 0; at < Math.max(were.length, are.length); at += 1) {
    if (were[at] !== are[at]) yield [were[at], are[at]];
  }
}

interface Encoded {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly entry: AnyConfig;
  readonly config: AnyConfig;
}

/** Rows before and after, put together by key: a row may pass from one node to another. */
class RowChanges {
  readonly #changes: RowChange[] = [];
  readonly #went = new Map<string, Encoded>();
  readonly #came = new Map<string, Encoded>();

  add(was: Encoded | undefined, is: Encoded | undefined): void {
    if (was && is && equalBytes(was.key, is.key)) {
      if (!equalBytes(was.value, is.value))
        this.#changes.push({ ...is, was: was.value, is: is.value });
      return;
    }
    if (was) this.#went.set(keyText(was.key), was);
    if (is) this.#came.set(keyText(is.key), is);
  }

  *all(): Slices<RowChange[]> {
    for (const [id, row] of this.#came) {
      const was = this.#went.get(id)?.value;
      if (was === undefined || !equalBytes(was, row.value)) {
        this.#changes.push({ ...row, was, is: row.value });
      }
      if (this.#changes.length % rowsPerSlice === 0) yield;
    }
    for (const [id, row] of this.#went) {
      if (!this.#came.has(id)) this.#changes.push({ ...row, was: row.value, is: undefined });
    }
    return this.#changes;
  }
}

export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Writes or deletes rows of one map in one batch. */
export class RowsStep implements Step {
  readonly #target: MapTarget;
  readonly #changes: readonly RowChange[];

  constructor(target: MapTarget, changes: readonly RowChange[]) {
    this.#target = target;
    this.#changes = changes;
  }

  describe(): PlanStep[] {
    const { cube, layout } = this.#target;
    return this.#changes.map(({ key, is, entry, config }) => ({
      cube,
      operation: is === undefined ? "delete" : "put",
      target: layout.name,
      key: readable(layout.key.decode(key)),
      ...(is === undefined ? {} : { value: readable(layout.value.decode(is)) }),
      cause: (entry && config && this.#target.causeOf?.(entry, config)) ?? this.#target.cause,
    }));
  }

  apply(): void {
    this.#write(({ is }) => is);
  }

  undo(): void {
    this.#write(({ was }) => was);
  }

  onto(ground: Ground): Step | undefined {
    const changes = this.#changes.flatMap((change) => {
      const was = ground.takeRow(this.#target, change.key);
      const isThere = was !== undefined && change.is !== undefined && equalBytes(was, change.is);
      return isThere ? [] : [{ ...change, was }];
    });
    return changes.length === 0 ? undefined : new RowsStep(this.#target, changes);
  }

  #write(wanted: (change: RowChange) => Uint8Array | undefined): void {
    const { dataplane, objectId, layout } = this.#target;
    const puts: { key: Uint8Array; value: Uint8Array }[] = [];
    const deletes: Uint8Array[] = [];
    for (const change of this.#changes) {
      const value = wanted(change);
      if (value === undefined) deletes.push(change.key);
      else puts.push({ key: change.key, value });
    }
    // A step only puts or only deletes, going forward; undoing may do both, each all or nothing.
    if (puts.length > 0) dataplane.putRows(objectId, layout.name, puts);
    if (deletes.length > 0) dataplane.deleteRows(objectId, layout.name, deletes);
  }
}

/**
 * Part of a decoded row as a plan shows it: octets as `02:00:…`, 64-bit integers as text
 * (RFC 7951).
 */
export function readable(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array)
    return Buffer.from(value)
      .toString("hex")
      .replace(/..(?!$)/g, "$&:");
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, readable(part)]));
}

/** A change of one row of a core map. */
export function rowStep(
  target: MapTarget,
  change: { readonly key: unknown; readonly was: unknown; readonly is: unknown },
): RowsStep {
  const { key, value } = target.layout;
  const row = {
    key: key.encode(change.key),
    was: value.encode(change.was),
    is: value.encode(change.is),
  };
  return new RowsStep(target, [row]);
}

/** Makes a row of an array zero that nothing is known of; what it was is not brought back. */
export function clearingStep(target: MapTarget, key: unknown): RowsStep {
  const row = { key: target.layout.key.encode(key), was: undefined, is: undefined };
  return new RowsStep(target, [row]);
}
