import type { JournalError } from "./journal-error.ts";
import { recordHeaderSize, writeRecord } from "./record.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: JournalError) => void;
}

const bufferSizeMin = 64 * 1024;
/** A larger buffer is not worth keeping for the next batch. */
const spareSizeMax = 2 ** 20;

/** Records that go to the disk in one write and one fdatasync, and those who wait for them. */
export class Batch {
  /** True if a new log begins with this batch. */
  readonly startsLog: boolean;
  #buffer: Buffer;
  #size = 0;
  #recordCount = 0;
  #waiters: Waiter[] = [];

  constructor(options: { startsLog: boolean; buffer?: Buffer | undefined }) {
    this.startsLog = options.startsLog;
    this.#buffer = options.buffer ?? Buffer.allocUnsafeSlow(bufferSizeMin);
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** The records as they go to the disk; valid until the next `add`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  /** Copies the payload, which is the caller's again on return. */
  add(sequence: number, payload: Uint8Array): void {
    const end = this.#size + recordHeaderSize + payload.length;
    if (end > this.#buffer.length) this.#grow(end);
    writeRecord(this.#buffer, this.#size, { sequence, payload });
    this.#size = end;
    this.#recordCount += 1;
  }

  /** Settles with the batch. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** The batch is durable. Returns its buffer for another batch. */
  succeed(): Buffer | undefined {
    for (const { resolve } of this.#waiters) resolve();
    return this.#buffer.length > spareSizeMax ? undefined : this.#buffer;
  }

  /** Newest first: each caller undoes a commit that no later one still builds on. */
  fail(error: JournalError): void {
    for (const { reject } of this.#waiters.toReversed()) reject(error);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#buffer.length));
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
