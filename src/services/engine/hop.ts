import type { Device } from "../../dataplane/dataplane.ts";
import { type Hop, hopFlag } from "../../gen/bpf/core.ts";
import type { CubeBase } from "./cube.ts";

/** Nothing is there: frames are dropped. */
export const noHop: Hop = { kind: "none", flags: 0, slot: 0, arg: 0 };

/**
 * To the program in a slot of the jump tables. `arg`: the port that frames enter a standard cube
 * by, the row that a transparent one sends them on by.
 */
export function tailHop(slot: number, arg: number): Hop {
  return { kind: "tail", flags: 0, slot, arg };
}

/** On where frames of a device go without us: into its stack, or out of it. */
export function nextHop(ifindex: number, way: "ingress" | "egress"): Hop {
  return { kind: "next", flags: way === "egress" ? hopFlag.egress : 0, slot: 0, arg: ifindex };
}

/** In from a device, where XDP programs of this type run in front of those for TC. */
export function entryHop(hop: Hop, device: Device | undefined, mode: XdpMode | undefined): Hop {
  if (mode === undefined) return hop;
  return { ...hop, flags: hopFlag.resume | (device ? xdpFlags(device, mode) : 0) };
}

/**
 * Out of a cube to a device. Frames pass between two devices as XDP frames if both have the flag.
 * A veth never has: XDP does not see a VLAN tag that its peer left to hardware, and would lose it
 * (docs/adr/0011-xdp-between-devices.md). `isPlain`: nothing is to be done with frames that leave
 * there; programs at the device's egress do not see XDP frames.
 */
export function deviceHop(
  device: Device,
  type: CubeBase["type"],
  { isPlain }: { readonly isPlain: boolean },
): Hop {
  const flags = isPlain ? xdpFlags(device, type) : 0;
  return { kind: "device", flags, slot: 0, arg: device.ifindex };
}

export type XdpMode = Exclude<CubeBase["type"], "TC">;

function xdpFlags(device: Device, type: CubeBase["type"]): number {
  const isXdp = type === "XDP_DRV" && device.takesXdpFrames && device.kind !== "veth";
  if (!isXdp) return 0;
  return hopFlag.xdp | (device.kind === "tun" ? hopFlag["xdp-checksum"] : 0);
}

export function sameHop(a: Hop, b: Hop): boolean {
  return a.kind === b.kind && a.flags === b.flags && a.slot === b.slot && a.arg === b.arg;
}

export function isXdpHop({ flags }: Hop): boolean {
  return (flags & hopFlag.xdp) !== 0;
}
