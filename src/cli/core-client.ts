import { Client, credentials, type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import { coreDescriptorSet } from "../gen/proto/core-descriptors.ts";
import { Refusal, Unreachable, type Violation } from "./refusal.ts";

const packageName = "yangplane.core.v1";
const deadlineMs = 120_000;
/** Replies are at most 4 MiB of payload, plus framing. */
const replySizeMax = 8 * 2 ** 20;

/** A message as an object: enums by name, 64-bit integers as text. */
export interface Reply {
  [field: string]: unknown;
}

/** A core service and one of its methods. */
export type Method = readonly [service: string, name: string];

/**
 * Calls of the core services over the daemon's socket. What the daemon refuses is thrown as
 * Refusal; where nobody answers or the connection breaks, Unreachable.
 */
export class CoreClient {
  readonly #socket: string;
  readonly #client: Client;
  readonly #protos = loadProtos();

  constructor(socket: string) {
    this.#socket = socket;
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": replySizeMax,
    });
  }

  close(): void {
    this.#client.close();
  }

  call(method: Method, request: object): Promise<Reply> {
    const { path, encode, decode } = this.#codecs(method);
    return new Promise((resolve, reject) => {
      const answer = this.#answer(resolve, reject);
      this.#client.makeUnaryRequest(path, encode, decode, request, deadline(), answer);
    });
  }

  /** Sends messages one after the other; `sent` hears of each that is on its way. */
  async sendStream<T extends object>(
    method: Method,
    messages: Iterable<T>,
    sent: (message: T) => void,
  ): Promise<Reply> {
    const { path, encode, decode } = this.#codecs(method);
    const { promise, resolve, reject } = settleable<Reply>();
    const answer = this.#answer(resolve, reject);
    const call = this.#client.makeClientStreamRequest(path, encode, decode, deadline(), answer);
    // An early refusal ends the writes below; the reply has the reason.
    call.on("error", () => undefined);
    for (const message of messages) {
      await Promise.race([promise, new Promise((written) => call.write(message, written))]);
      sent(message);
    }
    call.end();
    return promise;
  }

  /** Hears replies until the daemon ends them, or the signal does. */
  hearStream(
    method: Method,
    request: object,
    { begun, reply, signal }: StreamListener,
  ): Promise<void> {
    const { path, encode, decode } = this.#codecs(method);
    const call = this.#client.makeServerStreamRequest(path, encode, decode, request);
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => call.cancel());
      call.on("metadata", begun);
      call.on("data", reply);
      call.on("error", (error: ServiceError) => {
        if (signal.aborted) resolve();
        else reject(this.#failure(error));
      });
      call.on("end", resolve);
    });
  }

  #answer(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    return (error: ServiceError | null, reply?: Reply): void => {
      if (error) reject(this.#failure(error));
      else resolve(reply ?? {});
    };
  }

  #codecs([service, name]: Method) {
    const method = this.#protos.lookupService(`${packageName}.${service}`).methods[name];
    const request = method?.resolvedRequestType;
    const response = method?.resolvedResponseType;
    if (!request || !response) throw new Error(`the API has no ${service}.${name}`);
    return {
      path: `/${packageName}.${service}/${name}`,
      encode: (message: object) =>
        Buffer.from(request.encode(request.fromObject(message)).finish()),
      decode: (bytes: Buffer): Reply =>
        response.toObject(response.decode(bytes), { enums: String, defaults: true, longs: String }),
    };
  }

  #failure(error: ServiceError): Error {
    if (isTransportFailure(error)) return new Unreachable(this.#socket, error.details);
    return new Refusal(status[error.code], error.details, this.#violations(error.metadata));
  }

  /** `grpc-status-details-bin` holds a google.rpc.Status with core.v1.Violations in its details. */
  #violations(metadata: Metadata | undefined): { violations: readonly Violation[]; total: number } {
    const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
    const none = { violations: [], total: 0 };
    if (!(bytes instanceof Buffer)) return none;
    const details = this.#decode("google.rpc.Status", bytes)["details"] as AnyMessage[];
    const found = details.find(({ type_url: type }) => type.endsWith(`/${packageName}.Violations`));
    if (!found) return none;
    const carried = this.#decode(`${packageName}.Violations`, found.value);
    const violations = (carried["violations"] as ViolationMessage[]).map(violationOf);
    return { violations, total: Number(carried["total"]) };
  }

  #decode(type: string, bytes: Uint8Array): Reply {
    const message = this.#protos.lookupType(type);
    return message.toObject(message.decode(bytes), { defaults: true });
  }
}

export interface StreamListener {
  /** The daemon has taken the request. */
  begun(): void;
  reply(message: Reply): void;
  readonly signal: AbortSignal;
}

function deadline() {
  return { deadline: Date.now() + deadlineMs };
}

/** A promise and what settles it. */
function settleable<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** A violation as the daemon sends it. */
export interface ViolationMessage {
  readonly path: string;
  readonly error_tag: string;
  readonly message: string;
}

export function violationOf({ path, error_tag: errorTag, message }: ViolationMessage): Violation {
  return { path, errorTag, message };
}

interface AnyMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** The descriptor extension adds it to Root; its own types leave it out. */
type RootWithDescriptors = typeof protobuf.Root & {
  fromDescriptor(files: protobuf.Message): protobuf.Root;
};

function loadProtos(): protobuf.Root {
  const all = descriptor.FileDescriptorSet.decode(Buffer.from(coreDescriptorSet, "base64"));
  const { file } = all as protobuf.Message & { file: readonly { name: string }[] };
  // What a server needs besides is no use here, and takes its time.
  const files = file.filter(({ name }) => !/^(grpc|health|channelz)/.test(name));
  const root = (protobuf.Root as RootWithDescriptors).fromDescriptor(
    descriptor.FileDescriptorSet.create({ file: files }),
  );
  root.resolveAll();
  return root;
}

/** Anything the daemon itself has said comes with other words. */
function isTransportFailure({ code, details }: ServiceError): boolean {
  if (code !== status.UNAVAILABLE && code !== status.INTERNAL) return false;
  return /^No connection established|^Connection dropped|RST_STREAM|ECONNRE|EPIPE/.test(details);
}
