/** The data plane of the running kernel. Everything is pinned, so it outlives the daemon. */

import { existsSync, readdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { Attachments } from "./attachments.ts";
import { CompiledObject } from "./compiled-object.ts";
import {
  type Attachment,
  type Census,
  type Dataplane,
  type Family,
  familyOf,
  type Hook,
  KernelError,
  type ObjectRequest,
  type ProgramSlot,
  type Row,
} from "./dataplane.ts";
import { requireEnvironment } from "./environment.ts";
import { FolderLock } from "./folder-lock.ts";
import { JumpTable, jumpTableName } from "./jump-table.ts";
import { libbpf } from "./libbpf.ts";
import { libc } from "./libc.ts";
import { digestOf, pinManifest, readManifest } from "./manifest.ts";
import { KernelMap } from "./map.ts";
import { MapCounter } from "./map-counter.ts";
import { familyOfType, programInfo } from "./object-info.ts";
import {
  checked,
  folderOf,
  idOf,
  makeFolder,
  objectFolders,
  onBpffs,
  PinnedFiles,
  removePins,
} from "./pins.ts";
import { RingBuffer } from "./ring-buffer.ts";
import { type TestRunInput, type TestRunResult, testRun } from "./test-run.ts";

export interface KernelDataplaneOptions {
  /** Folder on a bpf file system; made if it does not exist. */
  readonly pinDirectory: string;
  /** Where the compiled `<name>.bpf.o` are. */
  readonly objectDirectory: string;
  /** Filters on clsact also where the kernel has tcx (6.6): for tests of that way. */
  readonly clsactOnly?: boolean;
}

/** Descriptors kept open for pinned maps, programs and links. */
const OPEN_PINS_MAX = 256;

interface Program {
  readonly family: Family;
  readonly id: number;
  readonly path: string;
}

interface LoadedObject {
  readonly folder: string;
  readonly programs: ReadonlyMap<string, Program>;
  /** Maps used so far. */
  readonly maps: Map<string, KernelMap>;
}

type Listener = (record: Uint8Array) => void;

/** Throws a KernelError that says what is missing where this machine or user cannot do it. */
export function openKernelDataplane(options: KernelDataplaneOptions): KernelDataplane {
  requireEnvironment(options.pinDirectory);
  const lock = new FolderLock(options.pinDirectory);
  try {
    return new KernelDataplane(options, lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

export class KernelDataplane implements Dataplane {
  readonly kind = "kernel";
  readonly cpuCount = libbpf().possibleCpuCount();
  readonly #pinDirectory: string;
  readonly #objectDirectory: string;
  readonly #files = new PinnedFiles(OPEN_PINS_MAX);
  readonly #tables: Readonly<Record<Family, JumpTable>>;
  readonly #attachments: Attachments;
  readonly #objects = new Map<string, LoadedObject>();
  readonly #ringBuffers = new Map<string, RingBuffer>();

  readonly #lock: FolderLock;
  #counter: MapCounter | undefined;
  #isCounterTried = false;

  /** For `openKernelDataplane` only. */
  constructor(
    { pinDirectory, objectDirectory, clsactOnly = false }: KernelDataplaneOptions,
    lock: FolderLock,
  ) {
    this.#lock = lock;
    this.#pinDirectory = pinDirectory;
    this.#objectDirectory = objectDirectory;
    const operation = `opening ${pinDirectory}`;
    this.#tables = onBpffs(operation, () => {
      removePins(this.#path("staging"));
      for (const folder of ["shared", "links"]) makeFolder(this.#path(folder));
      const shared = this.#path("shared");
      return {
        tc: new JumpTable(this.#files, shared, "tc"),
        xdp: new JumpTable(this.#files, shared, "xdp"),
      };
    });
    this.#attachments = new Attachments({ files: this.#files, pinDirectory, clsactOnly });
    onBpffs(operation, () => this.#restore());
  }

  loadObject(request: ObjectRequest): void {
    const { id, object } = request;
    const operation = `loading ${object} as ${id}`;
    if (this.#objects.has(id)) throw new KernelError(operation, "EEXIST");
    const file = join(this.#objectDirectory, `${object}.bpf.o`);
    using compiled = new CompiledObject(file, operation);
    compiled.setConstants(request.constants);
    compiled.setCapacity(request.capacity);
    if (request.families) compiled.keepFamilies(request.families);
    compiled.shareMaps(this.#path("shared"));
    for (const table of Object.values(this.#tables)) {
      compiled.useMap(jumpTableName(table.family), table.fd);
    }
    compiled.load();
    const folder = this.#path(folderOf(id));
    onBpffs(operation, () => this.#pinObject(compiled, folder, request));
    this.#objects.set(id, { folder, programs: programsIn(folder), maps: new Map() });
  }

  unloadObject(id: string): void {
    const operation = `unloading ${id}`;
    const { folder, maps } = this.#object(id, operation);
    this.#checkUnused(id, operation);
    for (const { path } of maps.values()) this.#closeRingBuffer(path);
    this.#files.forget(folder);
    onBpffs(operation, () => removePins(folder));
    this.#objects.delete(id);
  }

  objects(): readonly string[] {
    return [...this.#objects.keys()];
  }

  loadedRequest(id: string): ObjectRequest | undefined {
    const object = this.#objects.get(id);
    if (!object) return undefined;
    const path = join(object.folder, "manifest");
    // A daemon killed while it removed the object may have left the rest.
    const manifest = existsSync(path) ? readManifest(this.#files, path) : undefined;
    if (!manifest) return undefined;
    const file = join(this.#objectDirectory, `${manifest.request.object}.bpf.o`);
    const digest = onBpffs(`reading ${file}`, () => digestOf(file));
    return digest === manifest.digest ? manifest.request : undefined;
  }

  putRows(objectId: string, map: string, rows: readonly Row[]): void {
    this.#map(objectId, map).put(rows);
  }

  deleteRows(objectId: string, map: string, keys: readonly Uint8Array[]): void {
    this.#map(objectId, map).delete(keys);
  }

  rows(objectId: string, map: string): readonly Row[] {
    return this.#map(objectId, map).rows();
  }

  census(): Census {
    const counts = this.#countRows();
    return {
      of: (objectId, map) => {
        const { id, isCounted, maxEntries } = this.#map(objectId, map);
        return { rows: isCounted ? counts?.get(id) : undefined, maxEntries };
      },
    };
  }

  lookup(objectId: string, map: string, key: Uint8Array): Uint8Array | undefined {
    return this.#map(objectId, map).lookup(key);
  }

  setProgram(slot: number, objectId: string, program: string): void {
    const operation = `setting slot ${slot} to ${program} of ${objectId}`;
    const { family, path } = this.#program(objectId, program, operation);
    this.#tables[family].set(slot, this.#files.open(path), { objectId, program });
  }

  clearProgram(family: Family, slot: number): void {
    this.#tables[family].clear(slot);
  }

  programs(): readonly ProgramSlot[] {
    return [...this.#tables.tc.entries(), ...this.#tables.xdp.entries()];
  }

  attach(attachment: Attachment): void {
    this.#attachments.create(attachment, this.#programFor(attachment));
  }

  reattach(attachment: Attachment): void {
    this.#attachments.replace(attachment, this.#programFor(attachment));
  }

  detach(ifindex: number, hook: Hook): void {
    this.#attachments.remove(ifindex, hook);
  }

  attachments(): readonly Attachment[] {
    return this.#attachments.list();
  }

  subscribe(objectId: string, map: string, listener: Listener): Disposable {
    const { path, isRingBuffer, maxEntries } = this.#map(objectId, map);
    if (!isRingBuffer) {
      throw new KernelError(`subscribing to map ${map} of ${objectId}`, "EINVAL", "no ring buffer");
    }
    let buffer = this.#ringBuffers.get(path);
    if (!buffer) {
      buffer = new RingBuffer(checked(libbpf().openPin(path), `opening ${path}`), maxEntries);
      this.#ringBuffers.set(path, buffer);
    }
    const subscribed = buffer;
    subscribed.add(listener);
    return {
      [Symbol.dispose]: () => {
        subscribed.delete(listener);
        if (!subscribed.hasListeners && this.#ringBuffers.get(path) === subscribed) {
          this.#closeRingBuffer(path);
        }
      },
    };
  }

  /** Runs a program of a loaded object on a packet: for tests and measurements. */
  testRun(objectId: string, program: string, input: TestRunInput): TestRunResult {
    const { path } = this.#program(objectId, program, `running ${program} of ${objectId}`);
    return testRun(this.#files.open(path), input);
  }

  /** Lets go of descriptors; what is pinned goes on forwarding. */
  [Symbol.dispose](): void {
    for (const path of [...this.#ringBuffers.keys()]) this.#closeRingBuffer(path);
    this.#counter?.[Symbol.dispose]();
    this.#attachments[Symbol.dispose]();
    this.#files[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  /** Pins aside first: a daemon that dies half-way leaves a whole object or none. */
  #pinObject(compiled: CompiledObject, folder: string, request: ObjectRequest): void {
    const staging = this.#path("staging");
    const file = join(this.#objectDirectory, `${request.object}.bpf.o`);
    try {
      makeFolder(join(staging, "maps"));
      makeFolder(join(staging, "programs"));
      pinAll(compiled.mapFds(), join(staging, "maps"));
      pinAll(compiled.programFds(), join(staging, "programs"));
      pinManifest(join(staging, "manifest"), { request, digest: digestOf(file) });
      makeFolder(dirname(folder));
      renameSync(staging, folder);
    } catch (error) {
      removePins(staging);
      throw error;
    }
  }

  #restore(): void {
    const residents = new Map<number, { objectId: string; program: string }>();
    for (const relative of objectFolders(this.#pinDirectory)) {
      const folder = this.#path(relative);
      const objectId = idOf(relative);
      const programs = programsIn(folder);
      this.#objects.set(objectId, { folder, programs, maps: new Map() });
      for (const [program, { id }] of programs) residents.set(id, { objectId, program });
    }
    const residentOf = (id: number) => residents.get(id) ?? { objectId: "", program: "" };
    for (const table of Object.values(this.#tables)) table.restore(residentOf);
    this.#attachments.restore(residentOf);
  }

  #checkUnused(id: string, operation: string): void {
    const slot = this.programs().find(({ objectId }) => objectId === id);
    if (slot) {
      const place = `program ${slot.program} is in ${slot.family} slot ${slot.slot}`;
      throw new KernelError(operation, "EBUSY", place);
    }
    const used = this.attachments().find(({ objectId }) => objectId === id);
    if (used) {
      const place = `program ${used.program} is attached to device ${used.ifindex}`;
      throw new KernelError(operation, "EBUSY", place);
    }
  }

  /** Undefined on a kernel that does not count; it is asked once. */
  #countRows(): ReadonlyMap<number, number> | undefined {
    if (!this.#isCounterTried) {
      this.#isCounterTried = true;
      this.#counter = openCounter(join(this.#objectDirectory, "census.bpf.o"));
    }
    return this.#counter?.count();
  }

  #closeRingBuffer(path: string): void {
    this.#ringBuffers.get(path)?.[Symbol.dispose]();
    this.#ringBuffers.delete(path);
  }

  /** On the path of every row: what only an error message needs is made only for one. */
  #map(objectId: string, map: string): KernelMap {
    return this.#objects.get(objectId)?.maps.get(map) ?? this.#openMap(objectId, map);
  }

  #openMap(objectId: string, map: string): KernelMap {
    const label = `${map} of ${objectId}`;
    const object = this.#object(objectId, `using map ${label}`);
    const opened = new KernelMap(this.#files, join(object.folder, "maps", map), label);
    object.maps.set(map, opened);
    return opened;
  }

  /** The descriptor of a program that a hook takes. */
  #programFor({ ifindex, hook, objectId, program }: Attachment): number {
    const operation = `attaching ${program} of ${objectId} to device ${ifindex} ${hook}`;
    const { family, path } = this.#program(objectId, program, operation);
    if (family !== familyOf(hook)) {
      throw new KernelError(operation, "EINVAL", `a ${family} program`);
    }
    return this.#files.open(path);
  }

  #program(objectId: string, program: string, operation: string): Program {
    const found = this.#object(objectId, operation).programs.get(program);
    if (!found) throw new KernelError(operation, "ENOENT", "no such program");
    return found;
  }

  #object(id: string, operation: string): LoadedObject {
    const object = this.#objects.get(id);
    if (!object) throw new KernelError(operation, "ENOENT", "the object is not loaded");
    return object;
  }

  #path(...parts: readonly string[]): string {
    return join(this.#pinDirectory, ...parts);
  }
}

function openCounter(file: string): MapCounter | undefined {
  try {
    return new MapCounter(file);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

function pinAll(fds: ReadonlyMap<string, number>, folder: string): void {
  for (const [name, fd] of fds) checked(libbpf().pin(fd, join(folder, name)), `pinning ${name}`);
}

function programsIn(folder: string): Map<string, Program> {
  const programs = new Map<string, Program>();
  for (const name of readdirSync(join(folder, "programs"))) {
    const path = join(folder, "programs", name);
    const fd = checked(libbpf().openPin(path), `opening ${path}`);
    const { type, id } = programInfo(fd);
    libc().close(fd);
    programs.set(name, { family: familyOfType(type), id, path });
  }
  return programs;
}
