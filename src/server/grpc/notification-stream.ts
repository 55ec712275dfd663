import { once } from "node:events";
import { Metadata, type ServerWritableStream } from "@grpc/grpc-js";
import type { NotificationEvent } from "../../datamodel/datastore/datastore.ts";
import { CommitError, refuse } from "../../datamodel/error.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import { atOnce } from "../../lib/slices.ts";
import { timestamp } from "./commit-message.ts";
import { DataBody } from "./encode.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { GivenKeys } from "./request-path.ts";
import { decodingTyped, type TypedMethod } from "./typed-service.ts";
import { callerOf, reported } from "./unary.ts";

/** Notifications that may wait for a client that reads slowly: none stands for another. */
const waitingMax = 10_000;

type Stream = ServerWritableStream<Buffer, Buffer>;

/** Serves the Watch method of a notification until its client leaves or the server stops. */
export function serveNotifications(typed: TypedMethod, stream: Stream): void {
  const { signal } = callerOf(stream);
  const sender = new NotificationStream(typed, stream, signal);
  sender.run().catch((error) => {
    if (!signal.aborted) stream.emit("error", reported(typed.api, stream.getPath(), error));
  });
}

class NotificationStream {
  readonly #typed: TypedMethod;
  readonly #stream: Stream;
  readonly #leaving: AbortController;
  readonly #waiting: NotificationEvent[] = [];
  #wake: () => void = () => {};
  #failure: Error | undefined;

  constructor(typed: TypedMethod, stream: Stream, signal: AbortSignal) {
    this.#typed = typed;
    this.#stream = stream;
    this.#leaving = new AbortController();
    signal.addEventListener("abort", () => this.#leave(), { once: true });
  }

  async run(): Promise<void> {
    const { api } = this.#typed;
    const { keys } = atOnce(decodingTyped(this.#typed, this.#stream.request));
    const stop = (): void => this.#fail(new CommitError("unavailable", "the server is stopping"));
    api.endStreams.add(stop);
    const subscription = api.datastore.listen((event) => this.#take(event, keys));
    // Headers say that it listens from now on.
    this.#stream.sendMetadata(new Metadata());
    try {
      while (!this.#leaving.signal.aborted) await this.#sendNext();
    } finally {
      subscription[Symbol.dispose]();
      api.endStreams.delete(stop);
    }
    if (this.#failure) throw this.#failure;
  }

  #take(event: NotificationEvent, keys: GivenKeys): void {
    if (event.schema !== this.#typed.binding.target || !isAsked(event.path, keys)) return;
    this.#waiting.push(event);
    if (this.#waiting.length > waitingMax) {
      const message = `more than ${waitingMax} notifications wait: the client is too slow`;
      this.#fail(refuse("resource-denied", "", message));
    }
    this.#wake();
  }

  async #sendNext(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      return;
    }
    const { api, method } = this.#typed;
    const isFlowing = this.#stream.write(api.encoder.encode(method.response, this.#message(next)));
    if (!isFlowing) await this.#drained();
  }

  #message({ path, time, value }: NotificationEvent): PlainMessage {
    const { api, method, binding } = this.#typed;
    const message: PlainMessage = {};
    const { fields } = api.types.message(method.response);
    for (const { field, list, leaf } of binding.keys) {
      const key = path.find(({ schema }) => schema === list)?.keys?.[list.keys.indexOf(leaf)];
      const declared = fields.find(({ name }) => name === field);
      if (key === undefined || declared === undefined) continue;
      message[field] = api.leaves.of(leaf, declared).toProto(key);
    }
    message[binding.body] = new DataBody(value, { view: "operational" });
    return { ...message, time: timestamp(time) };
  }

  async #drained(): Promise<void> {
    try {
      await once(this.#stream, "drain", { signal: this.#leaving.signal });
    } catch (error) {
      if (!this.#leaving.signal.aborted) throw error;
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#leave();
  }

  #leave(): void {
    this.#leaving.abort();
    this.#wake();
  }
}

/** Keys that were left empty mean all. */
function isAsked(path: InstancePath, given: GivenKeys): boolean {
  return path.every(({ schema, keys }) => {
    const wanted = schema.kind === "list" ? given.get(schema) : undefined;
    return wanted?.every((key, at) => key === undefined || key === keys?.[at]) ?? true;
  });
}
