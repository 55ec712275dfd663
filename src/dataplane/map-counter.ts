import { readSync } from "node:fs";
import { BPF_ITER_CREATE, BPF_LINK_CREATE, bpf } from "./bpf-syscall.ts";
import { CompiledObject } from "./compiled-object.ts";
import { KernelError } from "./dataplane.ts";
import { libc } from "./libc.ts";
import { checked } from "./pins.ts";

const BPF_TRACE_ITER = 28;

/** struct census_map of bpf/core/census.bpf.c. */
const RECORD_SIZE = 16;
const ID_OFFSET = 0;
const ROWS_OFFSET = 8;

/** The kernel's iterator has a buffer of 8 pages. */
const READ_SIZE = 32_768;

/** The numbers of rows, by a counter that is loaded when they are first asked for. */
export class RowCounts implements Disposable {
  readonly #file: string;
  /** Undefined on a kernel that does not count; it is asked once. */
  #counter: MapCounter | undefined;
  #isTried = false;

  constructor(file: string) {
    this.#file = file;
  }

  take(): ReadonlyMap<number, number> | undefined {
    if (!this.#isTried) {
      this.#isTried = true;
      this.#counter = openMapCounter(this.#file);
    }
    return this.#counter?.count();
  }

  [Symbol.dispose](): void {
    this.#counter?.[Symbol.dispose]();
  }
}

/** Undefined where the kernel does not count rows (before Linux 6.6). */
function openMapCounter(file: string): MapCounter | undefined {
  try {
    return new MapCounter(file);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/** Reads how many rows each hash map of the kernel has, by an iterator program of ours. */
class MapCounter implements Disposable {
  readonly #link: number;

  /** @throws KernelError where the kernel does not count rows (before Linux 6.6) */
  constructor(file: string) {
    const operation = "loading the counter of map rows";
    using compiled = new CompiledObject(file, operation);
    compiled.load();
    const attributes = Buffer.alloc(64);
    attributes.writeUInt32LE(checked(compiled.programFds().get("count") ?? -1, operation), 0);
    attributes.writeUInt32LE(BPF_TRACE_ITER, 8);
    this.#link = bpf(BPF_LINK_CREATE, attributes, operation);
  }

  /** Rows by the id of their map. */
  count(): ReadonlyMap<number, number> {
    const attributes = Buffer.alloc(8);
    attributes.writeUInt32LE(this.#link, 0);
    const fd = bpf(BPF_ITER_CREATE, attributes, "counting the rows of maps");
    try {
      return readCounts(fd);
    } finally {
      libc().close(fd);
    }
  }

  [Symbol.dispose](): void {
    libc().close(this.#link);
  }
}

function readCounts(fd: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const buffer = Buffer.allocUnsafe(READ_SIZE);
  for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
    // The kernel hands out what whole records its buffer holds.
    for (let at = 0; at < read; at += RECORD_SIZE) {
      const rows = Number(buffer.readBigInt64LE(at + ROWS_OFFSET));
      counts.set(buffer.readUInt32LE(at + ID_OFFSET), rows);
    }
  }
  return counts;
}
