/**
 * The objects in the kernel, each pinned in a folder of its own, so that it outlives the daemon:
 * `maps/<name>@<form of its rows>`, `programs/<name>` and a `manifest`.
 */

import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CompiledFile, CompiledFiles } from "./compiled-files.ts";
import { CompiledObject } from "./compiled-object.ts";
import { KernelError, type ObjectRequest } from "./dataplane.ts";
import { Heirlooms } from "./heirlooms.ts";
import { type JumpTable, jumpTableName } from "./jump-table.ts";
import { libbpf } from "./libbpf.ts";
import { type Manifest, pinManifest } from "./manifest.ts";
import { KernelMap } from "./map.ts";
import {
  manifestIn,
  mapPath,
  type ObjectFolder,
  type Program,
  pinName,
  readFolder,
} from "./object-folder.ts";
import { mapInfo } from "./object-info.ts";
import {
  checked,
  folderOf,
  idOf,
  makeFolder,
  objectFolders,
  onBpffs,
  type PinnedFiles,
  removePins,
} from "./pins.ts";

/** What a program is part of. */
export interface Resident {
  readonly objectId: string;
  readonly program: string;
}

interface PinnedObject extends ObjectFolder {
  /** Maps used so far. */
  readonly maps: Map<string, KernelMap>;
}

export interface PinnedObjectsParts {
  readonly files: PinnedFiles;
  readonly pinDirectory: string;
  readonly compiled: CompiledFiles;
  readonly tables: readonly JumpTable[];
}

export class PinnedObjects {
  readonly #parts: PinnedObjectsParts;
  readonly #objects = new Map<string, PinnedObject>();

  constructor(parts: PinnedObjectsParts) {
    this.#parts = parts;
  }

