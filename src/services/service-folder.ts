import { stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ErrorTag } from "../datamodel/error.ts";
import type { MapLayout } from "../dataplane/layout.ts";
import type { AnyService } from "./any-service.ts";
import { declaredService } from "./declaration-fault.ts";
import { lendContract } from "./lent-contract.ts";
import { contractVersion, type Manifest, manifestFile, parseManifest } from "./manifest.ts";
import { objectFault } from "./object-fault.ts";
import { checkRegular, readRegular } from "./regular-file.ts";

/** Many times what any build has. */
const manifestBytesMax = 64 * 2 ** 10;
const fileBytesMax = 64 * 2 ** 20;

export interface FolderOptions {
  /** The engine's own maps, by name. */
  readonly core: ReadonlyMap<string, MapLayout>;
  /** A module that awaits something for longer while it is loaded is given up; default 10 s. */
  readonly importMaxMs?: number;
}

/** A folder is not one of a service, or its service cannot be loaded; the message is for users. */
export class ServiceFolderError extends Error {
  override readonly name = "ServiceFolderError";
  /** What a client is told. */
  readonly tag: ErrorTag;

  constructor(folder: string, message: string, options: ErrorOptions & { tag?: ErrorTag } = {}) {
    super(`${folder}: ${message}`, options);
    this.tag = options.tag ?? "operation-failed";
  }
}

/** What `yangplane-gen --service` has built in a folder, checked. */
export interface BuiltService {
  readonly name: string;
  readonly folder: string;
  readonly service: AnyService;
  /** The compiled object. */
  readonly object: Buffer;
  /** JSON of the lock that keeps the field numbers. */
  readonly lock: string;
}

/**
 * Reads a service from the folder it was built in. Nothing is compiled; its module is imported.
 * @throws ServiceFolderError
 */
export async function readServiceFolder(
  folder: string,
  { core, importMaxMs = 10_000 }: FolderOptions,
): Promise<BuiltService> {
  const { name, module } = await readManifest(folder);
  const build = join(folder, "build");
  const [object, lock] = await Promise.all([
    readPart(folder, join(build, `${name}.bpf.o`)),
    readPart(folder, join(build, `${name}.lock.json`)),
  ]);
  const file = join(build, module);
  await checkRegular(dirname(file), fileBytesMax).catch((cause) => refuseFile(folder, cause));
  const exported = await importModule(folder, file, importMaxMs);
  const service = judged({ folder, name, module, exported, object, core });
  return { name, folder, service, object, lock: lock.toString() };
}

interface Claim {
  readonly folder: string;
  readonly name: string;
  readonly module: string;
  readonly exported: unknown;
  readonly object: Uint8Array;
  readonly core: ReadonlyMap<string, MapLayout>;
}

/** What the module exports, if it is the service that it claims to be. */
function judged({ folder, name, module, exported, object, core }: Claim): AnyService {
  try {
    const { service, fault } = declaredService(exported, name);
    if (fault !== undefined) throw new ServiceFolderError(folder, `${module}: ${fault}`);
    const lie = objectFault(service.object, object, core);
    if (lie !== undefined) throw new ServiceFolderError(folder, `${name}.bpf.o: ${lie}`);
    return service;
  } catch (cause) {
    if (cause instanceof ServiceFolderError) throw cause;
    // A part of a form that only the compiler of a hand-made module could have refused.
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceFolderError(folder, `${module}: its service is no declaration: ${reason}`, {
      cause,
    });
  }
}

async function readManifest(folder: string): Promise<Manifest> {
  if (!isAbsolute(folder)) throw new ServiceFolderError(folder, "the path is not absolute");
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new ServiceFolderError(folder, "there is no such folder");
  const file = join(folder, "build", manifestFile);
  const text = await readRegular(file, manifestBytesMax).catch((cause: unknown) => {
    if (!isMissing(cause)) return refuseFile(folder, cause);
    const message = `no build/${manifestFile}: build it with yangplane-gen --service`;
    throw new ServiceFolderError(folder, message, { cause });
  });
  const manifest = parseManifest(text.toString());
  if (manifest === undefined) {
    throw new ServiceFolderError(folder, `build/${manifestFile} is no manifest of a service`);
  }
  if (manifest.contract !== contractVersion) {
    const versions = `version ${manifest.contract} of the contract, this daemon has ${contractVersion}`;
    throw new ServiceFolderError(folder, `built for ${versions}: build it anew`);
  }
  return manifest;
}

function readPart(folder: string, file: string): Promise<Buffer> {
  return readRegular(file, fileBytesMax).catch((cause: unknown) => refuseFile(folder, cause));
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}

function refuseFile(folder: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new ServiceFolderError(folder, reason, { cause });
}

/** What the module exports as `service`. */
async function importModule(folder: string, file: string, maxMs: number): Promise<unknown> {
  lendContract();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`it is not loaded after ${maxMs} ms`);
    timer = setTimeout(() => reject(error), maxMs);
  });
  try {
    const module = await Promise.race([import(pathToFileURL(file).href), late]);
    return (module as { readonly service?: unknown }).service;
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ServiceFolderError(folder, `loading ${file}: ${reason}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
