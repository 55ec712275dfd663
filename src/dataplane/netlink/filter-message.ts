import type { Hook } from "../dataplane.ts";
import {
  decodeAttributes,
  encodeAttribute,
  encodeText,
  encodeU32,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
  numberOf,
  viewOf,
} from "./message.ts";
import type { NetlinkRequest } from "./socket.ts";

const RTM_NEWQDISC = 36;
const RTM_DELQDISC = 37;
const RTM_NEWTFILTER = 44;
const RTM_DELTFILTER = 45;
const RTM_GETTFILTER = 46;

/** struct tcmsg: family, ifindex, handle, parent, info. */
const TCMSG_SIZE = 20;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TCA_BPF_FLAGS = 8;
const TCA_BPF_ID = 11;
const TCA_BPF_FLAG_ACT_DIRECT = 1;

const TC_H_CLSACT = 0xfffffff1;
const CLSACT_HANDLE = 0xffff0000;
/** Before filters that other tools give no priority, which start at 49152. */
const PRIORITY = 10;
/** "YP": a filter of ours is known by priority and handle. */
const HANDLE = 0x5950;
/** In network order. */
const ETH_P_ALL = 0x0300;

export type FilterHook = Extract<Hook, "tcx-ingress" | "tcx-egress">;

export interface FilterPlace {
  readonly ifindex: number;
  readonly hook: FilterHook;
}

const PARENTS: Readonly<Record<FilterHook, number>> = {
  "tcx-ingress": 0xfffffff2,
  "tcx-egress": 0xfffffff3,
};

export function addClsact(ifindex: number): NetlinkRequest {
  const head = encodeHead({ ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT });
  const payload = Buffer.concat([head, encodeAttribute(TCA_KIND, encodeText("clsact"))]);
  return { type: RTM_NEWQDISC, flags: NLM_F_CREATE | NLM_F_EXCL, payload };
}

export function deleteClsact(ifindex: number): NetlinkRequest {
  const payload = encodeHead({ ifindex, handle: CLSACT_HANDLE, parent: TC_H_CLSACT });
  return { type: RTM_DELQDISC, payload };
}

/** The program's verdict is the filter's (direct action). Refused where there is a filter. */
export function addFilter(place: FilterPlace, programFd: number): NetlinkRequest {
  return filterRequest(place, programFd, NLM_F_CREATE | NLM_F_EXCL);
}

/** In place of the one that is there, if any; no frame goes by without a filter meanwhile. */
export function replaceFilter(place: FilterPlace, programFd: number): NetlinkRequest {
  return filterRequest(place, programFd, NLM_F_CREATE);
}

function filterRequest(place: FilterPlace, programFd: number, flags: number): NetlinkRequest {
  const options = Buffer.concat([
    encodeAttribute(TCA_BPF_FD, encodeU32(programFd)),
    encodeAttribute(TCA_BPF_NAME, encodeText("yangplane")),
    encodeAttribute(TCA_BPF_FLAGS, encodeU32(TCA_BPF_FLAG_ACT_DIRECT)),
  ]);
  const kind = encodeAttribute(TCA_KIND, encodeText("bpf"));
  const payload = Buffer.concat([ours(place), kind, encodeAttribute(TCA_OPTIONS, options)]);
  return { type: RTM_NEWTFILTER, flags, payload };
}

export function deleteFilter(place: FilterPlace): NetlinkRequest {
  return { type: RTM_DELTFILTER, payload: ours(place) };
}

export function getFilter(place: FilterPlace): NetlinkRequest {
  return { type: RTM_GETTFILTER, payload: ours(place) };
}

/** Of all tools, at one of the two places of a device. */
export function dumpFilters({ ifindex, hook }: FilterPlace): NetlinkRequest {
  const payload = encodeHead({ ifindex, handle: 0, parent: PARENTS[hook] });
  return { type: RTM_GETTFILTER, payload };
}

/** Id of the program of a filter; undefined for any other message. */
export function decodeFilter({ type, payload }: NetlinkMessage): number | undefined {
  if (type !== RTM_NEWTFILTER || payload.length < TCMSG_SIZE) return undefined;
  const attributes = decodeAttributes(payload.subarray(TCMSG_SIZE));
  const options = decodeAttributes(attributes.get(TCA_OPTIONS) ?? new Uint8Array());
  return numberOf(options, TCA_BPF_ID);
}

function ours({ ifindex, hook }: FilterPlace): Uint8Array {
  const info = ((PRIORITY << 16) | ETH_P_ALL) >>> 0;
  return encodeHead({ ifindex, handle: HANDLE, parent: PARENTS[hook], info });
}

interface Head {
  readonly ifindex: number;
  readonly handle: number;
  readonly parent: number;
  readonly info?: number;
}

function encodeHead({ ifindex, handle, parent, info = 0 }: Head): Uint8Array {
  const bytes = new Uint8Array(TCMSG_SIZE);
  const head = viewOf(bytes);
  head.setInt32(4, ifindex, true);
  head.setUint32(8, handle, true);
  head.setUint32(12, parent, true);
  head.setUint32(16, info, true);
  return bytes;
}
