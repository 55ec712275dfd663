import type { Device } from "../../dataplane/dataplane.ts";
import { type Hop, hopFlag } from "../../gen/bpf/core.ts";
import type { CubeBase } from "./cube.ts";

/** Nothing is there: frames are dropped. */
export const noHop: Hop = { kind: "none", flags: 0, slot: 0, arg: 0 };

/** To the cube in a slot of the jump tables, entered by the port with this index. */
export function tailHop(slot: number, port: number): Hop {
  return { kind: "tail", flags: 0, slot, arg: port };
}

/**
 * Out of a cube to a device. An XDP cube may hand over XDP frames only where the device takes them;
 * those of a veth can carry checksums that nobody has finished (DATAPATH.md §7).
 */
export function deviceHop(device: Device, type: CubeBase["type"]): Hop {
  const takesFrames = type !== "TC" && device.takesXdpFrames;
  const isNativeVeth = type === "XDP_DRV" && device.kind === "veth";
  const flags =
    (takesFrames ? hopFlag["xdp-xmit"] : 0) | (isNativeVeth ? hopFlag["xdp-checksum"] : 0);
  return { kind: "device", flags, slot: 0, arg: device.ifindex };
}

export function sameHop(a: Hop, b: Hop): boolean {
  return a.kind === b.kind && a.flags === b.flags && a.slot === b.slot && a.arg === b.arg;
}

/** How frames of a cube reach what the hop leads to; undefined while it leads nowhere. */
export function forwardingPath(type: CubeBase["type"], hop: Hop): "XDP" | "TC" | undefined {
  if (hop.kind === "none") return undefined;
  return type !== "TC" && (hop.flags & hopFlag["xdp-xmit"]) !== 0 ? "XDP" : "TC";
}
