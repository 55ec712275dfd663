import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { generateProto } from "../../../src/server/grpc/descriptors.ts";
import { type GrpcServer, startGrpcServer } from "../../../src/server/grpc/server.ts";
import { MemoryDatastore } from "../../support/datastore.ts";

export interface Refused {
  readonly code: string;
  readonly details: string;
  readonly violations: readonly { path?: string; errorTag?: string; message?: string }[];
  readonly total: number;
}

/** A server over a MemoryDatastore with a client that knows only the printed .proto. */
export class Session implements AsyncDisposable {
  readonly datastore: MemoryDatastore;
  readonly socket: string;
  readonly client: Client;
  readonly #server: GrpcServer;
  readonly #types: protobuf.Root;
  readonly #dir: string;
  readonly log: unknown[];

  private constructor(parts: {
    datastore: MemoryDatastore;
    server: GrpcServer;
    types: protobuf.Root;
    dir: string;
    log: unknown[];
  }) {
    this.datastore = parts.datastore;
    this.#server = parts.server;
    this.#types = parts.types;
    this.#dir = parts.dir;
    this.log = parts.log;
    this.socket = join(parts.dir, "s");
    this.client = new Client(`unix:${this.socket}`, credentials.createInsecure());
  }

  static async open(module: IrModule): Promise<Session> {
    const dir = mkdtempSync(join(tmpdir(), "yangplane-grpc-"));
    const datastore = new MemoryDatastore(linkSchema([module]));
    const log: unknown[] = [];
    const server = await startGrpcServer({
      datastore,
      listen: { socket: join(dir, "s") },
      log: (level, message, fields) => log.push({ level, message, ...fields }),
    });
    return new Session({ datastore, server, types: typesOf(module), dir, log });
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
    const [service = "", method = ""] = path.split("/");
    const found = this.#types.lookupService(service).methods[method];
    if (found === undefined) throw new Error(`no method ${path}`);
    const scope = service.slice(0, service.lastIndexOf("."));
    const bytes = Buffer.isBuffer(request)
      ? request
      : this.encode(`${scope}.${found.requestType}`, request);
    const reply = await this.#unary(`/${path}`, bytes, options);
    return this.decode(`${scope}.${found.responseType}`, reply);
  }

  #unary(path: string, bytes: Buffer, { deadlineMs }: { deadlineMs?: number }): Promise<Buffer> {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        (x: Buffer) => x,
        (x) => x,
        bytes,
        options,
        (error, reply) => (reply ? resolve(reply) : reject(error)),
      );
    });
  }

  /** Sends messages and half-closes. */
  stream(path: string, messages: readonly Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.client.makeClientStreamRequest(
        path,
        (x: Buffer) => x,
        (x: Buffer) => x,
        (error, reply) => (reply ? resolve(reply) : reject(error)),
      );
      for (const message of messages) call.write(message);
      call.end();
    });
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.#server.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function typesOf(module: IrModule): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    const base = target.startsWith("google/") ? "node_modules/google-proto-files" : "proto";
    return target.startsWith("proto/") ? target : `${base}/${target}`;
  };
  root.loadSync([
    "yangplane/core/v1/core.proto",
    "google/rpc/status.proto",
    "google/protobuf/empty.proto",
  ]);
  protobuf.parse(generateProto([module], module.name, undefined).proto, root);
  root.resolveAll();
  return root;
}
