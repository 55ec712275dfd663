/** The data plane without a kernel, for plans, tests and `--dataplane memory`. */

import {
  type Attachment,
  type Census,
  compiledAnew,
  type Dataplane,
  type Devices,
  excludes,
  type Family,
  familyOf,
  type Hook,
  JUMP_TABLE_SLOTS,
  KernelError,
  type ObjectRequest,
  type OutgoingFrame,
  type ProgramSlot,
  type Row,
} from "./dataplane.ts";
import { type MapLayout, type ObjectLayout, type ProgramLayout, programsOf } from "./layout.ts";
import { checkConstants } from "./memory-constants.ts";
import { MemoryMap, type Refuse } from "./memory-map.ts";

export interface MemoryDataplaneOptions {
  /** What could be loaded: the generated descriptors stand for the compiled files. */
  readonly objects: readonly ObjectLayout[];
  /** Where given, attaching to a device that it does not know is ENODEV. */
  readonly devices?: Pick<Devices, "byIndex">;
  /** Values in a row of a per-CPU map; default 2. */
  readonly cpuCount?: number;
}

interface LoadedObject {
  readonly request: ObjectRequest;
  readonly layout: ObjectLayout;
  readonly maps: ReadonlyMap<string, MemoryMap>;
  readonly programs: ReadonlyMap<string, ProgramLayout>;
}

type Listener = (record: Uint8Array) => void;

export class MemoryDataplane implements Dataplane {
  readonly kind = "memory";
  readonly ownDevices = [];
  /** Others have nothing to do with this memory. */
  readonly isDisturbed = false;
  /** Told of each frame that is sent. */
  onFrame: (frame: OutgoingFrame) => void = () => undefined;
  readonly #layouts: Map<string, ObjectLayout>;
  readonly #devices: Pick<Devices, "byIndex"> | undefined;
  readonly cpuCount: number;
  readonly #objects = new Map<string, LoadedObject>();
  readonly #slots: Record<Family, Map<number, ProgramSlot>> = { tc: new Map(), xdp: new Map() };
  readonly #attachments = new Map<string, Attachment>();
  readonly #listeners = new Map<MemoryMap, Set<Listener>>();

  constructor({ objects, devices, cpuCount = 2 }: MemoryDataplaneOptions) {
    this.#layouts = new Map(objects.map((layout) => [layout.name, layout]));
    this.#devices = devices;
    this.cpuCount = cpuCount;
  }

  openRecirculation(): undefined {}

  recirculation(): undefined {}

  sendFrame(frame: OutgoingFrame): void {
    this.onFrame(frame);
  }

  removeRecirculation(): void {}

  refresh(): void {}

  /** There are none. */
  awaitFrames(): void {}

  /** In place of one of this name: what was loaded from that is old. */
  offerObject(layout: ObjectLayout): void {
    this.#layouts.set(layout.name, layout);
  }

  withdrawObject(name: string): void {
    this.#layouts.delete(name);
  }

