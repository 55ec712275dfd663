import type { IrModule } from "../datamodel/schema/ir.ts";
import { CoreClient, type Reply, type ViolationMessage, violationOf } from "./core-client.ts";
import { chunks, type Edit, entryCount } from "./edit.ts";
import { type Lengths, type Part, type PartRequest, readStart, readWhole } from "./long-lists.ts";
import { Refusal, type Violation } from "./refusal.ts";
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
  /** How many there were: some are not told one by one. */
  readonly total: number;
}

const cubePageSize = 1000;

export class Daemon {
  readonly #client: CoreClient;

  constructor(socket: string) {
    this.#client = new CoreClient(socket);
  }

  close(): void {
    this.#client.close();
  }

  async modules(): Promise<ModuleInfo[]> {
    const reply = await this.#client.call(["SchemaService", "ListModules"], {});
    return (reply["modules"] ?? []) as ModuleInfo[];
  }

  async model(name: string): Promise<IrModule> {
    const reply = await this.#client.call(["SchemaService", "GetModule"], { name });
    return JSON.parse(String(reply["schema_json"])) as IrModule;
  }

  async services(): Promise<ServiceInfo[]> {
    const reply = await this.#client.call(["ServiceService", "ListServices"], {});
    const listed = (reply["services"] ?? []) as (Omit<ServiceInfo, "cubes"> & { cubes: string })[];
    return listed.map((service) => ({ ...service, cubes: Number(service.cubes) }));
  }

  /** Loads what is built in a folder; `name`: what the service has to be called. */
  async loadService(directory: string, name = ""): Promise<void> {
    await this.#client.call(["ServiceService", "LoadService"], { directory, name });
  }

  async unloadService(name: string): Promise<void> {
    await this.#client.call(["ServiceService", "UnloadService"], { name });
  }

  /** Compares the data plane with the configuration, and mends it where that is wanted. */
  async verify(repair: boolean): Promise<Verification> {
    const reply = await this.#client.call(["DataplaneService", "Verify"], { repair });
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
      const reply = await this.#client.call(["CubeService", "ListCubes"], request);
      cubes.push(...((reply["cubes"] ?? []) as CubeInfo[]));
      pageToken = String(reply["next_page_token"] ?? "");
    } while (pageToken !== "");
    return cubes;
  }

  /** Undefined where there is no cube of that name. */
  async cube(name: string): Promise<CubeInfo | undefined> {
    try {
      const reply = await this.#client.call(["CubeService", "GetCube"], { name });
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
    const { json, rests } = await this.#client.call(["DatastoreService", "Get"], request);
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
    const reply = await this.#client.call(["DatastoreService", "Invoke"], { path, json });
    return JSON.parse(String(reply["json"] || "{}"));
  }

  /** What an action or rpc would do to the data plane. */
  async planInvoke(path: string, json: string): Promise<readonly PlanStep[]> {
    const request = { path, json, options: { dry_run: true } };
    const { plan } = await this.#client.call(["DatastoreService", "Invoke"], request);
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
        ? await this.#client.call(["TransactionService", "Apply"], only)
        : await this.#stream(messages, progress);
    const plan = (reply["plan"] ?? {}) as { steps?: PlanStep[] };
    const violations = (reply["violations"] ?? []) as ViolationMessage[];
    const total = Number(reply["violations_total"] ?? violations.length);
    return { steps: plan.steps ?? [], violations: violations.map(violationOf), total };
  }

  #stream(
    messages: readonly ApplyMessage[],
    progress: ((sent: number) => void) | undefined,
  ): Promise<Reply> {
    let sent = 0;
    return this.#client.sendStream(["TransactionService", "ApplyStream"], messages, (message) => {
      sent += message.entryCount;
      progress?.(sent);
    });
  }

  /** Tells steps until the trace is over, or the signal comes; gives how many were lost. */
  async trace(
    request: TraceRequest,
    listener: TraceListener,
    signal: AbortSignal,
  ): Promise<number> {
    let lost = 0;
    await this.#client.hearStream(["TraceService", "Trace"], request, {
      begun: () => listener.begun(),
      reply: ({ step, end }) => {
        if (step) listener.step(traceStep(step as StepMessage));
        if (end) lost = Number((end as Reply)["lost"]);
      },
      signal,
    });
    return lost;
  }
}

interface ApplyMessage {
  readonly edits: readonly object[];
  /** For the progress bar; not sent. */
  readonly entryCount: number;
  readonly options?: { readonly dry_run: boolean };
}

interface RestMessage {
  readonly pointer: string;
  readonly path: string;
  readonly size: string;
  readonly page_token: string;
}

function editMessage({ path, operation, json }: Edit): object {
  return { path, operation: `OPERATION_${operation}`, ...(json === undefined ? {} : { json }) };
}
