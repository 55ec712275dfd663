import type { MapLayout } from "../../dataplane/layout.ts";
import type { Slices } from "../../lib/slices.ts";
import { equalBytes, keyText, type RowChange, type RowOrigin } from "./rows.ts";

/** A row as a service gives it. */
export interface PlainRow {
  readonly key: unknown;
  readonly value: unknown;
}

/** Rows encoded between two chances for others. */
export const rowsPerSlice = 256;

export interface EncodedRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly origin?: RowOrigin;
}

export function encodeRow({ key, value }: MapLayout, row: PlainRow): EncodedRow {
  return { key: key.encode(row.key), value: value.encode(row.value) };
}

/** Rows before and after, put together by key: a row may pass from one node to another. */
export class RowChanges {
  readonly #changes: RowChange[] = [];
  readonly #went = new Map<string, EncodedRow>();
  readonly #came = new Map<string, EncodedRow>();

  add(was: EncodedRow | undefined, is: EncodedRow | undefined): void {
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