  ids(): readonly string[] {
    return [...this.#objects.keys()];
  }

  /** See Dataplane.loadObject. */
  load(request: ObjectRequest, from: string | undefined): void {
    const { id, object } = request;
    const operation = `loading ${object} as ${id}`;
    if (this.#objects.has(id)) throw new KernelError(operation, "EEXIST");
    const file = this.#parts.compiled.file(object);
    using compiled = this.#prepare(request, file, operation);
    using heirlooms = this.#heirlooms(compiled, file, from);
    heirlooms?.shareWith(compiled);
    compiled.load();
    heirlooms?.copyTo(compiled);
    const path = join(this.#parts.pinDirectory, folderOf(id));
    onBpffs(operation, () =>
      this.#pin(compiled, path, { manifest: { request, digest: file.digest }, file }),
    );
    this.#objects.set(id, { ...readFolder(path), maps: new Map() });
  }

  /** See Dataplane.mapsTakenAlong. */
  mapsTakenAlong(request: ObjectRequest, from: string): ReadonlySet<string> {
    const file = this.#parts.compiled.file(request.object);
    using compiled = this.#prepare(request, file, `preparing ${request.object}`);
    using heirlooms = this.#heirlooms(compiled, file, from);
    return heirlooms?.names ?? new Set();
  }

  unload(id: string): void {
    const operation = `unloading ${id}`;
    const { path } = this.get(id, operation);
    this.#parts.files.forget(path);
    onBpffs(operation, () => removePins(path));
    this.#objects.delete(id);
  }

  /** See Dataplane.loadedRequest. */
  request(id: string): ObjectRequest | undefined {
    const object = this.#objects.get(id);
    const manifest = object && manifestIn(this.#parts.files, object);
    if (!manifest) return undefined;
    const file = this.#parts.compiled.file(manifest.request.object);
    const isReliable = file.digest === manifest.digest && this.#isWhole(object, manifest, file);
    return isReliable ? manifest.request : undefined;
  }

  /** Programs by their id, and what they are part of. */
  residents(): ReadonlyMap<number, Resident> {
    const residents = new Map<number, Resident>();
    for (const [objectId, { programs }] of this.#objects) {
      for (const [program, { id }] of programs) residents.set(id, { objectId, program });
    }
    return residents;
  }

  /** On the path of every row: what only an error message needs is made only for one. */
  map(objectId: string, name: string): KernelMap {
    return this.#objects.get(objectId)?.maps.get(name) ?? this.#openMap(objectId, name);
  }

  /** Maps that have been used, of which something may still be open. */
  usedMaps(id: string): Iterable<KernelMap> {
    return this.#objects.get(id)?.maps.values() ?? [];
  }

  program(objectId: string, name: string, operation: string): Program {
    const found = this.get(objectId, operation).programs.get(name);
    if (!found) throw new KernelError(operation, "ENOENT", "no such program");
    return found;
  }

  get(id: string, operation: string): PinnedObject {
    const object = this.#objects.get(id);
    if (!object) throw new KernelError(operation, "ENOENT", "the object is not loaded");
    return object;
  }

  /** Learns what is pinned, by an earlier daemon or by whoever has changed it meanwhile. */
  restore(): void {
    const { pinDirectory } = this.#parts;
    this.#objects.clear();
    for (const relative of objectFolders(pinDirectory)) {
      const folder = readFolder(join(pinDirectory, relative));
      this.#objects.set(idOf(relative), { ...folder, maps: new Map() });
    }
  }

  /** False where somebody has removed a pin: such an object cannot be worked with. */
  #isWhole(object: ObjectFolder, { request }: Manifest, file: CompiledFile): boolean {
    const { families } = request;
    const programs = file.programs.filter(({ family }) => families?.includes(family) ?? true);
    return (
      [...file.rowForms].every(([name, form]) => object.pins.get(name) === pinName(name, form)) &&
      programs.every(({ name }) => object.programs.has(name)) &&
      this.#parts.tables.every((table) => this.#jumpsBy(object, table))
    );
  }

  #prepare(request: ObjectRequest, { path }: CompiledFile, operation: string): CompiledObject {
    const compiled = new CompiledObject(path, operation);
    try {
      compiled.setConstants(request.constants);
      compiled.setCapacity(request.capacity);
      if (request.families) compiled.keepFamilies(request.families);
      compiled.shareMaps(join(this.#parts.pinDirectory, "shared"));
      for (const table of this.#parts.tables) {
        compiled.useMap(jumpTableName(table.family), table.fd);
      }
      return compiled;
    } catch (error) {
      compiled[Symbol.dispose]();
      throw error;
    }
  }

  /** Pins aside first: a daemon that dies half-way leaves a whole object or none. */
  #pin(
    compiled: CompiledObject,
    path: string,
    { manifest, file }: { readonly manifest: Manifest; readonly file: CompiledFile },
  ): void {
    const staging = join(this.#parts.pinDirectory, "staging");
    try {
      makeFolder(join(staging, "maps"));
      makeFolder(join(staging, "programs"));
      for (const [name, fd] of compiled.mapFds()) {
        pin(fd, join(staging, "maps", pinName(name, file.rowForms.get(name))));
      }
      for (const [name, fd] of compiled.programFds()) pin(fd, join(staging, "programs", name));
      pinManifest(join(staging, "manifest"), manifest);
      makeFolder(dirname(path));
      renameSync(staging, path);
    } catch (error) {
      removePins(staging);
      throw error;
    }
  }

  #heirlooms(compiled: CompiledObject, file: CompiledFile, id: string | undefined) {
    const from = id === undefined ? undefined : this.#objects.get(id);
    if (from === undefined) return undefined;
    const { files, tables } = this.#parts;
    const common = new Set(tables.map(({ family }) => jumpTableName(family)));
    return new Heirlooms({ files, from, compiled, file, common });
  }

  /** False if another jump table has taken the place of the one that the programs know. */
  #jumpsBy(object: ObjectFolder, table: JumpTable): boolean {
    const name = jumpTableName(table.family);
    if (!object.pins.has(name)) return true;
    return mapInfo(this.#parts.files.open(mapPath(object, name))).id === table.id;
  }

  #openMap(objectId: string, name: string): KernelMap {
    const label = `${name} of ${objectId}`;
    const object = this.get(objectId, `using map ${label}`);
    const opened = new KernelMap(this.#parts.files, mapPath(object, name), label);
    object.maps.set(name, opened);
    return opened;
  }
}

function pin(fd: number, path: string): void {
  checked(libbpf().pin(fd, path), `pinning ${path}`);
}
