import {
  type Attachment,
  type Census,
  type Dataplane,
  type Family,
  type Hook,
  KernelError,
  type ObjectRequest,
  type OutgoingFrame,
  type ProgramSlot,
  type Row,
} from "../../src/dataplane/dataplane.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { recirculationId } from "../../src/services/engine/recirculation.ts";

/** A call that changes something, as text: `putRows cubes/br0 hops 2`. */
export type Write = string;

type Before = (write: Write) => void;

/** Passes everything on, after `before` has seen each write. */
class ObservedDataplane implements Dataplane {
  readonly kind: Dataplane["kind"];
  readonly cpuCount: number;
  readonly ownDevices: readonly string[];
  readonly #inner: Dataplane;
  readonly #before: Before;
  readonly #awaited: () => void;

  constructor(inner: Dataplane, before: Before, awaited: () => void = () => undefined) {
    this.kind = inner.kind;
    this.cpuCount = inner.cpuCount;
    this.ownDevices = inner.ownDevices;
    this.#inner = inner;
    this.#before = before;
    this.#awaited = awaited;
  }

  openRecirculation(): number | undefined {
    return this.#inner.openRecirculation();
  }

  recirculation(): number | undefined {
    return this.#inner.recirculation();
  }

  removeRecirculation(): void {
    this.#inner.removeRecirculation();
  }

  get isDisturbed(): boolean {
    return this.#inner.isDisturbed;
  }

  sendFrame(frame: OutgoingFrame): void {
    this.#inner.sendFrame(frame);
  }

  refresh(): void {
    this.#inner.refresh();
  }

  awaitFrames(): void {
    this.#inner.awaitFrames();
    this.#awaited();
  }

  offerObject(layout: ObjectLayout, file: string): void {
    this.#before(`offerObject ${layout.name}`);
    this.#inner.offerObject(layout, file);
  }

  withdrawObject(name: string): void {
    this.#before(`withdrawObject ${name}`);
    this.#inner.withdrawObject(name);
  }

  loadObject(request: ObjectRequest, from?: string): void {
    this.#before(`loadObject ${request.id} ${request.object}`);
    this.#inner.loadObject(request, from);
  }

  mapsTakenAlong(request: ObjectRequest, from: string): ReadonlySet<string> {
    return this.#inner.mapsTakenAlong(request, from);
  }

  unloadObject(id: string): void {
    this.#before(`unloadObject ${id}`);
    this.#inner.unloadObject(id);
  }

  putRows(objectId: string, map: string, rows: readonly Row[]): void {
    this.#before(`putRows ${objectId} ${map} ${rows.length}`);
    this.#inner.putRows(objectId, map, rows);
  }

  deleteRows(objectId: string, map: string, keys: readonly Uint8Array[]): void {
    this.#before(`deleteRows ${objectId} ${map} ${keys.length}`);
    this.#inner.deleteRows(objectId, map, keys);
  }

  census(): Census {
    return this.#inner.census();
  }

  setProgram(slot: number, objectId: string, program: string): void {
    this.#before(`setProgram ${slot} ${objectId} ${program}`);
    this.#inner.setProgram(slot, objectId, program);
  }

  clearProgram(family: Family, slot: number): void {
    this.#before(`clearProgram ${family} ${slot}`);
    this.#inner.clearProgram(family, slot);
  }

  attach(attachment: Attachment): void {
    const { ifindex, hook, objectId, program } = attachment;
    this.#before(`attach ${ifindex} ${hook} ${objectId} ${program}`);
    this.#inner.attach(attachment);
  }

  reattach(attachment: Attachment): void {
    const { ifindex, hook, objectId, program } = attachment;
    this.#before(`reattach ${ifindex} ${hook} ${objectId} ${program}`);
    this.#inner.reattach(attachment);
  }

  detach(ifindex: number, hook: Hook): void {
    this.#before(`detach ${ifindex} ${hook}`);
    this.#inner.detach(ifindex, hook);
  }

  objects(): readonly string[] {
    return this.#inner.objects();
  }

  loadedRequest(id: string): ObjectRequest | undefined {
    return this.#inner.loadedRequest(id);
  }

  noteOf(id: string): string | undefined {
    return this.#inner.noteOf(id);
  }

  objectFaults(id: string): readonly string[] {
    return this.#inner.objectFaults(id);
  }

  rows(objectId: string, map: string): readonly Row[] {
    return this.#inner.rows(objectId, map);
  }

  lookup(objectId: string, map: string, key: Uint8Array): Uint8Array | undefined {
    return this.#inner.lookup(objectId, map, key);
  }

  programs(): readonly ProgramSlot[] {
    return this.#inner.programs();
  }

  attachments(): readonly Attachment[] {
    return this.#inner.attachments();
  }

  subscribe(objectId: string, map: string, listener: (record: Uint8Array) => void): Disposable {
    return this.#inner.subscribe(objectId, map, listener);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}

/**
 * Calls `before` with each write; what it throws is what the write ends in. Calls `awaited` when
 * frames under way have been waited for.
 */
export function watchedDataplane(
  inner: Dataplane,
  before: Before,
  awaited?: () => void,
): Dataplane {
  return new ObservedDataplane(inner, before, awaited);
}

/** Appends each write to `writes`, in order, whether it succeeds or not. */
export function recordingDataplane(inner: Dataplane, writes: Write[]): Dataplane {
  return new ObservedDataplane(inner, (write) => writes.push(write));
}

/**
 * Refuses the n-th write (from 1) with EIO and lets those after it pass: the ones that undo. With a
 * larger n than there are writes nothing fails, which ends a loop over n. What an engine does for
 * itself when it starts is not counted.
 */
export function failingDataplane(inner: Dataplane, n: number): Dataplane {
  let count = 0;
  return new ObservedDataplane(inner, (write) => {
    if (write.split(" ").includes(recirculationId)) return;
    count += 1;
    if (count === n) throw new KernelError(write, "EIO", `write ${n} is made to fail`);
  });
}
