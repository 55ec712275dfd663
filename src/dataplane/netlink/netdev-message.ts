import {
  decodeAttributes,
  encodeAttribute,
  encodeText,
  encodeU32,
  type NetlinkMessage,
  numberOf,
  textOf,
} from "./message.ts";
import type { NetlinkClient, NetlinkRequest } from "./socket.ts";

/** struct genlmsghdr: command, version, reserved. */
const GENERIC_HEAD = 4;

const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const CTRL_ATTR_MCAST_GROUPS = 7;
const CTRL_ATTR_MCAST_GRP_NAME = 1;
const CTRL_ATTR_MCAST_GRP_ID = 2;

const NETDEV_CMD_DEV_GET = 1;
const NETDEV_CMD_DEV_DEL_NTF = 3;
const NETDEV_A_DEV_IFINDEX = 1;
const NETDEV_A_DEV_XDP_FEATURES = 3;
const NETDEV_XDP_ACT_NDO_XMIT = 4;

/** The generic netlink family `netdev` (kernel 6.3): its numbers are given at run time. */
export interface NetdevFamily {
  readonly id: number;
  /** Multicast group that tells changes. */
  readonly group: number;
}

export interface XdpFeatures {
  readonly ifindex: number;
  readonly takesXdpFrames: boolean;
}

export function resolveNetdevFamily(client: NetlinkClient): NetdevFamily | undefined {
  const name = encodeAttribute(CTRL_ATTR_FAMILY_NAME, encodeText("netdev"));
  const request = generic(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, name);
  const [answer] = client.call(request, "finding the netlink family netdev");
  return answer && decodeFamily(answer);
}

/** Of one device, or of all. */
export function getXdpFeatures({ id }: NetdevFamily, ifindex?: number): NetlinkRequest {
  const attribute =
    ifindex === undefined
      ? new Uint8Array()
      : encodeAttribute(NETDEV_A_DEV_IFINDEX, encodeU32(ifindex));
  return generic(id, NETDEV_CMD_DEV_GET, attribute);
}

/** From an answer or a notification; undefined for any other message. */
export function decodeXdpFeatures({ payload }: NetlinkMessage): XdpFeatures | undefined {
  if (payload.length < GENERIC_HEAD || payload[0] === NETDEV_CMD_DEV_DEL_NTF) return undefined;
  const attributes = decodeAttributes(payload.subarray(GENERIC_HEAD));
  const ifindex = numberOf(attributes, NETDEV_A_DEV_IFINDEX);
  const features = numberOf(attributes, NETDEV_A_DEV_XDP_FEATURES);
  if (ifindex === undefined || features === undefined) return undefined;
  return { ifindex, takesXdpFrames: (features & NETDEV_XDP_ACT_NDO_XMIT) !== 0 };
}

export function decodeFamily({ payload }: NetlinkMessage): NetdevFamily | undefined {
  const attributes = decodeAttributes(payload.subarray(GENERIC_HEAD));
  const id = numberOf(attributes, CTRL_ATTR_FAMILY_ID);
  const groups = decodeAttributes(attributes.get(CTRL_ATTR_MCAST_GROUPS) ?? new Uint8Array());
  for (const nested of groups.values()) {
    const group = decodeAttributes(nested);
    if (textOf(group, CTRL_ATTR_MCAST_GRP_NAME) !== "mgmt") continue;
    const groupId = numberOf(group, CTRL_ATTR_MCAST_GRP_ID);
    if (id !== undefined && groupId !== undefined) return { id, group: groupId };
  }
  return undefined;
}

function generic(type: number, command: number, attributes: Uint8Array): NetlinkRequest {
  return { type, payload: Buffer.concat([Uint8Array.of(command, 1, 0, 0), attributes]) };
}
