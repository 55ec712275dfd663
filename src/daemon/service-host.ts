import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommitError, type RequestError, refuse } from "../datamodel/error.ts";
import { addModule } from "../datamodel/schema/extension.ts";
import type { IrModule } from "../datamodel/schema/ir.ts";
import type { Schema } from "../datamodel/schema/schema.ts";
import type { YangList } from "../datamodel/tree/list.ts";
import type { DataObject } from "../datamodel/tree/node.ts";
import type { Dataplane } from "../dataplane/dataplane.ts";
import type { MapLayout } from "../dataplane/layout.ts";
import type { Log } from "../lib/log.ts";
import type { Lock } from "../server/grpc/lock.ts";
import type { ServiceInfo, ServiceRoster } from "../server/service-roster.ts";
import type { AnyService } from "../services/any-service.ts";
import type { Engine } from "../services/engine/engine.ts";
import { Turns } from "../services/engine/turns.ts";
import {
  type BuiltService,
  readServiceFolder,
  ServiceFolderError,
} from "../services/service-folder.ts";
import { writeAtomically } from "./atomic-file.ts";
import { rehearse } from "./rehearsal.ts";
import { RememberedServices } from "./remembered-services.ts";

export interface ServiceHostParts {
  readonly stateDirectory: string;
  readonly builtIn: readonly AnyService[];
  /** Of the modules that came with the daemon; it gets those of the others. */
  readonly schema: Schema;
  /** The engine's own maps, by name. */
  readonly core: ReadonlyMap<string, MapLayout>;
  /** Field numbers by module; it gets those of the others. */
  readonly locks: Map<string, Lock>;
  readonly log: Log;
}

interface Hosted {
  readonly built: BuiltService;
  /** Where its object was copied to: the one in its folder may be built anew at any time. */
  readonly object: string;
}

/** Services from folders outside the tree: read at start, and loaded and unloaded later. */
export class ServiceHost implements ServiceRoster {
  readonly #parts: ServiceHostParts;
  readonly #remembered: RememberedServices;
  readonly #hosted = new Map<string, Hosted>();
  /** Why services that are remembered could not be loaded, by name. */
  readonly #missing = new Map<string, string>();
  readonly #turns = new Turns();
  #engine: Engine | undefined;

  private constructor(parts: ServiceHostParts, remembered: RememberedServices) {
    this.#parts = parts;
    this.#remembered = remembered;
  }

  /**
   * Reads the folders given, and those remembered. One of the latter that cannot be loaded is only
   * told of: whether it is needed is for the configuration to say.
   * @throws Error where a folder that was given cannot be loaded
   */
  static async open(parts: ServiceHostParts, folders: readonly string[]): Promise<ServiceHost> {
    const remembered = await RememberedServices.open(parts.stateDirectory);
    const host = new ServiceHost(parts, remembered);
    await mkdir(host.#objects, { recursive: true });
    for (const folder of folders) await host.#readIn(folder);
    for (const { name, folder } of remembered.list()) {
      if (host.#hosted.has(name)) continue;
      await host.#readIn(folder).catch((error: unknown) => {
        const reason = reasonOf(error);
        host.#missing.set(name, reason);
        parts.log("warn", "service not loaded", { service: name, reason });
      });
    }
    return host;
  }

