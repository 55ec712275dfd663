import type { MapFill, Row } from "./dataplane.ts";
import type { MapLayout, MapType } from "./layout.ts";
import { canonicalLpmKey, coversLpmKey, prefixLengthMax, prefixLengthOf } from "./lpm.ts";

/** How the rows of a map behave; `opaque` maps have none that user space may write. */
type Kind = "array" | "sparse" | "hash" | "lru" | "lpm" | "opaque";

const KINDS: Readonly<Record<MapType, Kind>> = {
  array: "array",
  percpu_array: "array",
  devmap: "sparse",
  hash: "hash",
  percpu_hash: "hash",
  lru_hash: "lru",
  lpm_trie: "lpm",
  prog_array: "opaque",
  ringbuf: "opaque",
  array_of_maps: "opaque",
  hash_of_maps: "opaque",
};

/** Says which errno the kernel gives; the caller knows object and operation. */
export type Refuse = (code: string, detail?: string) => never;

/** The rows of one map, with the sizes, limits and refusals of the kernel's map of that type. */
export class MemoryMap {
  readonly type: MapType;
  readonly maxEntries: number;
  readonly #kind: Kind;
  readonly #keySize: number;
  readonly #valueSize: number;
  readonly #rows = new Map<string, Row>();

  constructor(layout: MapLayout, maxEntries: number, cpuCount: number) {
    this.type = layout.type;
    this.maxEntries = maxEntries;
    this.#kind = KINDS[layout.type];
    this.#keySize = layout.key.size;
    const perCpu = layout.type === "percpu_array" || layout.type === "percpu_hash";
    const { size } = layout.value;
    this.#valueSize = perCpu ? Math.ceil(size / 8) * 8 * cpuCount : size;
  }

  get fill(): MapFill {
    const isCounted = this.#kind === "hash" || this.#kind === "lru";
    return { rows: isCounted ? this.#rows.size : undefined, maxEntries: this.maxEntries };
  }

  get hasRows(): boolean {
    return this.#kind !== "opaque";
  }

  put(rows: readonly Row[], refuse: Refuse): void {
    for (const { key, value } of rows) {
      this.#checkKey(key, refuse);
      if (value.length !== this.#valueSize) {
        refuse("EINVAL", `value has ${value.length} bytes, not ${this.#valueSize}`);
      }
    }
    this.#checkRoom(rows, refuse);
    for (const { key, value } of rows) {
      const name = this.#nameOf(key);
      if (this.#kind === "lru") this.#evictFor(name);
      this.#rows.set(name, { key: Uint8Array.from(key), value: Uint8Array.from(value) });
    }
  }

  delete(keys: readonly Uint8Array[], refuse: Refuse): void {
    const names = new Set<string>();
    for (const key of keys) {
      this.#checkKey(key, refuse);
      const name = this.#nameOf(key);
      if (names.has(name) || this.lookup(key, refuse) === undefined || !this.#holds(name)) {
        refuse("ENOENT", `no row ${Buffer.from(key).toString("hex")}`);
      }
      if (this.#kind !== "array") names.add(name);
    }
    for (const key of keys) this.#rows.delete(this.#nameOf(key));
  }

  lookup(key: Uint8Array, refuse: Refuse): Uint8Array | undefined {
    this.#checkKey(key, refuse);
    if (this.#kind === "lpm") return this.#longestMatch(key);
    const row = this.#rows.get(this.#nameOf(key));
    if (row !== undefined) return Uint8Array.from(row.value);
    if (this.#kind !== "array" || indexOf(key) >= this.maxEntries) return undefined;
    return new Uint8Array(this.#valueSize);
  }

  rows(refuse: Refuse): Row[] {
    if (this.#kind === "opaque") refuse("EINVAL", `a ${this.type} has no rows`);
    if (this.#kind !== "array") return [...this.#rows.values()].map(copyOf);
    return Array.from({ length: this.maxEntries }, (_, index) => {
      const key = keyOf(index);
      return { key, value: this.lookup(key, refuse) ?? new Uint8Array(this.#valueSize) };
    });
  }

  #checkKey(key: Uint8Array, refuse: Refuse): void {
    if (this.#kind === "opaque") refuse("EINVAL", `a ${this.type} has no rows`);
    if (key.length !== this.#keySize) {
      refuse("EINVAL", `key has ${key.length} bytes, not ${this.#keySize}`);
    }
    if (this.#kind === "lpm" && prefixLengthOf(key) > prefixLengthMax(this.#keySize)) {
      refuse("EINVAL", `prefix length ${prefixLengthOf(key)}`);
    }
  }

  #checkRoom(rows: readonly Row[], refuse: Refuse): void {
    if (this.#kind === "lru") return;
    if (this.#kind === "array" || this.#kind === "sparse") {
      const beyond = rows.find(({ key }) => indexOf(key) >= this.maxEntries);
      if (beyond) refuse("E2BIG", `index ${indexOf(beyond.key)} of ${this.maxEntries}`);
      return;
    }
    const names = rows.map(({ key }) => this.#nameOf(key));
    const added = new Set(names.filter((name) => !this.#rows.has(name))).size;
    if (this.#rows.size + added <= this.maxEntries) return;
    // The trie has an errno of its own for what hash tables call E2BIG.
    refuse(this.#kind === "lpm" ? "ENOSPC" : "E2BIG", `more than ${this.maxEntries} rows`);
  }

  #holds(name: string): boolean {
    return this.#kind === "array" || this.#rows.has(name);
  }

  #evictFor(name: string): void {
    if (this.#rows.delete(name) || this.#rows.size < this.maxEntries) return;
    const [oldest] = this.#rows.keys();
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  #longestMatch(key: Uint8Array): Uint8Array | undefined {
    let best: Row | undefined;
    for (const row of this.#rows.values()) {
      if (!coversLpmKey(row.key, key)) continue;
      if (!best || prefixLengthOf(row.key) > prefixLengthOf(best.key)) best = row;
    }
    return best && Uint8Array.from(best.value);
  }

  #nameOf(key: Uint8Array): string {
    const canonical = this.#kind === "lpm" ? canonicalLpmKey(key) : key;
    return Buffer.from(canonical).toString("latin1");
  }
}

function copyOf({ key, value }: Row): Row {
  return { key: Uint8Array.from(key), value: Uint8Array.from(value) };
}

function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

function keyOf(index: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, index, true);
  return key;
}
