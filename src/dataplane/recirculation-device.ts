import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { KernelError } from "./dataplane.ts";
import { decodeLink, type Link } from "./netlink/link-message.ts";
import { NETLINK_ROUTE, NetlinkClient } from "./netlink/socket.ts";
import { createVethPair, deleteLink, getLink, setUp } from "./netlink/veth-message.ts";

const defaultPinDirectory = "/sys/fs/bpf/yangplane";

/**
 * The two ends of the veth that frames go round by into a cube (docs/adr/0014-recirculation.md):
 * `yp0` and `yp1`, and other names for each other folder of pins.
 */
export function recirculationNames(pinDirectory: string): readonly [string, string] {
  const path = resolve(pinDirectory);
  if (path === defaultPinDirectory) return ["yp0", "yp1"];
  const digest = createHash("sha256").update(path).digest("hex").slice(0, 8);
  return [`yp-${digest}-0`, `yp-${digest}-1`];
}

/** Makes the pair, or what is missing of it, and gives the index of the first. */
export function openRecirculationDevice(names: readonly [string, string]): number {
  using client = new NetlinkClient(NETLINK_ROUTE);
  const [first, second] = names;
  const operation = `making the devices ${first} and ${second}`;
  if (find(client, first) === undefined) client.call(createVethPair(names), operation);
  const ends = names.map((name) => existing(client, name, operation));
  for (const { ifindex, name } of ends) {
    silence(name);
    client.call(setUp(ifindex), operation);
  }
  return ends[0]?.ifindex ?? 0;
}

/** Of the first, if the pair is whole and up. */
export function recirculationIndex(names: readonly [string, string]): number | undefined {
  using client = new NetlinkClient(NETLINK_ROUTE);
  const [first, second] = names.map((name) => find(client, name));
  return first?.up && second?.up ? first.ifindex : undefined;
}

export function removeRecirculationDevice([name]: readonly [string, string]): void {
  using client = new NetlinkClient(NETLINK_ROUTE);
  const link = find(client, name);
  if (link) client.call(deleteLink(link.ifindex), `removing the device ${name}`);
}

function existing(client: NetlinkClient, name: string, operation: string): Link {
  const link = find(client, name);
  if (link?.kind === "veth") return link;
  throw new KernelError(operation, link ? "EEXIST" : "ENODEV", `${name} is no veth of ours`);
}

function find(client: NetlinkClient, name: string): Link | undefined {
  try {
    const [answer] = client.call(getLink(name), `looking for the device ${name}`);
    return answer && decodeLink(answer)?.link;
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENODEV") return undefined;
    throw error;
  }
}

/** The kernel itself would send IPv6's announcements out of it. */
function silence(name: string): void {
  const setting = `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`;
  // A kernel without IPv6 has none to switch off.
  if (existsSync(setting)) writeFileSync(setting, "1");
}