  get services(): readonly AnyService[] {
    return [...this.#hosted.values()].map(({ built }) => built.service);
  }

  /** Why there is no service of this name, as far as is known. */
  whyMissing(name: string): string {
    return this.#missing.get(name) ?? "name its folder with --service-dir";
  }

  offerObjects(dataplane: Dataplane): void {
    for (const { built, object } of this.#hosted.values()) {
      dataplane.offerObject(built.service.object, object);
    }
  }

  /** From now on services are loaded into an engine that runs. */
  serve(engine: Engine): void {
    this.#engine = engine;
  }

  list(): readonly ServiceInfo[] {
    const services = [...this.#parts.builtIn, ...this.services];
    const described = services.map(({ model }) => this.#describe(model.ir));
    return described.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  load(folder: string, name?: string): Promise<ServiceInfo> {
    return this.#turns.take(async () => {
      const built = await this.#read(folder);
      if (name && name !== built.name) {
        const message = `${folder} holds service ${built.name}, not ${name}`;
        throw refuse("invalid-value", "", message);
      }
      await this.#takeUp(built);
      this.#parts.log("info", "service loaded", { service: built.name, folder });
      return this.#describe(built.service.model.ir);
    });
  }

  unload(name: string): Promise<void> {
    return this.#turns.take(async () => {
      const hosted = this.#hosted.get(name);
      if (hosted) await this.#letGo(name, hosted);
      else if (!this.#missing.has(name)) throw this.#notLoaded(name);
      await this.#forget(name);
      this.#missing.delete(name);
      this.#parts.log("info", "service unloaded", { service: name });
    });
  }

  get #running(): Engine {
    if (this.#engine) return this.#engine;
    throw new CommitError("unavailable", "the daemon is starting");
  }

  get #objects(): string {
    return join(this.#parts.stateDirectory, "services");
  }

  /** At start: the engine is made of what is there by then. */
  async #readIn(folder: string): Promise<void> {
    const { schema, core, locks } = this.#parts;
    const built = await readServiceFolder(folder, { core });
    const lock = rehearse(schema, built);
    const object = await this.#keep(built);
    addModule(schema, built.service.model.ir);
    locks.set(built.name, lock);
    this.#hosted.set(built.name, { built, object });
  }

  async #read(folder: string): Promise<BuiltService> {
    try {
      return await readServiceFolder(folder, this.#parts);
    } catch (error) {
      throw asRefusal(error);
    }
  }

  /** Remembered first: a cube of it may be configured as soon as the engine has it. */
  async #takeUp(built: BuiltService): Promise<void> {
    const { schema, locks } = this.#parts;
    const { name, folder, service } = built;
    const lock = rehearsed(schema, built);
    const object = await written(() => this.#keep(built));
    await written(() => this.#remembered.add({ name, folder }));
    locks.set(name, lock);
    try {
      await this.#running.addService({ service, object });
    } catch (error) {
      locks.delete(name);
      await this.#remembered.remove(name);
      await rm(object, { force: true });
      throw error;
    }
    this.#hosted.set(name, { built, object });
    this.#missing.delete(name);
  }

  async #letGo(name: string, { object }: Hosted): Promise<void> {
    await this.#running.removeService(name);
    this.#hosted.delete(name);
    this.#parts.locks.delete(name);
    await rm(object, { force: true });
  }

  async #forget(name: string): Promise<void> {
    if (!this.#remembered.list().some((known) => known.name === name)) return;
    await this.#remembered.remove(name).catch((cause: unknown) => {
      const message = `service ${name} is gone, but will be there after a restart`;
      throw new CommitError("unavailable", message, { cause });
    });
  }

  async #keep({ name, object }: BuiltService): Promise<string> {
    const path = join(this.#objects, `${name}.bpf.o`);
    await writeAtomically(path, object);
    return path;
  }

  #notLoaded(name: string): RequestError {
    const isBuiltIn = this.#parts.builtIn.some(({ model }) => model.ir.name === name);
    if (isBuiltIn) return refuse("operation-failed", "", `service ${name} came with the daemon`);
    return refuse("data-missing", "", `there is no service ${name}`);
  }

  #describe({ name, revision = "", description = "" }: IrModule): ServiceInfo {
    const { root } = this.#running.snapshot();
    const list = this.#parts.schema.root.childByName.get(`${name}:${name}`);
    const cubes = list && (root[list.prop] as YangList<DataObject>);
    const folder = this.#hosted.get(name)?.built.folder ?? "";
    return { name, revision, description, folder, cubes: cubes?.size ?? 0 };
  }
}

function rehearsed(schema: Schema, built: BuiltService): Lock {
  try {
    return rehearse(schema, built);
  } catch (error) {
    throw asRefusal(error);
  }
}

/** A disk that does not take it is nothing a client can mend. */
async function written<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    throw new CommitError("unavailable", "the state directory cannot be written", { cause });
  }
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof ServiceFolderError)) return error;
  return refuse(error.tag, "", error.message);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
