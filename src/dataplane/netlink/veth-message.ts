import {
  encodeAttribute,
  encodeText,
  encodeU32,
  NLM_F_CREATE,
  NLM_F_EXCL,
  viewOf,
} from "./message.ts";
import type { NetlinkRequest } from "./socket.ts";

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;

/** struct ifinfomsg: family, type, index, flags, change. */
const IFINFO_SIZE = 16;

const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;

const IFF_UP = 1;

/** The most that a veth takes. */
const MTU_MAX = 65_535;

/** Two devices, each the other end of the first. EEXIST if there is one of either name. */
export function createVethPair([name, peer]: readonly [string, string]): NetlinkRequest {
  const end = (of: string) => [
    encodeAttribute(IFLA_IFNAME, encodeText(of)),
    encodeAttribute(IFLA_MTU, encodeU32(MTU_MAX)),
  ];
  const head = new Uint8Array(IFINFO_SIZE);
  const peerInfo = encodeAttribute(VETH_INFO_PEER, Buffer.concat([head, ...end(peer)]));
  const info = [
    encodeAttribute(IFLA_INFO_KIND, encodeText("veth")),
    encodeAttribute(IFLA_INFO_DATA, peerInfo),
  ];
  const link = encodeAttribute(IFLA_LINKINFO, Buffer.concat(info));
  const payload = Buffer.concat([head, ...end(name), link]);
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, payload };
}

/** The other end goes with it. */
export function deleteLink(ifindex: number): NetlinkRequest {
  return { type: RTM_DELLINK, payload: ifinfo(ifindex) };
}

/** ENODEV if there is no device of the name. */
export function getLink(name: string): NetlinkRequest {
  const attribute = encodeAttribute(IFLA_IFNAME, encodeText(name));
  return { type: RTM_GETLINK, payload: Buffer.concat([ifinfo(0), attribute]) };
}

export function setUp(ifindex: number): NetlinkRequest {
  const payload = ifinfo(ifindex);
  viewOf(payload).setUint32(8, IFF_UP, true);
  viewOf(payload).setUint32(12, IFF_UP, true);
  return { type: RTM_NEWLINK, payload };
}

function ifinfo(ifindex: number): Uint8Array {
  const head = new Uint8Array(IFINFO_SIZE);
  viewOf(head).setInt32(4, ifindex, true);
  return head;
}
