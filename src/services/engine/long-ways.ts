import type { Violation } from "../../datamodel/error.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import { programsLimit } from "../../gen/bpf/core.ts";
import type { Slices } from "../../lib/slices.ts";
import type { AttachmentChanges, AttachmentCheck } from "./attachments.ts";
import { deviceChainPath, peerPath, portChainPath } from "./cause.ts";
import { failed } from "./peers.ts";
import type { PortChange } from "./port-changes.ts";
import type { DeviceChange, Topology } from "./topology.ts";
import { type Way, Ways } from "./ways.ts";

interface Parts {
  readonly schema: Schema;
  readonly topology: Topology;
  readonly services: ConstructorParameters<typeof Ways>[1];
  readonly portOf: AttachmentCheck["portOf"];
}

/** A node by which ways may have become longer, and a cube on them. */
interface Growth {
  readonly cube: string;
  readonly path: string;
}

/** Ways that became longer than frames may go. O(cubes that are connected with what changed). */
export function* longWays(changes: AttachmentChanges, parts: Parts): Slices<Violation[]> {
  const ways = new Ways(parts.topology, parts.services);
  const seen = new Set<string>();
  const violations: Violation[] = [];
  for (const { cube, path } of growths(changes, parts)) {
    if (seen.has(cube)) continue;
    for (const name of ways.connected(cube)) seen.add(name);
    const way = yield* ways.longer(cube, programsLimit.max);
    if (way) violations.push({ path, ...failed("way-too-long", messageOf(way)) });
  }
  return violations;
}

function* growths({ ports, devices }: AttachmentChanges, parts: Parts): Generator<Growth> {
  for (const change of ports) yield* portGrowth(change);
  for (const { name, was, is } of devices) {
    const port = hasMore(was, is) ? parts.portOf(name) : undefined;
    if (port) yield { cube: port.cube, path: printPath(deviceChainPath(parts.schema, name)) };
  }
}

function* portGrowth({ name, was, is }: PortChange): Generator<Growth> {
  const { list, cube, port } = name;
  if (is?.peer && is.peer !== was?.peer) {
    yield { cube, path: peerPath({ list, name: cube }, port) };
  } else if (hasMore(was, is)) {
    yield { cube, path: printPath(portChainPath({ list, name: cube }, port)) };
  }
}

type Chain = Pick<NonNullable<DeviceChange["is"]>, "tcubes"> | undefined;

function hasMore(was: Chain, is: Chain): boolean {
  return (is?.tcubes ?? []).length > (was?.tcubes ?? []).length;
}

function messageOf({ from, to, programs }: Way): string {
  return `from ${from} to ${to} frames pass ${programs} programs, of at most ${programsLimit.max}`;
}
