import { KernelError, type Row } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { libbpf } from "./libbpf.ts";
import { prefixLengthMax, prefixLengthOf } from "./lpm.ts";
import {
  ARRAYS,
  batchOptions,
  HASHES,
  MAP_TYPE,
  readBatches,
  rowValueSize,
  WITH_ROWS,
} from "./map-batch.ts";
import { type MapInfo, mapInfo } from "./object-info.ts";
import type { PinnedFiles } from "./pins.ts";

/** From so many rows on, one batch is cheaper than single calls. */
const BATCH_MIN = 8;

const ANY = 0;
const NOEXIST = 1;

/** A row as it was before it was written; without a value it did not exist. */
interface Before {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** The rows of one pinned map. Writes are all or nothing. */
export class KernelMap {
  readonly path: string;
  readonly #files: PinnedFiles;
  readonly #label: string;
  readonly #info: MapInfo;
  /** Bytes of a row's value: for per-CPU maps, of all CPUs. */
  readonly #valueSize: number;
  /** Small typed arrays live on V8's heap, and handing one to C costs 1 µs; these do not. */
  readonly #key: Buffer;
  readonly #value: Buffer;

  constructor(files: PinnedFiles, path: string, label: string) {
    this.path = path;
    this.#files = files;
    this.#label = label;
    this.#info = mapInfo(files.open(path));
    this.#valueSize = rowValueSize(this.#info);
    this.#key = Buffer.allocUnsafeSlow(this.#info.keySize);
    this.#value = Buffer.allocUnsafeSlow(this.#valueSize);
  }

  get isRingBuffer(): boolean {
    return this.#info.type === MAP_TYPE.ringbuf;
  }

  /** The kernel's; never given twice while it runs. */
  get id(): number {
    return this.#info.id;
  }

