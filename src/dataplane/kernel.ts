/** The data plane of the running kernel. Everything is pinned, so it outlives the daemon. */

import { join } from "node:path";
import { Attachments } from "./attachments.ts";
import { CompiledFiles } from "./compiled-files.ts";
import {
  type Attachment,
  type Census,
  type Dataplane,
  type Family,
  familyOf,
  type Hook,
  KernelError,
  type ObjectRequest,
  type OutgoingFrame,
  type ProgramSlot,
  type Row,
} from "./dataplane.ts";
import { DescriptorRoom, lastingMax } from "./descriptor-room.ts";
import { requireEnvironment } from "./environment.ts";
import { FolderLock } from "./folder-lock.ts";
import { awaitGracePeriod } from "./grace-period.ts";
import { refuseUsed } from "./in-use.ts";
import { JumpTable } from "./jump-table.ts";
import type { ObjectLayout } from "./layout.ts";
import { libbpf } from "./libbpf.ts";
import { RowCounts } from "./map-counter.ts";
import { PacketOut } from "./packet-socket.ts";
import { PinWatch } from "./pin-watch.ts";
import { PinnedObjects } from "./pinned-objects.ts";
import { givingWay, makeFolder, onBpffs, PinnedFiles, removePins } from "./pins.ts";
import {
  openRecirculationDevice,
  recirculationIndex,
  recirculationNames,
  removeRecirculationDevice,
} from "./recirculation-device.ts";
import type { Listener } from "./ring-buffer.ts";
import { RingBuffers } from "./ring-buffers.ts";
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
  readonly ownDevices: readonly [string, string];
  readonly #pinDirectory: string;
  readonly #compiled: CompiledFiles;
  readonly #files = new PinnedFiles(OPEN_PINS_MAX, lastingMax);
  readonly #room = new DescriptorRoom(this.#files);
  readonly #tables: Readonly<Record<Family, JumpTable>>;
  readonly #attachments: Attachments;
  readonly #objects: PinnedObjects;
  readonly #watch: PinWatch;
  readonly #packetOut = new PacketOut(() => this.recirculation());
  readonly #ringBuffers = new RingBuffers(this.#files);

  readonly #lock: FolderLock;
  readonly #counts: RowCounts;

  /** For `openKernelDataplane` only. */
  constructor(
    { pinDirectory, objectDirectory, clsactOnly = false }: KernelDataplaneOptions,
    lock: FolderLock,
  ) {
    this.#lock = lock;
    this.ownDevices = recirculationNames(pinDirectory);
    this.#pinDirectory = pinDirectory;
    this.#counts = new RowCounts(join(objectDirectory, "census.bpf.o"));
    this.#watch = new PinWatch(pinDirectory);
    const files = this.#files;
    const shared = join(pinDirectory, "shared");
    const tables = {
      tc: new JumpTable(files, shared, "tc"),
      xdp: new JumpTable(files, shared, "xdp"),
    };
    this.#tables = tables;
    this.#compiled = new CompiledFiles(objectDirectory);
    this.#objects = new PinnedObjects({ files, pinDirectory, compiled: this.#compiled, tables });
    this.#attachments = new Attachments({ files, pinDirectory, table: tables.tc, clsactOnly });
    onBpffs(`opening ${pinDirectory}`, () => {
      removePins(join(pinDirectory, "staging"));
      this.#makeFolders();
      this.#restore();
    });
  }

  openRecirculation(): number {
    return openRecirculationDevice(this.ownDevices);
  }

  recirculation(): number | undefined {
    return recirculationIndex(this.ownDevices);
  }

  sendFrame(frame: OutgoingFrame): void {
    this.#packetOut.send(frame);
  }

  removeRecirculation(): void {
    removeRecirculationDevice(this.ownDevices);
  }

  awaitFrames(): void {
    awaitGracePeriod();
  }

  get isDisturbed(): boolean {
    return this.#watch.isDisturbed;
  }

  refresh(): void {
    this.#files[Symbol.dispose]();
    onBpffs("looking at what is pinned", () => {
      this.#lock.renew();
      this.#makeFolders();
      this.#restore();
    });
  }

  offerObject({ name }: ObjectLayout, file: string): void {
    this.#compiled.offer(name, file);
  }

  withdrawObject(name: string): void {
    this.#compiled.withdraw(name);
  }

  loadObject(request: ObjectRequest, from?: string): void {
    const load = () => givingWay(this.#files, () => this.#objects.load(request, from));
    const { ringBuffers } = this.#compiled.file(request.object);
    this.#room.claiming(request, ringBuffers, () => this.#watch.whileOwn(load));
  }

  mapsTakenAlong(request: ObjectRequest, from: string): ReadonlySet<string> {
    return this.#objects.mapsTakenAlong(request, from);
  }

  unloadObject(id: string): void {
    this.#checkUnused(id, `unloading ${id}`);
    for (const { path } of this.#objects.usedMaps(id)) this.#ringBuffers.close(path);
    this.#room.settle(id);
    this.#watch.whileOwn(() => this.#objects.unload(id));
  }

  objects(): readonly string[] {
    return this.#objects.ids();
  }

  loadedRequest(id: string): ObjectRequest | undefined {
    return this.#objects.request(id);
  }

  noteOf(id: string): string | undefined {
    return this.#objects.noteOf(id);
  }

  objectFaults(id: string): readonly string[] {
    return this.#objects.faults(id);
  }

  putRows(objectId: string, map: string, rows: readonly Row[]): void {
    this.#objects.map(objectId, map).put(rows);
  }

  deleteRows(objectId: string, map: string, keys: readonly Uint8Array[]): void {
    this.#objects.map(objectId, map).delete(keys);
  }

  rows(objectId: string, map: string): readonly Row[] {
    return this.#objects.map(objectId, map).rows();
  }

  census(): Census {
    const counts = this.#counts.take();
    return {
      of: (objectId, map) => {
        const { id, isCounted, maxEntries } = this.#objects.map(objectId, map);
        return { rows: isCounted ? counts?.get(id) : undefined, maxEntries };
      },
    };
  }

  lookup(objectId: string, map: string, key: Uint8Array): Uint8Array | undefined {
    return this.#objects.map(objectId, map).lookup(key);
  }

  setProgram(slot: number, objectId: string, program: string): void {
    const operation = `setting slot ${slot} to ${program} of ${objectId}`;
    const { family, path } = this.#objects.program(objectId, program, operation);
    const resident = { objectId, program };
    this.#watch.whileOwn(() => {
      this.#tables[family].set(slot, this.#files.open(path), resident);
    });
  }

  clearProgram(family: Family, slot: number): void {
    this.#tables[family].clear(slot);
  }

  programs(): readonly ProgramSlot[] {
    return [...this.#tables.tc.entries(), ...this.#tables.xdp.entries()];
  }

  attach(attachment: Attachment): void {
    const program = this.#programFor(attachment);
    this.#watch.whileOwn(() => this.#attachments.create(attachment, program));
  }

  reattach(attachment: Attachment): void {
    this.#attachments.replace(attachment, this.#programFor(attachment));
  }

  detach(ifindex: number, hook: Hook): void {
    this.#watch.whileOwn(() => this.#attachments.remove(ifindex, hook));
  }

  attachments(): readonly Attachment[] {
    return this.#attachments.list();
  }

  subscribe(objectId: string, map: string, listener: Listener): Disposable {
    const { path, isRingBuffer, maxEntries } = this.#objects.map(objectId, map);
    if (!isRingBuffer) {
      throw new KernelError(`subscribing to map ${map} of ${objectId}`, "EINVAL", "no ring buffer");
    }
    const subscription = this.#ringBuffers.subscribe({ path, maxEntries }, listener);
    this.#room.settle(objectId);
    return subscription;
  }

  /** Runs a program of a loaded object on a packet: for tests and measurements. */
  testRun(objectId: string, program: string, input: TestRunInput): TestRunResult {
    const { path } = this.#objects.program(objectId, program, `running ${program} of ${objectId}`);
    return testRun(this.#files.open(path), input);
  }

  /** Lets go of descriptors; what is pinned goes on forwarding. */
  [Symbol.dispose](): void {
    this.#ringBuffers[Symbol.dispose]();
    this.#packetOut[Symbol.dispose]();
    this.#counts[Symbol.dispose]();
    this.#attachments[Symbol.dispose]();
    this.#files[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }

  #makeFolders(): void {
    for (const folder of ["shared", "links"]) makeFolder(join(this.#pinDirectory, folder));
  }

  #restore(): void {
    this.#objects.restore();
    const residents = this.#objects.residents();
    const residentOf = (id: number) => residents.get(id) ?? { objectId: "", program: "" };
    for (const table of Object.values(this.#tables)) table.restore(residentOf);
    this.#attachments.restore(residentOf);
    this.#watch.trust();
  }

  #checkUnused(id: string, operation: string): void {
    this.#objects.get(id, operation);
    const tables = Object.values(this.#tables);
    refuseUsed(id, operation, { tables, attachments: this.#attachments });
  }

  /** The descriptor of a program that a hook takes. */
  #programFor({ ifindex, hook, objectId, program }: Attachment): number {
    const operation = `attaching ${program} of ${objectId} to device ${ifindex} ${hook}`;
    const { family, path } = this.#objects.program(objectId, program, operation);
    if (family !== familyOf(hook)) {
      throw new KernelError(operation, "EINVAL", `a ${family} program`);
    }
    return this.#files.open(path);
  }
}
