/**
 * The boundary to the kernel: objects (maps and programs of one cube or device), the jump tables,
 * and attachments. Two implementations pass one contract suite: `kernel.ts` and `memory.ts`.
 * All calls are synchronous; each either does what it says or throws KernelError and has changed
 * nothing.
 */

import type { ObjectLayout } from "./layout.ts";

/** The kernel (or its in-memory twin) said no. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  /** What was tried, gerund: `loading simplebridge`, `updating map static_fdb`. */
  readonly operation: string;
  /** errno name, `ENOSPC`. */
  readonly code: string;

  constructor(operation: string, code: string, detail?: string, options?: ErrorOptions) {
    super(`${operation}: ${code}${detail === undefined ? "" : `: ${detail}`}`, options);
    this.operation = operation;
    this.code = code;
  }
}

/** The place on a device is somebody else's: another tool's, or another daemon's. */
export class TakenError extends KernelError {}

export type Family = "tc" | "xdp";

/**
 * `tcx-*` is a filter on clsact where the kernel has no tcx (before 6.6); `xdp-native` never falls
 * back to generic.
 */
export type Hook = "tcx-ingress" | "tcx-egress" | "xdp-native" | "xdp-generic";

export function familyOf(hook: Hook): Family {
  return hook === "tcx-ingress" || hook === "tcx-egress" ? "tc" : "xdp";
}

/** Slots of each jump table, `jmp_tc` and `jmp_xdp`; 8 bytes of kernel memory a slot. */
export const JUMP_TABLE_SLOTS = 16_384;

export interface ObjectRequest {
  /** Names the instance; also the folder of its pins: `cubes/br0`, `devices/7`. */
  readonly id: string;
  /** Compiled object, `simplebridge`. */
  readonly object: string;
  /** .rodata variables by C name, encoded. */
  readonly constants: Readonly<Record<string, Uint8Array>>;
  /** max_entries by C map name, where it is not the compiled one. */
  readonly capacity: Readonly<Record<string, number>>;
  /** Whose programs are wanted; default all. Verifying a program takes most of the time. */
  readonly families?: readonly Family[];
  /** Kept with the object for whoever finds it after a restart; means nothing to the data plane. */
  readonly note?: string;
}

/** The fault of an object whose compiled file is another one now. */
export const compiledAnew = "it was compiled anew";

export interface Row {
  readonly key: Uint8Array;
  /** Per-CPU maps: one value for each possible CPU, each rounded up to 8 bytes. */
  readonly value: Uint8Array;
}

export interface Attachment {
  readonly ifindex: number;
  readonly hook: Hook;
  /** Loaded object and its program; both empty where an earlier daemon's object is gone. */
  readonly objectId: string;
  readonly program: string;
}

/** Whether a hook is taken by another: a device runs one XDP program, in whichever mode. */
export function excludes(a: Attachment, b: Attachment): boolean {
  if (a.ifindex !== b.ifindex) return false;
  return a.hook === b.hook || (familyOf(a.hook) === "xdp" && familyOf(b.hook) === "xdp");
}

/** A program in a jump table. */
export interface ProgramSlot {
  readonly family: Family;
  readonly slot: number;
  /** Loaded object and its program; both empty where an earlier daemon's object is gone. */
  readonly objectId: string;
  readonly program: string;
}

/** A frame that the daemon sends into a cube. */
export interface OutgoingFrame {
  /** Whole, with its outer tag. A TCP or UDP checksum may be that of the pseudo header only. */
  readonly data: Uint8Array;
  /** Payload of each segment that it is to be cut into; 0: it is sent as it is. */
  readonly segmentSize: number;
  /** The program in the TC jump table that it enters by, and where in its cube (CB_ARG). */
  readonly slot: number;
  readonly arg: number;
}

/** How full maps are; made once for many of them. */
export interface Census {
  of(objectId: string, map: string): MapFill;
}

export interface MapFill {
  /** Undefined where nobody counts: only hash maps, and in the kernel since Linux 6.6. */
  readonly rows: number | undefined;
  readonly maxEntries: number;
}

export interface Dataplane extends Disposable {
  readonly kind: "kernel" | "memory";
  /** Possible CPUs: how many values a row of a per-CPU map holds. */
  readonly cpuCount: number;
  /** Names of the devices that the data plane has for itself. */
  readonly ownDevices: readonly string[];

  /**
   * The index of the device by which frames enter a cube anew (docs/adr/0014-recirculation.md),
   * which is made if it is not there; undefined where there are no frames.
   */
  openRecirculation(): number | undefined;
  /** Its index, undefined if it is not there. */
  recirculation(): number | undefined;
  /**
   * Sends a frame by that device. Never waits: EAGAIN where too much is on its way already,
   * ENOBUFS where the cube that it entered has dropped it.
   */
  sendFrame(frame: OutgoingFrame): void;
  /** Takes that device away; nothing may be attached to it. */
  removeRecirculation(): void;

  /** Whether somebody else seems to have pinned or removed something since the last `refresh`. */
  readonly isDisturbed: boolean;
  /** Looks anew at what there is: somebody else may have changed it. */
  refresh(): void;

  /**
   * Returns when every run of a program that had begun before has ended: no frame is inside one
   * that has read a row as it was. Takes milliseconds.
   */
  awaitFrames(): void;