  /** Whether the kernel may know how many rows it has. */
  get isCounted(): boolean {
    return HASHES.has(this.#info.type);
  }

  get maxEntries(): number {
    return this.#info.maxEntries;
  }

  put(rows: readonly Row[]): void {
    for (const row of rows) this.#checkRow(row);
    const [only] = rows;
    if (only === undefined) return;
    if (rows.length === 1) this.#check(this.#update(only, ANY), "updating");
    else if (ARRAYS.has(this.#info.type)) this.#overwrite(rows);
    else this.#putAll(rows);
  }

  delete(keys: readonly Uint8Array[]): void {
    const isArray = ARRAYS.has(this.#info.type);
    const before = keys.map((key) => {
      const value = this.lookup(key);
      if (value === undefined) this.#refuse("deleting from", "ENOENT", `no row ${hex(key)}`);
      return { key, value };
    });
    if (isArray) this.put(keys.map((key) => ({ key, value: new Uint8Array(this.#valueSize) })));
    else this.#deleteAll(before);
  }

  lookup(key: Uint8Array): Uint8Array | undefined {
    this.#checkKey(key);
    this.#key.set(key);
    const result = libbpf().lookup(this.#fd(), this.#key, this.#value);
    if (result < 0 && errnoName(result) === "ENOENT") return undefined;
    this.#check(result, "reading");
    return Uint8Array.from(this.#value);
  }

  rows(): Row[] {
    this.#checkHasRows();
    return this.#info.type === MAP_TYPE.devmap ? this.#rowsByKey() : this.#rowsByBatch();
  }

  /** Array rows always exist, so nothing that was checked can fail half-way. */
  #overwrite(rows: readonly Row[]): void {
    if (rows.length >= BATCH_MIN) this.#check(this.#updateBatch(rows).result, "updating");
    else for (const row of rows) this.#check(this.#update(row, ANY), "updating");
  }

  /**
   * An empty map is filled with one call. Otherwise each row is written alone, so that what it
   * overwrites is known: looking all rows up first and then writing a batch takes longer.
   */
  #putAll(rows: readonly Row[]): void {
    const before: Before[] = [];
    this.#undoing(before, () => {
      if (rows.length >= BATCH_MIN && this.#isEmpty()) {
        const { result, count } = this.#updateBatch(rows);
        if (result < 0) for (const row of rows.slice(0, count)) before.push(absent(row));
        this.#check(result, "updating");
      } else for (const row of rows) before.push(this.#putOne(row));
    });
  }

  /** Exact also for tries, where a lookup alone may find a shorter prefix. */
  #putOne(row: Row): Before {
    const { key } = row;
    const result = this.#update(row, NOEXIST);
    if (result >= 0) return absent(row);
    if (errnoName(result) !== "EEXIST") this.#check(result, "updating");
    const value = this.lookup(key);
    this.#check(this.#update(row, ANY), "updating");
    return { key, value };
  }

  #deleteAll(rows: readonly Row[]): void {
    const deleted: Before[] = [];
    this.#undoing(deleted, () => {
      if (rows.length >= BATCH_MIN) {
        const { result, count } = this.#deleteBatch(rows);
        for (const row of rows.slice(0, count)) deleted.push(row);
        this.#check(result, "deleting from");
        return;
      }
      for (const row of rows) {
        this.#key.set(row.key);
        this.#check(libbpf().deleteKey(this.#fd(), this.#key), "deleting from");
        deleted.push(row);
      }
    });
  }

  #undoing(before: readonly Before[], action: () => void): void {
    try {
      action();
    } catch (error) {
      for (const row of before.toReversed()) this.#restore(row);
      throw error;
    }
  }

  #restore({ key, value }: Before): void {
    if (value !== undefined) {
      this.#check(this.#update({ key, value }, ANY), "restoring");
      return;
    }
    this.#key.set(key);
    const result = libbpf().deleteKey(this.#fd(), this.#key);
    // A key that was given twice is gone by now.
    if (errnoName(result) !== "ENOENT") this.#check(result, "restoring");
  }

  #isEmpty(): boolean {
    return !this.#nextKey(null, this.#key);
  }

  /** False behind the last one, which is all that may end the keys. */
  #nextKey(key: Uint8Array | null, next: Uint8Array): boolean {
    const result = libbpf().nextKey(this.#fd(), key, next);
    if (result < 0 && errnoName(result) === "ENOENT") return false;
    this.#check(result, "reading");
    return true;
  }

  #update({ key, value }: Row, flags: number): number {
    this.#key.set(key);
    this.#value.set(value);
    return libbpf().update(this.#fd(), this.#key, this.#value, flags);
  }

  #updateBatch(rows: readonly Row[]): { result: number; count: number } {
    const keys = concatenated(rows, ({ key }) => key, this.#info.keySize);
    const values = concatenated(rows, ({ value }) => value, this.#valueSize);
    const count: [number] = [rows.length];
    const result = libbpf().updateBatch(this.#fd(), keys, values, count, batchOptions());
    return { result, count: count[0] };
  }

  #deleteBatch(rows: readonly Row[]): { result: number; count: number } {
    const keys = concatenated(rows, ({ key }) => key, this.#info.keySize);
    const count: [number] = [rows.length];
    const result = libbpf().deleteBatch(this.#fd(), keys, count, batchOptions());
    return { result, count: count[0] };
  }

  #rowsByBatch(): Row[] {
    const { keySize } = this.#info;
    const rows: Row[] = [];
    for (const { result, keys, values, count } of readBatches(() => this.#fd(), this.#info)) {
      this.#check(result, "reading");
      for (let index = 0; index < count; index++) {
        rows.push({
          key: Uint8Array.from(keys.subarray(index * keySize, (index + 1) * keySize)),
          value: Uint8Array.from(
            values.subarray(index * this.#valueSize, (index + 1) * this.#valueSize),
          ),
        });
      }
    }
    return rows;
  }

  #rowsByKey(): Row[] {
    const rows: Row[] = [];
    const next = Buffer.allocUnsafeSlow(this.#info.keySize);
    let key: Uint8Array | null = null;
    while (this.#nextKey(key, next)) {
      key = Uint8Array.from(next);
      const value = this.lookup(key);
      if (value !== undefined) rows.push({ key, value });
    }
    return rows;
  }

  #checkRow({ key, value }: Row): void {
    this.#checkKey(key);
    if (value.length !== this.#valueSize) {
      const sizes = `value has ${value.length} bytes, not ${this.#valueSize}`;
      this.#refuse("updating", "EINVAL", sizes);
    }
    if (ARRAYS.has(this.#info.type) && indexOf(key) >= this.#info.maxEntries) {
      this.#refuse("updating", "E2BIG", `index ${indexOf(key)} of ${this.#info.maxEntries}`);
    }
  }

  #checkKey(key: Uint8Array): void {
    this.#checkHasRows();
    const { type, keySize } = this.#info;
    if (key.length !== keySize) {
      this.#refuse("using", "EINVAL", `key has ${key.length} bytes, not ${keySize}`);
    }
    if (type === MAP_TYPE.lpmTrie && prefixLengthOf(key) > prefixLengthMax(keySize)) {
      this.#refuse("using", "EINVAL", `prefix length ${prefixLengthOf(key)}`);
    }
  }

  #checkHasRows(): void {
    if (!WITH_ROWS.has(this.#info.type)) this.#refuse("using", "EINVAL", "it has no rows");
  }

  #check(result: number, gerund: string): void {
    if (result < 0) throw new KernelError(`${gerund} map ${this.#label}`, errnoName(result));
  }

  #refuse(gerund: string, code: string, detail: string): never {
    throw new KernelError(`${gerund} map ${this.#label}`, code, detail);
  }

  #fd(): number {
    return this.#files.open(this.path);
  }
}

function absent({ key }: Row): Before {
  return { key, value: undefined };
}

function concatenated(
  rows: readonly Row[],
  part: (row: Row) => Uint8Array,
  size: number,
): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(rows.length * size);
  rows.forEach((row, index) => {
    bytes.set(part(row), index * size);
  });
  return bytes;
}

function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
