import type { Device } from "../../dataplane/dataplane.ts";
import { type Hop, hopFlag } from "../../gen/bpf/core.ts";
import type { CubeBase } from "./cube.ts";

/** Nothing is there: frames are dropped. */
export const noHop: Hop = { kind: "none", flags: 0, slot: 0, arg: 0 };

/** To the cube in a slot of the jump tables, entered by the port with this index. */
export function tailHop(slot: number, port: number): Hop {
  return { kind: "tail", flags: 0, slot, arg: port };
}

/** From a device, into a cube whose XDP programs run in front of those for TC if it has any. */
export function entryHop(hop: Hop, device: Device | undefined, type: CubeBase["type"]): Hop {
  if (type === "TC") return hop;
  return { ...hop, flags: hopFlag.resume | (device ? xdpFlags(device, type) : 0) };
}

/**
 * Out of a cube to a device. Frames pass between two devices as XDP frames if both have the flag.
 * A veth never has: XDP does not see a VLAN tag that its peer left to hardware, and would lose it
 * (docs/adr/0011-xdp-between-devices.md).
 */
export function deviceHop(device: Device, type: CubeBase["type"]): Hop {
  return { kind: "device", flags: xdpFlags(device, type), slot: 0, arg: device.ifindex };
}

function xdpFlags(device: Device, type: CubeBase["type"]): number {
  const isXdp = type === "XDP_DRV" && device.takesXdpFrames && device.kind !== "veth";
  if (!isXdp) return 0;
  return hopFlag.xdp | (device.kind === "tun" ? hopFlag["xdp-checksum"] : 0);
}

export function sameHop(a: Hop, b: Hop): boolean {
  return a.kind === b.kind && a.flags === b.flags && a.slot === b.slot && a.arg === b.arg;
}

/** How frames of a cube reach what the hop leads to; undefined while it leads nowhere. */
export function forwardingPath({ kind, flags }: Hop): "XDP" | "TC" | undefined {
  if (kind === "none") return undefined;
  return (flags & hopFlag.xdp) !== 0 ? "XDP" : "TC";
}
