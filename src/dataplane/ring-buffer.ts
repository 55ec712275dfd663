import koffi from "koffi";
import { KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { lastErrno, libc } from "./libc.ts";

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

/** Head of a record: u32 length with two flags, u32 page offset. */
const HEAD_SIZE = 8;
const BUSY = 1 << 31;
const DISCARDED = 1 << 30;
const LENGTH_MASK = ~(BUSY | DISCARDED);

/** Records per turn of the event loop; the rest follows in the next turns. */
const RECORDS_PER_TICK_MAX = 1024;

/** A part of the buffer's file to be mapped. */
interface Pages {
  readonly length: number;
  readonly protection: number;
  readonly offset?: number;
}

/** Called with each record. */
export type Listener = (record: Uint8Array) => void;

/**
 * Reads a BPF ring buffer without a thread: its pages are mapped, and the event loop polls its
 * descriptor. The first page holds the consumer position (ours), the second the producer position,
 * then the data follows, mapped twice in a row so that no record is ever split.
 */
export class RingBuffer implements Disposable {
  readonly #size: number;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #heads: Int32Array;
  readonly #data: Uint8Array;
  readonly #listeners = new Set<Listener>();
  /** What is given back in the end, the last one first. */
  readonly #opened: (() => void)[] = [];

  /** Owns `fd` from now on, also where it throws. */
  constructor(fd: number, size: number) {
    this.#size = size;
    this.#opened.push(() => libc().close(fd));
    try {
      const page = libc().pageSize();
      const consumer = this.#map(fd, { length: page, protection: PROT_READ | PROT_WRITE });
      this.#consumer = new BigUint64Array(consumer, 0, 1);
      const rest = { length: page + 2 * size, protection: PROT_READ, offset: page };
      const producer = this.#map(fd, rest);
      this.#producer = new BigUint64Array(producer, 0, 1);
      this.#heads = new Int32Array(producer, page);
      this.#data = new Uint8Array(producer, page);
      const poll = koffi.node.poll(fd, { readable: true }, () => this.#drain());
      this.#opened.push(() => poll.close());
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
  }

  delete(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    for (const giveBack of this.#opened.splice(0).reverse()) giveBack();
  }

  #map(fd: number, { length, protection, offset = 0 }: Pages): ArrayBuffer {
    const address = libc().mmap(null, length, protection, MAP_SHARED, fd, offset);
    // MAP_FAILED is (void *)-1.
    if (address === null || BigInt.asIntN(64, address) === -1n) {
      throw new KernelError("mapping a ring buffer", errnoName(lastErrno()));
    }
    this.#opened.push(() => libc().munmap(address, length));
    return koffi.view(address, length);
  }

  #drain(): void {
    for (let count = 0; count < RECORDS_PER_TICK_MAX && this.hasListeners; count++) {
      const position = Atomics.load(this.#consumer, 0);
      if (position === Atomics.load(this.#producer, 0)) return;
      const offset = Number(position & BigInt(this.#size - 1));
      const head = Atomics.load(this.#heads, offset / 4);
      if ((head & BUSY) !== 0) return;
      const length = head & LENGTH_MASK;
      const start = offset + HEAD_SIZE;
      // Copied before the position moves on, since the kernel then overwrites it.
      const record = this.#data.slice(start, start + length);
      const next = position + BigInt(Math.ceil((length + HEAD_SIZE) / 8) * 8);
      Atomics.store(this.#consumer, 0, next);
      if ((head & DISCARDED) === 0) this.#deliver(record);
    }
  }

  /** One listener's fault must neither stop the others nor lose the records behind. */
  #deliver(record: Uint8Array): void {
    for (const listener of this.#listeners) {
      try {
        listener(record);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }
}
