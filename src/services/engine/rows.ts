import type { PlanStep } from "../../datamodel/datastore/datastore.ts";
import type { Dataplane } from "../../dataplane/dataplane.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { AnyConfig } from "../any-service.ts";
import { type Ground, phase, type Step, type StepList } from "./step.ts";

/** A row as it was and as it is to be; undefined where there is none. */
export interface RowChange {
  readonly key: Uint8Array;
  readonly was: Uint8Array | undefined;
  readonly is: Uint8Array | undefined;
  /** The node whose row it is; absent where it is that of the cube as a whole. */
  readonly origin?: RowOrigin;
}

/** An entry, behind the one it is nested in, if any, and the configuration they stand in. */
export interface RowOrigin {
  readonly config: AnyConfig;
  readonly nodes: readonly AnyConfig[];
}

/** A map of a loaded cube. */
export interface MapTarget {
  readonly dataplane: Dataplane;
  readonly cube: string;
  readonly objectId: string;
  readonly layout: MapLayout;
  /** Path of the node that causes what is written, where a row does not tell itself. */
  readonly cause: string;
  readonly causeOf?: (origin: RowOrigin) => string;
}

/** Rows a batch step writes at once: bounds how long one step keeps the event loop. */
const rowsPerStep = 4096;

/** Adds the steps that make some changes: rows are written before others are taken away. */
export function addRowSteps(
  steps: StepList,
  target: MapTarget,
  { changes, isNew }: { readonly changes: readonly RowChange[]; readonly isNew: boolean },
): void {
  const puts = changes.filter(({ is }) => is !== undefined);
  const deletes = changes.filter(({ is }) => is === undefined);
  const put = isNew ? phase.fillRows : phase.putRows;
  for (const batch of batches(puts)) steps.add(put, new RowsStep(target, batch));
  for (const batch of batches(deletes)) steps.add(phase.deleteRows, new RowsStep(target, batch));
}

function* batches(changes: readonly RowChange[]): Generator<readonly RowChange[]> {
  for (let at = 0; at < changes.length; at += rowsPerStep) {
    yield changes.slice(at, at + rowsPerStep);
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

  get objectId(): string {
    return this.#target.objectId;
  }

  found(): readonly unknown[] {
    const { value } = this.#target.layout;
    return this.#changes.map(({ was }) => was && readable(value.decode(was)));
  }

  describe(): PlanStep[] {
    const { cube, layout } = this.#target;
    return this.#changes.map(({ key, is, origin }) => ({
      cube,
      operation: is === undefined ? "delete" : "put",
      target: layout.name,
      key: readable(layout.key.decode(key)),
      ...(is === undefined ? {} : { value: readable(layout.value.decode(is)) }),
      cause: (origin && this.#target.causeOf?.(origin)) ?? this.#target.cause,
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
