import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Attachment, Hook } from "./dataplane.ts";

const HOOKS: readonly Hook[] = ["tcx-ingress", "tcx-egress", "xdp-native", "xdp-generic"];

/** A program that is to be held on a device. */
export interface HoldRequest extends Attachment {
  readonly programFd: number;
  readonly operation: string;
}

export type Place = Pick<Attachment, "ifindex" | "hook">;

/**
 * Holds programs on devices by something the kernel keeps without the daemon, and remembers each
 * by a pin `<ifindex>-<hook>` in a folder of its own.
 */
export interface Holder {
  /** Either holds the program or throws KernelError and has changed nothing. */
  hold(request: HoldRequest): void;
  /** Puts the program in the place of the one it holds there, so that no frame misses both. */
  exchange(request: HoldRequest): void;
  /** Id of the program; undefined once the device is gone, or has lost it. */
  programAt(place: Place): number | undefined;
  /** Takes the program off at once, and the pin away. */
  release(place: Place): void;
  /** What is pinned, also by an earlier daemon. */
  places(): readonly Place[];
}

export function pinOf(folder: string, { ifindex, hook }: Place): string {
  return join(folder, `${ifindex}-${hook}`);
}

export function placesIn(folder: string): Place[] {
  return readdirSync(folder).flatMap((name) => placeOf(name) ?? []);
}

/** The place that a pin's name tells; undefined for other files. */
export function placeOf(name: string): Place | undefined {
  const [, ifindex, hook] = /^([0-9]+)-(.*)$/.exec(name) ?? [];
  const known = HOOKS.find((each) => each === hook);
  return known && { ifindex: Number(ifindex), hook: known };
}
