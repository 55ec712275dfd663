import { fileURLToPath } from "node:url";
import { credentials, Client as GrpcClient, type ServiceError } from "@grpc/grpc-js";
import protobuf from "protobufjs";

const protoFolder = fileURLToPath(new URL("../proto/", import.meta.url));
const DEADLINE_MS = 60_000;

const SERVICES = {
  datastore: "yangplane.core.v1.DatastoreService",
  transaction: "yangplane.core.v1.TransactionService",
  simplebridge: "yangplane.simplebridge.v1.SimplebridgeService",
  topology: "yangplane.topology.v1.TopologyService",
} as const;

const root = loadProtos();

interface Reply {
  readonly [field: string]: unknown;
}

/** A client over the Unix socket that knows the .proto files. */
export class Client {
  readonly #grpc: GrpcClient;

  constructor(socket: string) {
    this.#grpc = new GrpcClient(`unix:${socket}`, credentials.createInsecure());
  }

  close(): void {
    this.#grpc.close();
  }

  call(service: keyof typeof SERVICES, method: string, request: object): Promise<Reply> {
    const { path, encode, decode } = methodOf(service, method);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + DEADLINE_MS };
      const done = (error: ServiceError | null, reply?: Reply): void =>
        error ? reject(error) : resolve(reply ?? {});
      this.#grpc.makeUnaryRequest(path, encode, decode, request, options, done);
    });
  }

  /** Sends messages that are encoded already, and half-closes. */
  stream(method: string, messages: readonly Buffer[]): Promise<Reply> {
    const { path, decode } = methodOf("transaction", method);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + DEADLINE_MS };
      const done = (error: ServiceError | null, reply?: Reply): void =>
        error ? reject(error) : resolve(reply ?? {});
      const asIs = (message: Buffer): Buffer => message;
      const call = this.#grpc.makeClientStreamRequest(path, asIs, decode, options, done);
      for (const message of messages) call.write(message);
      call.end();
    });
  }
}

export function encodeMessage(type: string, message: object): Buffer {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
}

function methodOf(service: keyof typeof SERVICES, name: string) {
  const method = root.lookupService(SERVICES[service]).methods[name];
  const request = method?.resolvedRequestType;
  const response = method?.resolvedResponseType;
  if (!request || !response) throw new Error(`${SERVICES[service]} has no ${name}`);
  return {
    path: `/${SERVICES[service]}/${name}`,
    encode: (message: object) => Buffer.from(request.encode(request.fromObject(message)).finish()),
    decode: (bytes: Buffer): Reply => response.toObject(response.decode(bytes), { enums: String }),
  };
}

function loadProtos(): protobuf.Root {
  const loading = new protobuf.Root();
  loading.resolvePath = (_origin, target) =>
    target.startsWith("google/") ? target : protoFolder + target;
  loading.loadSync([
    "yangplane/core/v1/core.proto",
    "yangplane/simplebridge/v1/simplebridge.proto",
    "yangplane/topology/v1/topology.proto",
  ]);
  loading.resolveAll();
  return loading;
}
