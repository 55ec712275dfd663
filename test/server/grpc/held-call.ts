import { EventEmitter, once } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";

type Stream = ServerWritableStream<Buffer, Buffer>;

/** A call whose client takes a message when the test says so. */
export class HeldCall extends EventEmitter {
  readonly request: Buffer;
  cancelled = false;
  readonly #written: Buffer[] = [];

  constructor(request: Buffer) {
    super();
    this.request = request;
  }

  get stream(): Stream {
    return this as object as Stream;
  }

  getPath(): string {
    return "/test.Service/Method";
  }

  getPeer(): string {
    return "unknown";
  }

  getAuthContext(): object {
    return {};
  }

  sendMetadata(): void {
    this.emit("headers");
  }

  write(bytes: Buffer): boolean {
    this.#written.push(bytes);
    this.emit("written");
    return false;
  }

  /** The next message; more are written when `take` is called again. */
  async take(): Promise<Buffer> {
    if (this.#written.length === 0) {
      setImmediate(() => this.emit("drain"));
      await once(this, "written");
    }
    return this.#written.shift() ?? Buffer.alloc(0);
  }

  cancel(): void {
    this.cancelled = true;
    this.emit("cancelled");
  }
}