  /**
   * Makes a compiled object known by the name of its layout, beside those that the data plane came
   * with: `file` is its path.
   */
  offerObject(layout: ObjectLayout, file: string): void;
  /** Forgets it; nothing that is loaded is of it. */
  withdrawObject(name: string): void;

  /**
   * Loads, verifies and pins; shared maps (the jump tables, yp events) are reused by name. `from`:
   * an object that the new one is to succeed. The two share the maps whose type, rows and capacity
   * are equal; of those that have become larger, the new one begins with the rows of the old.
   */
  loadObject(request: ObjectRequest, from?: string): void;
  /** Names of the maps that `loadObject` would share, or take the rows of. */
  mapsTakenAlong(request: ObjectRequest, from: string): ReadonlySet<string>;
  /** Unpins and frees; its programs must be out of the jump tables and detached. */
  unloadObject(id: string): void;
  /** Ids of all loaded objects. */
  objects(): readonly string[];
  /**
   * What an object was loaded with, also by an earlier daemon. Undefined where that cannot be
   * relied on: it is not loaded, or has faults; such an object wants a successor.
   */
  loadedRequest(id: string): ObjectRequest | undefined;
  /** The note of an object, also of one that has faults. */
  noteOf(id: string): string | undefined;
  /**
   * What is wrong with a loaded object, a phrase each: somebody has removed parts of it, or the
   * compiled file is another one now.
   */
  objectFaults(id: string): readonly string[];

  /** Writes all rows or none. Keys that exist are overwritten. */
  putRows(objectId: string, map: string, rows: readonly Row[]): void;
  /** Deletes all keys or none; an absent key is an error (ENOENT). Arrays: writes zeroes. */
  deleteRows(objectId: string, map: string, keys: readonly Uint8Array[]): void;
  /** Every row of a map, in the kernel's order. O(max_entries) for arrays. */
  rows(objectId: string, map: string): readonly Row[];
  /** Counts the rows of all maps at once; O(maps). */
  census(): Census;
  /** In an lpm_trie the row of the longest prefix that covers the key. */
  lookup(objectId: string, map: string, key: Uint8Array): Uint8Array | undefined;

  /** Puts a program of a loaded object into a slot of its family's jump table. */
  setProgram(slot: number, objectId: string, program: string): void;
  clearProgram(family: Family, slot: number): void;
  /** What the jump tables hold. */
  programs(): readonly ProgramSlot[];

  /** One program a hook, one XDP program a device; a taken place is EBUSY. */
  attach(attachment: Attachment): void;
  /** Puts another program in place of the one attached there by one store: frames meet either. */
  reattach(attachment: Attachment): void;
  /** Also succeeds for a device that is gone since. */
  detach(ifindex: number, hook: Hook): void;
  /** Without those whose device is gone: the kernel has dropped them. */
  attachments(): readonly Attachment[];

  /** Calls back for every record of a ring buffer map until disposed; never blocks. */
  subscribe(objectId: string, map: string, listener: (record: Uint8Array) => void): Disposable;
}

/** A network device of the namespace the daemon runs in. */
export interface Device {
  readonly ifindex: number;
  readonly name: string;
  /** `aa:bb:cc:dd:ee:ff`; empty for devices without a link-layer address (TUN). */
  readonly mac: string;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Operationally up (carrier, RFC 2863 ifOperStatus up or unknown). */
  readonly running: boolean;
  readonly mtu: number;
  /** rtnl link kind, `veth`, `tun`, `bridge`; undefined for a physical device. */
  readonly kind: string | undefined;
  readonly loopback: boolean;
  readonly promiscuous: boolean;
  /** Netdev family XDP_FEATURES bit NDO_XMIT: native XDP frames can be redirected to it. */
  readonly takesXdpFrames: boolean;
}

/** What happened to a device; a rename is `changed` with another name under the same ifindex. */
export interface DeviceEvent {
  readonly kind: "added" | "changed" | "removed";
  readonly device: Device;
}

/** The devices, kept current from netlink. Ifindex is the identity, names may move. */
export interface Devices extends Disposable {
  byName(name: string): Device | undefined;
  byIndex(ifindex: number): Device | undefined;
  list(): readonly Device[];
  /** After ENOBUFS the implementation dumps again and reports the difference. */
  subscribe(listener: (event: DeviceEvent) => void): Disposable;
  setPromiscuous(ifindex: number, on: boolean): void;
}

/** An IP address of a device, in the text form of RFC 5952. */
export interface Address {
  readonly ifindex: number;
  readonly address: string;
  readonly prefixLength: number;
}

/** Who has an IP address on the link of a device. */
export interface Neighbour {
  readonly ifindex: number;
  readonly address: string;
  /** Undefined while the kernel does not know, or no longer. */
  readonly mac: string | undefined;
}

export interface WatchedEvent<T> {
  readonly kind: "added" | "changed" | "removed";
  readonly entry: T;
}

/** What the kernel has of a kind, kept current from netlink. */
export interface Watched<T> extends Disposable {
  list(): readonly T[];
  /** After ENOBUFS the implementation lists again and reports the difference. */
  subscribe(listener: (event: WatchedEvent<T>) => void): Disposable;
}
