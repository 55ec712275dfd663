import { macText } from "../../lib/mac.ts";
import type { Device } from "../dataplane.ts";
import {
  decodeAttributes,
  encodeAttribute,
  encodeU32,
  type NetlinkMessage,
  numberOf,
  textOf,
  viewOf,
} from "./message.ts";
import type { NetlinkRequest } from "./socket.ts";

export const RTNLGRP_LINK = 1;

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

const AF_UNSPEC = 0;
/** struct ifinfomsg: family, type, index, flags, change. */
const IFINFO_SIZE = 16;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 1 << 3;

const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const IFF_PROMISC = 0x100;

const IF_OPER_UNKNOWN = 0;
const IF_OPER_UP = 6;

/** What rtnetlink knows of a device. */
export type Link = Omit<Device, "takesXdpFrames">;

export interface LinkChange {
  readonly isPresent: boolean;
  readonly link: Link;
}

/** All devices, without their statistics. */
export const dumpLinks: NetlinkRequest = {
  type: RTM_GETLINK,
  payload: Buffer.concat([
    new Uint8Array(IFINFO_SIZE),
    encodeAttribute(IFLA_EXT_MASK, encodeU32(RTEXT_FILTER_SKIP_STATS)),
  ]),
};

export function setPromiscuous(ifindex: number, on: boolean): NetlinkRequest {
  const payload = new Uint8Array(IFINFO_SIZE);
  const head = viewOf(payload);
  head.setInt32(4, ifindex, true);
  head.setUint32(8, on ? IFF_PROMISC : 0, true);
  head.setUint32(12, IFF_PROMISC, true);
  return { type: RTM_NEWLINK, payload };
}

/** Undefined for any other message, and for one that is not well-formed. */
export function decodeLink({ type, payload }: NetlinkMessage): LinkChange | undefined {
  if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return undefined;
  // Bridges send these types for their ports too, in a family of their own.
  if (payload.length < IFINFO_SIZE || payload[0] !== AF_UNSPEC) return undefined;
  const attributes = decodeAttributes(payload.subarray(IFINFO_SIZE));
  const name = textOf(attributes, IFLA_IFNAME);
  if (name === undefined) return undefined;
  const ifindex = viewOf(payload).getInt32(4, true);
  const flags = viewOf(payload).getUint32(8, true);
  const state = numberOf(attributes, IFLA_OPERSTATE) ?? IF_OPER_UNKNOWN;
  const up = (flags & IFF_UP) !== 0;
  const linkInfo = decodeAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array());
  const link = {
    ifindex,
    name,
    mac: macOf(attributes.get(IFLA_ADDRESS)),
    up,
    running: up && (state === IF_OPER_UP || state === IF_OPER_UNKNOWN),
    mtu: numberOf(attributes, IFLA_MTU) ?? 0,
    kind: textOf(linkInfo, IFLA_INFO_KIND),
    loopback: (flags & IFF_LOOPBACK) !== 0,
    promiscuous: (flags & IFF_PROMISC) !== 0,
  };
  return { isPresent: type === RTM_NEWLINK, link };
}

/** Addresses of tunnels have other sizes and are no MAC. */
function macOf(address: Uint8Array | undefined): string {
  return address?.length === 6 ? macText(address) : "";
}