  loadObject(request: ObjectRequest, from?: string): void {
    const refuse = refusing(`loading ${request.object} as ${request.id}`);
    if (this.#objects.has(request.id)) refuse("EEXIST");
    const layout = this.#layouts.get(request.object) ?? refuse("ENOENT", "no such object");
    checkConstants(layout, request, refuse);
    const maps = this.#createMaps(layout, request, refuse);
    for (const { name, old, isShared } of this.#heirlooms(layout, request, from)) {
      if (isShared) maps.set(name, old);
      else maps.get(name)?.put(old.rows(refuse), refuse);
    }
    this.#objects.set(request.id, {
      request,
      layout,
      maps,
      programs: programsOf(layout, request.families),
    });
  }

  mapsTakenAlong(request: ObjectRequest, from: string): ReadonlySet<string> {
    const refuse = refusing(`preparing ${request.object}`);
    const layout = this.#layouts.get(request.object) ?? refuse("ENOENT", "no such object");
    return new Set(this.#heirlooms(layout, request, from).map(({ name }) => name));
  }

  unloadObject(id: string): void {
    const refuse = refusing(`unloading ${id}`);
    if (!this.#objects.has(id)) refuse("ENOENT", "not loaded");
    const slot = this.programs().find(({ objectId }) => objectId === id);
    if (slot) refuse("EBUSY", `program ${slot.program} is in ${slot.family} slot ${slot.slot}`);
    const used = this.attachments().find(({ objectId }) => objectId === id);
    if (used) refuse("EBUSY", `program ${used.program} is attached to device ${used.ifindex}`);
    this.#objects.delete(id);
  }

  objects(): readonly string[] {
    return [...this.#objects.keys()];
  }

  loadedRequest(id: string): ObjectRequest | undefined {
    return this.objectFaults(id).length === 0 ? this.#objects.get(id)?.request : undefined;
  }

  noteOf(id: string): string | undefined {
    return this.#objects.get(id)?.request.note;
  }

  objectFaults(id: string): readonly string[] {
    const object = this.#objects.get(id);
    const isCurrent = object && object.layout === this.#layouts.get(object.layout.name);
    return isCurrent || object === undefined ? [] : [compiledAnew];
  }

  putRows(objectId: string, map: string, rows: readonly Row[]): void {
    const refuse = refusing(`updating map ${map} of ${objectId}`);
    this.#map(objectId, map, refuse).put(rows, refuse);
  }

  deleteRows(objectId: string, map: string, keys: readonly Uint8Array[]): void {
    const refuse = refusing(`deleting from map ${map} of ${objectId}`);
    this.#map(objectId, map, refuse).delete(keys, refuse);
  }

  rows(objectId: string, map: string): readonly Row[] {
    const refuse = refusing(`reading map ${map} of ${objectId}`);
    return this.#map(objectId, map, refuse).rows(refuse);
  }

  census(): Census {
    return {
      of: (objectId, map) => this.#map(objectId, map, refusing(`counting map ${map}`)).fill,
    };
  }

  lookup(objectId: string, map: string, key: Uint8Array): Uint8Array | undefined {
    const refuse = refusing(`reading map ${map} of ${objectId}`);
    return this.#map(objectId, map, refuse).lookup(key, refuse);
  }

  setProgram(slot: number, objectId: string, program: string): void {
    const refuse = refusing(`setting slot ${slot} to ${program} of ${objectId}`);
    const { family } = this.#program(objectId, program, refuse);
    if (slot >= JUMP_TABLE_SLOTS) refuse("E2BIG", `the last slot is ${JUMP_TABLE_SLOTS - 1}`);
    this.#slots[family].set(slot, { family, slot, objectId, program });
  }

  clearProgram(family: Family, slot: number): void {
    const refuse = refusing(`clearing ${family} slot ${slot}`);
    if (!this.#slots[family].delete(slot)) refuse("ENOENT", "the slot is empty");
  }

  programs(): readonly ProgramSlot[] {
    return [...this.#slots.tc.values(), ...this.#slots.xdp.values()];
  }

  attach(attachment: Attachment): void {
    const { ifindex, hook, objectId, program } = attachment;
    const refuse = refusing(`attaching ${program} of ${objectId} to device ${ifindex} ${hook}`);
    const { family } = this.#program(objectId, program, refuse);
    if (family !== familyOf(hook)) refuse("EINVAL", `a ${family} program`);
    if (!this.#exists(ifindex)) refuse("ENODEV");
    const taken = this.attachments().find((other) => excludes(other, attachment));
    if (taken) refuse("EBUSY", `${taken.hook} has ${taken.program} of ${taken.objectId}`);
    this.#attachments.set(placeOf(ifindex, hook), attachment);
  }

  reattach(attachment: Attachment): void {
    const { ifindex, hook, objectId, program } = attachment;
    const refuse = refusing(`attaching ${program} of ${objectId} to device ${ifindex} ${hook}`);
    const { family } = this.#program(objectId, program, refuse);
    if (family !== familyOf(hook)) refuse("EINVAL", `a ${family} program`);
    const place = placeOf(ifindex, hook);
    if (!this.#attachments.has(place) || !this.#exists(ifindex))
      refuse("ENOENT", "nothing attached");
    this.#attachments.set(place, attachment);
  }

  detach(ifindex: number, hook: Hook): void {
    const refuse = refusing(`detaching from device ${ifindex} ${hook}`);
    if (!this.#attachments.delete(placeOf(ifindex, hook))) refuse("ENOENT", "nothing attached");
  }

  attachments(): readonly Attachment[] {
    return [...this.#attachments.values()].filter(({ ifindex }) => this.#exists(ifindex));
  }

  subscribe(objectId: string, map: string, listener: Listener): Disposable {
    const refuse = refusing(`subscribing to map ${map} of ${objectId}`);
    const buffer = this.#map(objectId, map, refuse);
    if (buffer.type !== "ringbuf") refuse("EINVAL", `a ${buffer.type}`);
    const listeners = this.#listeners.get(buffer) ?? new Set();
    this.#listeners.set(buffer, listeners.add(listener));
    return { [Symbol.dispose]: () => listeners.delete(listener) };
  }

  /** What a BPF program would do with bpf_ringbuf_output. */
  emit(objectId: string, map: string, record: Uint8Array): void {
    const buffer = this.#map(objectId, map, refusing(`emitting to map ${map} of ${objectId}`));
    for (const listener of this.#listeners.get(buffer) ?? []) listener(record);
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
  }

  #createMaps(
    layout: ObjectLayout,
    { capacity }: ObjectRequest,
    refuse: Refuse,
  ): Map<string, MemoryMap> {
    const maps = new Map<string, MapLayout>();
    for (const map of Object.values(layout.maps)) maps.set(map.name, map);
    for (const [name, entries] of Object.entries(capacity)) {
      if (!maps.has(name)) refuse("ENOENT", `no map ${name}`);
      if (!Number.isInteger(entries) || entries < 1)
        refuse("EINVAL", `${name}: ${entries} entries`);
    }
    const create = (map: MapLayout) =>
      new MemoryMap(map, capacity[map.name] ?? map.maxEntries, this.cpuCount);
    return new Map([...maps].map(([name, map]) => [name, create(map)]));
  }

  /** Maps of an earlier object with rows of the same form and type, and no more room. */
  #heirlooms({ maps }: ObjectLayout, { capacity }: ObjectRequest, from: string | undefined) {
    const object = from === undefined ? undefined : this.#objects.get(from);
    const layouts = Object.values(object?.layout.maps ?? {});
    return Object.values(maps).flatMap((layout) => {
      const { name, type, maxEntries } = layout;
      // The jump tables are no object's own.
      if (type === "prog_array") return [];
      const old = object?.maps.get(name);
      const room = capacity[name] ?? maxEntries;
      const isAlike = layouts.some((one) => one.name === name && haveSameRows(one, layout));
      if (old === undefined || old.type !== type || !isAlike) return [];
      const isShared = old.maxEntries === room;
      const canTakeRows = old.hasRows && old.maxEntries < room;
      return isShared || canTakeRows ? [{ name, old, isShared }] : [];
    });
  }

  #map(objectId: string, map: string, refuse: Refuse): MemoryMap {
    const object = this.#objects.get(objectId) ?? refuse("ENOENT", "the object is not loaded");
    return object.maps.get(map) ?? refuse("ENOENT", "no such map");
  }

  #program(objectId: string, program: string, refuse: Refuse): ProgramLayout {
    const object = this.#objects.get(objectId) ?? refuse("ENOENT", "the object is not loaded");
    return object.programs.get(program) ?? refuse("ENOENT", "no such program");
  }

  #exists(ifindex: number): boolean {
    return this.#devices === undefined || this.#devices.byIndex(ifindex) !== undefined;
  }
}

function refusing(operation: string): Refuse {
  return (code, detail) => {
    throw new KernelError(operation, code, detail);
  };
}

function haveSameRows(a: MapLayout, b: MapLayout): boolean {
  return a.key.form === b.key.form && a.value.form === b.value.form;
}

function placeOf(ifindex: number, hook: Hook): string {
  return `${ifindex}-${hook}`;
}
