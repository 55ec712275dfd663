import { Client, credentials, type Metadata, type ServiceError, status } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import descriptor from "protobufjs/ext/descriptor/index.js";
import type { IrModule } from "../datamodel/schema/ir.ts";
import { coreDescriptorSet } from "../gen/proto/core-descriptors.ts";
import { chunks, type Edit, entryCount } from "./edit.ts";
import { type Lengths, type Part, type PartRequest, readStart, readWhole } from "./long-lists.ts";
import { Refusal, Unreachable, type Violation } from "./refusal.ts";
import {
  type StepMessage,
  type TraceListener,
  type TraceRequest,
  traceStep,
} from "./trace-step.ts";

/** The core services of a daemon behind its Unix socket. */

export interface PlanStep {
  readonly cube: string;
  readonly operation: string;
  readonly target: string;
  readonly key: string;
  readonly value: string;
  readonly cause: string;
}

export interface Drift {
  readonly cube: string;
  readonly thing: string;
  readonly kind: string;
  readonly target: string;
  readonly key: string;
  readonly expected: string;
  readonly found: string;
  readonly cause: string;
}

export interface Verification {
  readonly drifts: readonly Drift[];
  readonly total: number;
  readonly isRepaired: boolean;
  readonly commitId: string;
}

export interface ModuleInfo {
  readonly name: string;
  readonly revision: string;
  readonly description: string;
}

export interface ServiceInfo {
  readonly name: string;
  readonly revision: string;
  readonly description: string;
  /** The folder it was loaded from; empty for one that came with the daemon. */
  readonly directory: string;
  readonly cubes: number;
}

export interface CubeInfo {
  readonly name: string;
  readonly service: string;
  readonly type: string;
  readonly uuid: string;
  readonly path: string;
}

/** What a dry run found: steps, or why there would be none. */
export interface Outcome {
  readonly steps: readonly PlanStep[];
  readonly violations: readonly Violation[];
}

const packageName = "yangplane.core.v1";
const deadlineMs = 120_000;
/** Replies are at most 4 MiB of payload, plus framing. */
const replySizeMax = 8 * 2 ** 20;
const cubePageSize = 1000;

export class Daemon {
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

  async modules(): Promise<ModuleInfo[]> {
    const reply = await this.#call("SchemaService", "ListModules", {});
    return (reply["modules"] ?? []) as ModuleInfo[];
  }

  async model(name: string): Promise<IrModule> {
    const reply = await this.#call("SchemaService", "GetModule", { name });
    return JSON.parse(String(reply["schema_json"])) as IrModule;
  }

  async services(): Promise<ServiceInfo[]> {
    const reply = await this.#call("ServiceService", "ListServices", {});
    const listed = (reply["services"] ?? []) as (Omit<ServiceInfo, "cubes"> & { cubes: string })[];
    return listed.map((service) => ({ ...service, cubes: Number(service.cubes) }));
  }

  /** Loads what is built in a folder; `name`: what the service has to be called. */
  async loadService(directory: string, name = ""): Promise<void> {
    await this.#call("ServiceService", "LoadService", { directory, name });
  }

  async unloadService(name: string): Promise<void> {
    await this.#call("ServiceService", "UnloadService", { name });
  }

  /** Compares the data plane with the configuration, and mends it where that is wanted. */
  async verify(repair: boolean): Promise<Verification> {
    const reply = await this.#call("DataplaneService", "Verify", { repair });
    const { drifts, total, repaired, commit_id: commitId } = reply;
    return {
      drifts: drifts as Drift[],
      total: Number(total),
      isRepaired: repaired === true,
      commitId: String(commitId),
    };
  }

  async cubes(service = ""): Promise<CubeInfo[]> {
    const cubes: CubeInfo[] = [];
    let pageToken = "";
    do {
      const request = { service, page_size: cubePageSize, page_token: pageToken };
      const reply = await this.#call("CubeService", "ListCubes", request);
      cubes.push(...((reply["cubes"] ?? []) as CubeInfo[]));
      pageToken = String(reply["next_page_token"] ?? "");
    } while (pageToken !== "");
    return cubes;
  }

  /** Undefined where there is no cube of that name. */
  async cube(name: string): Promise<CubeInfo | undefined> {
    try {
      const reply = await this.#call("CubeService", "GetCube", { name });
      return reply["cube"] as CubeInfo;
    } catch (error) {
      // A name no cube could have is refused as such; for us there is none either.
      const isAbsent =
        error instanceof Refusal && ["NOT_FOUND", "INVALID_ARGUMENT"].includes(error.code);
      if (isAbsent) return undefined;
      throw error;
    }
  }

