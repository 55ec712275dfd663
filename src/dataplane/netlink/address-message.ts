import { formatIpAddress } from "../../lib/ip.ts";
import { macText } from "../../lib/mac.ts";
import type { Address, Neighbour } from "../dataplane.ts";
import { decodeAttributes, type NetlinkMessage, viewOf } from "./message.ts";
import type { NetlinkRequest } from "./socket.ts";

export const RTNLGRP_NEIGH = 3;
export const RTNLGRP_IPV4_IFADDR = 5;
export const RTNLGRP_IPV6_IFADDR = 9;

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;

/** struct ifaddrmsg: family, prefix length, flags, scope, ifindex. */
const IFADDR_SIZE = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;

/** struct ndmsg: family, padding, ifindex, state, flags, type. */
const ND_SIZE = 12;
const NDA_DST = 1;
const NDA_LLADDR = 2;
/** States in which the kernel would send to the address: all but incomplete and failed. */
const NUD_USABLE = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;

/** Octets of an address by its family. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [2, 4],
  [10, 16],
]);

export const dumpAddresses: NetlinkRequest = {
  type: RTM_GETADDR,
  payload: new Uint8Array(IFADDR_SIZE),
};

export const dumpNeighbours: NetlinkRequest = {
  type: RTM_GETNEIGH,
  payload: new Uint8Array(ND_SIZE),
};

export interface Change<T> {
  readonly isPresent: boolean;
  readonly entry: T;
}

/** Undefined for any other message, and for one that is not well-formed. */
export function decodeAddress({ type, payload }: NetlinkMessage): Change<Address> | undefined {
  if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
  if (payload.length < IFADDR_SIZE) return undefined;
  const attributes = decodeAttributes(payload.subarray(IFADDR_SIZE));
  // On a point-to-point device the other one is the far end's.
  const address = ipOf(payload[0], attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS));
  const prefixLength = payload[1];
  if (address === undefined || prefixLength === undefined) return undefined;
  const ifindex = viewOf(payload).getUint32(4, true);
  return { isPresent: type === RTM_NEWADDR, entry: { ifindex, address, prefixLength } };
}

/** Undefined for any other message, and for one that is not well-formed. */
export function decodeNeighbour({ type, payload }: NetlinkMessage): Change<Neighbour> | undefined {
  if (type !== RTM_NEWNEIGH && type !== RTM_DELNEIGH) return undefined;
  if (payload.length < ND_SIZE) return undefined;
  const attributes = decodeAttributes(payload.subarray(ND_SIZE));
  const address = ipOf(payload[0], attributes.get(NDA_DST));
  if (address === undefined) return undefined;
  const ifindex = viewOf(payload).getInt32(4, true);
  const isUsable = (viewOf(payload).getUint16(8, true) & NUD_USABLE) !== 0;
  const octets = attributes.get(NDA_LLADDR);
  const mac = isUsable && octets?.length === 6 ? macText(octets) : undefined;
  return { isPresent: type === RTM_NEWNEIGH, entry: { ifindex, address, mac } };
}

function ipOf(family: number | undefined, octets: Uint8Array | undefined): string | undefined {
  if (family === undefined || octets === undefined) return undefined;
  return octets.length === SIZES.get(family) ? formatIpAddress(octets) : undefined;
}
