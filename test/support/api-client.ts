import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import protobuf from "protobufjs";

export interface Refused {
  readonly code: string;
  readonly details: string;
  readonly violations: readonly {
    path?: string;
    errorTag?: string;
    errorAppTag?: string;
    message?: string;
  }[];
  readonly total: number;
}

const same = (bytes: Buffer): Buffer => bytes;

/** A client that knows the API only from the text of .proto files, as anybody else's does. */
export class ApiClient {
  readonly client: Client;
  readonly #types: protobuf.Root;

  constructor(
    address: string,
    types: protobuf.Root,
    channel: ChannelCredentials = credentials.createInsecure(),
  ) {
    // Channels with equal options share a connection; each client here has one of its own.
    this.client = new Client(address, channel, { "grpc.use_local_subchannel_pool": 1 });
    this.#types = types;
  }

  type(name: string): protobuf.Type {
    return this.#types.lookupType(name);
  }

  encode(name: string, message: object): Buffer {
    const type = this.type(name);
    return Buffer.from(type.encode(type.fromObject(message)).finish());
  }

  decode(name: string, bytes: Uint8Array): Record<string, unknown> {
    const type = this.type(name);
    return type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: String });
  }

  /** Calls `package.Service/Method`; the request may also be bytes. */
  async call(path: string, request: object | Buffer, options: { deadlineMs?: number } = {}) {
    const { requestType, responseType } = this.#method(path);
    const bytes = Buffer.isBuffer(request) ? request : this.encode(requestType, request);
    return this.decode(responseType, await this.#unary(`/${path}`, bytes, options));
  }

  #method(path: string): { requestType: string; responseType: string } {
    const [service = "", method = ""] = path.split("/");
    const found = this.#types.lookupService(service).methods[method];
    if (found === undefined) throw new Error(`no method ${path}`);
    const scope = service.slice(0, service.lastIndexOf("."));
    return {
      requestType: `${scope}.${found.requestType}`,
      responseType: `${scope}.${found.responseType}`,
    };
  }

  #unary(path: string, bytes: Buffer, { deadlineMs }: { deadlineMs?: number }): Promise<Buffer> {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, same, same, bytes, options, (error, reply) =>
        reply ? resolve(reply) : reject(error),
      );
    });
  }

  /** Sends messages and half-closes. */
  stream(path: string, messages: readonly Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.openStream(path, (error, reply) =>
        reply ? resolve(reply) : reject(error),
      );
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  /** A call that takes messages until the caller ends it. */
  openStream(
    path: string,
    done: (error: ServiceError | null, reply?: Buffer) => void,
  ): ClientWritableStream<Buffer> {
    return this.client.makeClientStreamRequest(path, same, same, done);
  }

  /** A call that answers with messages; the caller listens. */
  watch(path: string, request: object): ClientReadableStream<Buffer> {
    const bytes = this.encode(this.#method(path).requestType, request);
    return this.client.makeServerStreamRequest(`/${path}`, same, same, bytes);
  }

  /** What the server refuses a call with. */
  async refused(path: string, request: object | Buffer): Promise<Refused> {
    try {
      await this.call(path, request);
    } catch (error) {
      return this.refusal(error as ServiceError);
    }
    throw new Error(`${path} was not refused`);
  }

  refusal({ code, details, metadata }: ServiceError): Refused {
    const [packed] = metadata.get("grpc-status-details-bin");
    const base = { code: status[code] ?? "", details };
    if (packed === undefined) return { ...base, violations: [], total: 0 };
    const { details: any } = this.decode("google.rpc.Status", packed as Buffer);
    const own = Buffer.from((any as { value: string }[])[1]?.value ?? "", "base64");
    const { violations, total } = this.decode("yangplane.core.v1.Violations", own);
    return {
      ...base,
      violations: (violations ?? []) as Refused["violations"],
      total: total as number,
    };
  }
}

/** Types of the core API with those of further .proto files and texts. */
export function loadTypes(files: readonly string[], texts: readonly string[] = []): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    const base = target.startsWith("google/") ? "node_modules/google-proto-files" : "proto";
    return target.startsWith("proto/") ? target : `${base}/${target}`;
  };
  root.loadSync([
    "yangplane/core/v1/core.proto",
    "yangplane/core/v1/dataplane.proto",
    "yangplane/core/v1/trace.proto",
    "google/rpc/status.proto",
    "google/protobuf/empty.proto",
    ...files,
  ]);
  for (const text of texts) protobuf.parse(text, root);
  root.resolveAll();
  return root;
}