  /** RFC 7951 JSON of a node, parsed. */
  async read(path: string): Promise<unknown> {
    return readWhole((request) => this.#part(request), path);
  }

  /** The same with at most `size` entries of each list, and the lengths of those that have more. */
  async readStart(path: string, size: number): Promise<{ data: unknown; lengths: Lengths }> {
    return readStart((request) => this.#part(request), path, size);
  }

  async #part({ path, pageSize, pageToken = "" }: PartRequest): Promise<Part> {
    const request = { path, page_size: pageSize, page_token: pageToken };
    const { json, rests } = await this.#call("DatastoreService", "Get", request);
    return {
      data: JSON.parse(String(json)),
      rests: ((rests ?? []) as RestMessage[]).map(({ size, page_token: token, ...rest }) => ({
        ...rest,
        size: Number(size),
        pageToken: token,
      })),
    };
  }

  async invoke(path: string, json: string): Promise<unknown> {
    const reply = await this.#call("DatastoreService", "Invoke", { path, json });
    return JSON.parse(String(reply["json"] || "{}"));
  }

  /** What an action or rpc would do to the data plane. */
  async planInvoke(path: string, json: string): Promise<readonly PlanStep[]> {
    const request = { path, json, options: { dry_run: true } };
    const { plan } = await this.#call("DatastoreService", "Invoke", request);
    return (plan as { steps?: PlanStep[] } | undefined)?.steps ?? [];
  }

  /** Commits all edits or none; `progress` hears how many entries have been sent. */
  async apply(
    edits: readonly Edit[],
    options: { readonly dryRun: boolean; readonly progress?: (sent: number) => void },
  ): Promise<Outcome> {
    const { dryRun, progress } = options;
    const messages = chunks(edits).map((chunk, index): ApplyMessage => {
      const message = { edits: chunk.map(editMessage), entryCount: entryCount(chunk) };
      return index === 0 ? { ...message, options: { dry_run: dryRun } } : message;
    });
    const [only, ...more] = messages;
    const reply =
      only && more.length === 0
        ? await this.#call("TransactionService", "Apply", only)
        : await this.#stream(messages, progress);
    const plan = (reply["plan"] ?? {}) as { steps?: PlanStep[] };
    const violations = (reply["violations"] ?? []) as ViolationMessage[];
    return { steps: plan.steps ?? [], violations: violations.map(violationOf) };
  }

  /** Tells steps until the trace is over, or the signal comes; gives how many were lost. */
  trace(request: TraceRequest, listener: TraceListener, signal: AbortSignal): Promise<number> {
    const { path, encode, decode } = this.#method("TraceService", "Trace");
    const call = this.#client.makeServerStreamRequest(path, encode, decode, request);
    let lost = 0;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => call.cancel());
      call.on("metadata", () => listener.begun());
      call.on("data", ({ step, end }: Reply) => {
        if (step) listener.step(traceStep(step as StepMessage));
        if (end) lost = Number((end as Reply)["lost"]);
      });
      call.on("error", (error: ServiceError) => {
        if (signal.aborted) resolve(lost);
        else reject(this.#failure(error));
      });
      call.on("end", () => resolve(lost));
    });
  }

  #call(service: string, method: string, request: object): Promise<Reply> {
    const { path, encode, decode } = this.#method(service, method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        encode,
        decode,
        request,
        this.#options(),
        (error, reply) => {
          if (error) reject(this.#failure(error));
          else resolve(reply ?? {});
        },
      );
    });
  }

  async #stream(
    messages: readonly ApplyMessage[],
    progress: ((sent: number) => void) | undefined,
  ): Promise<Reply> {
    const { path, encode, decode } = this.#method("TransactionService", "ApplyStream");
    let settle: (error: ServiceError | null, reply?: Reply) => void = () => undefined;
    const reply = new Promise<Reply>((resolve, reject) => {
      settle = (error, value) => (error ? reject(this.#failure(error)) : resolve(value ?? {}));
    });
    const call = this.#client.makeClientStreamRequest(
      path,
      encode,
      decode,
      this.#options(),
      (error: ServiceError | null, value?: Reply) => settle(error, value),
    );
    // An early refusal ends the writes below; the reply has the reason.
    call.on("error", () => undefined);
    let sent = 0;
    for (const { entryCount, ...message } of messages) {
      await Promise.race([reply, new Promise((resolve) => call.write(message, resolve))]);
      sent += entryCount;
      progress?.(sent);
    }
    call.end();
    return reply;
  }

  #method(service: string, name: string) {
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

  #options() {
    return { deadline: Date.now() + deadlineMs };
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

interface Reply {
  [field: string]: unknown;
}

interface ApplyMessage {
  readonly edits: readonly object[];
  /** For the progress bar; not sent. */
  readonly entryCount: number;
  readonly options?: { readonly dry_run: boolean };
}

interface ViolationMessage {
  readonly path: string;
  readonly error_tag: string;
  readonly message: string;
}

function violationOf({ path, error_tag: errorTag, message }: ViolationMessage): Violation {
  return { path, errorTag, message };
}

interface RestMessage {
  readonly pointer: string;
  readonly path: string;
  readonly size: string;
  readonly page_token: string;
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

function editMessage({ path, operation, json }: Edit): object {
  return { path, operation: `OPERATION_${operation}`, ...(json === undefined ? {} : { json }) };
}
