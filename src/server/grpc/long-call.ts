import { once } from "node:events";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import type { Api } from "./api.ts";
import { callerOf, reported, stopping } from "./unary.ts";

type Stream = ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** A call that lasts until its work is done or fails, its client leaves or the server stops. */
export class LongCall {
  readonly #api: Api;
  readonly #stream: Stream;
  readonly #over = new AbortController();
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(api: Api, stream: Stream) {
    this.#api = api;
    this.#stream = stream;
  }

  /** Aborted when the call is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.signal.aborted;
  }

  /** Does the call's work, unless its client has left by now; the client is told how it ended. */
  async run(work: () => Promise<void>): Promise<void> {
    const { signal } = callerOf(this.#stream);
    if (signal.aborted) return;
    signal.addEventListener("abort", () => this.#end(), { once: true });
    const stop = (): void => this.fail(stopping());
    this.#api.endStreams.add(stop);
    try {
      await work();
      if (this.#failure) throw this.#failure;
      if (!signal.aborted) this.#stream.end();
    } catch (error) {
      if (!signal.aborted) this.#tell(this.#failure ?? error);
    } finally {
      this.#api.endStreams.delete(stop);
    }
  }

  /** Ends the call with an error; the first one counts. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#end();
  }

  wake(): void {
    this.#wake();
  }

  /** Resolves at the next `wake` or when the call is over. */
  async woken(): Promise<void> {
    if (this.isOver) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** False where the next message should wait until this one is drained. */
  write(bytes: Buffer): boolean {
    return this.isOver || this.#stream.write(bytes);
  }

  /** Resolves when the client has taken what was written or the call is over. */
  async drained(): Promise<void> {
    try {
      await once(this.#stream, "drain", { signal: this.signal });
    } catch (error) {
      if (!this.isOver) throw error;
    }
  }

  #end(): void {
    this.#over.abort();
    this.#wake();
  }

  #tell(error: unknown): void {
    this.#stream.emit("error", reported(this.#api, this.#stream.getPath(), error));
  }
}
