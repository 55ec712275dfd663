import koffi from "koffi";
import type { Family } from "./dataplane.ts";
import { libbpf } from "./libbpf.ts";
import { checked } from "./pins.ts";

/** Fields of bpf(2)'s BPF_OBJ_GET_INFO_BY_FD, at the offsets of the UAPI's bpf_*_info structs. */
const INFO_SIZE = 96;
/** In bpf_prog_info; the address of the ids follows. */
const NR_MAP_IDS = 52;
const NAME_SIZE = 16;

const BPF_PROG_TYPE_SCHED_CLS = 3;

/** By BPF_PROG_TYPE_*: our programs are of two. */
export function familyOfType(type: number): Family {
  return type === BPF_PROG_TYPE_SCHED_CLS ? "tc" : "xdp";
}

export interface MapInfo {
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  readonly id: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  /** The kernel keeps 15 characters. */
  readonly name: string;
}

export interface ProgramInfo {
  /** BPF_PROG_TYPE_*. */
  readonly type: number;
  readonly id: number;
}

export interface LinkInfo {
  readonly id: number;
  readonly programId: number;
  /** 0 once the device is gone. */
  readonly ifindex: number;
}

export function mapInfo(fd: number): MapInfo {
  const info = infoOf(fd);
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    keySize: info.getUint32(8, true),
    valueSize: info.getUint32(12, true),
    maxEntries: info.getUint32(16, true),
    flags: info.getUint32(20, true),
    name: textOf(info, 24),
  };
}

export function programInfo(fd: number): ProgramInfo {
  const info = infoOf(fd);
  return { type: info.getUint32(0, true), id: info.getUint32(4, true) };
}

/** More than any of our programs uses. */
const MAPS_MAX = 64;

/** Ids of the maps that a program uses. */
export function mapsOfProgram(fd: number): number[] {
  const ids = Buffer.alloc(4 * MAPS_MAX);
  const bytes = Buffer.alloc(INFO_SIZE);
  bytes.writeUInt32LE(MAPS_MAX, NR_MAP_IDS);
  bytes.writeBigUInt64LE(koffi.address(ids), NR_MAP_IDS + 4);
  checked(libbpf().infoByFd(fd, bytes, [INFO_SIZE]), "reading the maps of a program");
  const count = Math.min(bytes.readUInt32LE(NR_MAP_IDS), MAPS_MAX);
  return Array.from({ length: count }, (_, index) => ids.readUInt32LE(4 * index));
}

/** For tcx and XDP links, which both start their part with the ifindex. */
export function linkInfo(fd: number): LinkInfo {
  const info = infoOf(fd);
  return {
    id: info.getUint32(4, true),
    programId: info.getUint32(8, true),
    ifindex: info.getUint32(16, true),
  };
}

function infoOf(fd: number): DataView {
  const bytes = Buffer.alloc(INFO_SIZE);
  checked(libbpf().infoByFd(fd, bytes, [INFO_SIZE]), "reading information of a BPF object");
  return new DataView(bytes.buffer, bytes.byteOffset, INFO_SIZE);
}

function textOf(info: DataView, offset: number): string {
  const bytes = new Uint8Array(info.buffer, info.byteOffset + offset, NAME_SIZE);
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString("latin1");
}
