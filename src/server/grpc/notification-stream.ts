import { Metadata, type ServerWritableStream } from "@grpc/grpc-js";
import type { NotificationEvent } from "../../datamodel/datastore/datastore.ts";
import { refuse } from "../../datamodel/error.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import { atOnce } from "../../lib/slices.ts";
import { timestamp } from "./commit-message.ts";
import { DataBody } from "./encode.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { LongCall } from "./long-call.ts";
import type { GivenKeys } from "./request-path.ts";
import { decodingTyped, type TypedMethod } from "./typed-service.ts";

/** Notifications that may wait for a client that reads slowly: none stands for another. */
const waitingMax = 10_000;

type Stream = ServerWritableStream<Buffer, Buffer>;

/** Serves the Watch method of a notification until its client leaves or the server stops. */
export function serveNotifications(typed: TypedMethod, stream: Stream): Promise<void> {
  const call = new LongCall(typed.api, stream);
  return call.run(() => new NotificationStream(typed, call).run(stream));
}

class NotificationStream {
  readonly #typed: TypedMethod;
  readonly #call: LongCall;
  readonly #waiting: NotificationEvent[] = [];

  constructor(typed: TypedMethod, call: LongCall) {
    this.#typed = typed;
    this.#call = call;
  }

  async run(stream: Stream): Promise<void> {
    const { keys } = atOnce(decodingTyped(this.#typed, stream.request));
    const { datastore } = this.#typed.api;
    using _events = datastore.listen((event) => this.#take(event, keys));
    // Headers say that it listens from now on.
    stream.sendMetadata(new Metadata());
    while (!this.#call.isOver) await this.#sendNext();
  }

  #take(event: NotificationEvent, keys: GivenKeys): void {
    if (event.schema !== this.#typed.binding.target || !isAsked(event.path, keys)) return;
    this.#waiting.push(event);
    if (this.#waiting.length > waitingMax) {
      const message = `more than ${waitingMax} notifications wait: the client is too slow`;
      this.#call.fail(refuse("resource-denied", "", message));
    }
    this.#call.wake();
  }

  async #sendNext(): Promise<void> {
    const next = this.#waiting.shift();
    if (next === undefined) {
      await this.#call.woken();
      return;
    }
    const { api, method } = this.#typed;
    const bytes = api.encoder.encode(method.response, this.#message(next));
    if (!this.#call.write(bytes)) await this.#call.drained();
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
}

/** Keys that were left empty mean all. */
function isAsked(path: InstancePath, given: GivenKeys): boolean {
  return path.every(({ schema, keys }) => {
    const wanted = schema.kind === "list" ? given.get(schema) : undefined;
    return wanted?.every((key, at) => key === undefined || key === keys?.[at]) ?? true;
  });
}
