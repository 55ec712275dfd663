import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { libbpf } from "./libbpf.ts";
import type { MapInfo } from "./object-info.ts";

/** BPF_MAP_TYPE_* of the maps whose rows user space may write. */
export const MAP_TYPE = {
  hash: 1,
  array: 2,
  perCpuHash: 5,
  perCpuArray: 6,
  lruHash: 9,
  lpmTrie: 11,
  devmap: 14,
  ringbuf: 27,
} as const;

export const ARRAYS: ReadonlySet<number> = new Set([MAP_TYPE.array, MAP_TYPE.perCpuArray]);
export const HASHES: ReadonlySet<number> = new Set([
  MAP_TYPE.hash,
  MAP_TYPE.perCpuHash,
  MAP_TYPE.lruHash,
]);
const PER_CPU: ReadonlySet<number> = new Set([MAP_TYPE.perCpuHash, MAP_TYPE.perCpuArray]);
export const WITH_ROWS: ReadonlySet<number> = new Set(
  Object.values(MAP_TYPE).filter((type) => type !== MAP_TYPE.ringbuf),
);

/** Rows read by one call. */
const READ_BATCH_MAX = 4096;

/** Bytes of a row's value as user space has it: for per-CPU maps, of all CPUs. */
export function rowValueSize({ type, valueSize }: Pick<MapInfo, "type" | "valueSize">): number {
  if (!PER_CPU.has(type)) return valueSize;
  return Math.ceil(valueSize / 8) * 8 * libbpf().possibleCpuCount();
}

/** Whether rows can be read and written many at a time. */
export function hasBatches({ type }: Pick<MapInfo, "type">): boolean {
  return WITH_ROWS.has(type) && type !== MAP_TYPE.devmap;
}

/** Rows as the kernel gives them: keys one behind the other, and so the values. */
export interface Batch {
  /** -errno where the kernel refused; there are no rows then. */
  readonly result: number;
  readonly keys: Buffer;
  readonly values: Buffer;
  readonly count: number;
}

/** All rows of a map, in the kernel's order. `fd` is asked for before each call. */
export function* readBatches(fd: () => number, info: MapInfo): Generator<Batch> {
  const { keySize, maxEntries } = info;
  const valueSize = rowValueSize(info);
  const position = Buffer.alloc(Math.max(keySize, 4));
  let size = Math.min(maxEntries, READ_BATCH_MAX);
  for (let started = false; ; ) {
    const keys = Buffer.allocUnsafeSlow(size * keySize);
    const values = Buffer.allocUnsafeSlow(size * valueSize);
    const count: [number] = [size];
    const from = started ? position : null;
    const options = batchOptions();
    const result = libbpf().lookupBatch(fd(), from, position, keys, values, count, options);
    const code = result < 0 ? errnoName(result) : "";
    if (code === "ENOSPC") {
      // A hash bucket holds more rows than were asked for.
      size *= 2;
      continue;
    }
    const isLast = code === "ENOENT";
    yield { result: isLast ? 0 : result, keys, values, count: count[0] };
    if (isLast || result < 0) return;
    started = true;
  }
}

/** Gives a map the rows of another of the same form; those that are there already stay. */
export function copyRows(from: number, to: number, info: MapInfo): void {
  const operation = `copying the rows of map ${info.name}`;
  for (const { result, keys, values, count } of readBatches(() => from, info)) {
    if (result < 0) throw new KernelError(operation, errnoName(result));
    if (count === 0) continue;
    const written = libbpf().updateBatch(to, keys, values, [count], batchOptions());
    if (written < 0) throw new KernelError(operation, errnoName(written));
  }
}

/** struct bpf_map_batch_opts {size, elem_flags, flags}; in a batch the kernel takes no NOEXIST. */
export function batchOptions(): Uint8Array {
  const options = Buffer.alloc(24);
  options.writeUInt32LE(options.length, 0);
  return options;
}
