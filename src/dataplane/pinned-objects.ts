/**
 * The objects in the kernel, each pinned in a folder of its own, so that it outlives the daemon:
 * `maps/<name>@<form of its rows>`, `programs/<name>` and a `manifest`.
 */

import { existsSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CompiledFile, CompiledFiles } from "./compiled-files.ts";
import { CompiledObject } from "./compiled-object.ts";
import { compiledAnew, type Family, KernelError, type ObjectRequest } from "./dataplane.ts";
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
import { pinMapOfPrograms } from "./repinning.ts";

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
  readonly tables: Readonly<Record<Family, JumpTable>>;
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
    this.#shareMaps(compiled);
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
    if (object === undefined || this.faults(id).length > 0) return undefined;
    return manifestIn(this.#parts.files, object)?.request;
  }

  /** See Dataplane.noteOf. */
  noteOf(id: string): string | undefined {
    const object = this.#objects.get(id);
    return object && manifestIn(this.#parts.files, object)?.request.note;
  }

  /** See Dataplane.objectFaults. */
  faults(id: string): readonly string[] {
    const object = this.#objects.get(id);
    if (object === undefined) return [];
    const manifest = manifestIn(this.#parts.files, object);
    if (manifest === undefined) return ["the manifest is not pinned"];
    const file = this.#parts.compiled.file(manifest.request.object);
    if (file.digest !== manifest.digest) return [compiledAnew];
    return [...missingPins(object, manifest, file), ...this.#foreignMaps(object, file)];
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

  #prepare(request: ObjectRequest, { path }: CompiledFile, operation: string): CompiledObject {
    const compiled = new CompiledObject(path, operation);
    try {
      compiled.setConstants(request.constants);
      compiled.setCapacity(request.capacity);
      if (request.families) compiled.keepFamilies(request.families);
      return compiled;
    } catch (error) {
      compiled[Symbol.dispose]();
      throw error;
    }
  }

  /** Those that are one for all objects; what is not there yet is made. */
  #shareMaps(compiled: CompiledObject): void {
    compiled.shareMaps(join(this.#parts.pinDirectory, "shared"));
    for (const table of Object.values(this.#parts.tables)) {
      compiled.useMap(jumpTableName(table.family), table.fd);
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
      // Where files cannot be opened, a failed attempt cannot clear up behind itself.
      removePins(staging);
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
    if (id === undefined || !this.#objects.has(id)) return undefined;
    this.#pinAgain(id, file);
    const from = this.get(id, `succeeding ${id}`);
    const tables = Object.values(this.#parts.tables);
    const common = new Set(tables.map(({ family }) => jumpTableName(family)));
    return new Heirlooms({ from, compiled, file, common });
  }

  /** Maps whose pins somebody has removed, while programs of the object still use them. */
  #pinAgain(id: string, file: CompiledFile): void {
    const object = this.get(id, `pinning maps of ${id}`);
    if (manifestIn(this.#parts.files, object)?.digest !== file.digest) return;
    const missing = [...file.rowForms].filter(([name]) => !object.pins.has(name));
    for (const [name, form] of missing) {
      const path = join(object.path, "maps", pinName(name, form));
      onBpffs(`pinning ${path}`, () => pinMapOfPrograms(object, name, path));
    }
    if (missing.length > 0) this.#objects.set(id, { ...readFolder(object.path), maps: new Map() });
  }

  /** Maps for all objects in whose place there is another one, or none, since it was loaded. */
  #foreignMaps(object: ObjectFolder, { shared }: CompiledFile): string[] {
    const { files, pinDirectory } = this.#parts;
    const ids = (path: string) => (existsSync(path) ? mapInfo(files.open(path)).id : undefined);
    return shared.flatMap((name) => {
      if (!object.pins.has(name)) return [];
      const common = ids(join(pinDirectory, "shared", name));
      if (common === undefined) return [`shared/${name} is not pinned`];
      const isSame = ids(mapPath(object, name)) === common;
      return isSame ? [] : [`another map is pinned as shared/${name}`];
    });
  }

  #openMap(objectId: string, name: string): KernelMap {
    const label = `${name} of ${objectId}`;
    const object = this.get(objectId, `using map ${label}`);
    const opened = new KernelMap(this.#parts.files, mapPath(object, name), label);
    object.maps.set(name, opened);
    return opened;
  }
}

/** What somebody has removed of an object. */
function missingPins(object: ObjectFolder, { request }: Manifest, file: CompiledFile): string[] {
  const { families } = request;
  const wanted = file.programs.filter(({ family }) => families?.includes(family) ?? true);
  const programs = wanted.filter(({ name }) => !object.programs.has(name));
  const maps = [...file.rowForms].filter(([name, form]) => {
    return object.pins.get(name) !== pinName(name, form);
  });
  return [
    ...maps.map(([name]) => `maps/${name} is not pinned`),
    ...programs.map(({ name }) => `programs/${name} is not pinned`),
  ];
}

function pin(fd: number, path: string): void {
  checked(libbpf().pin(fd, path), `pinning ${path}`);
}
