/** Ports and devices that are wired anew because something else is. */

import type { DataObject } from "../../datamodel/tree/node.ts";
import type { Devices } from "../../dataplane/dataplane.ts";
import { baseOf, type CubeRuntime, type PortBase } from "./cube.ts";
import { linkOf } from "./places.ts";
import type { LoadedPort, PlanDraft } from "./plan-draft.ts";
import { parsePeer, type Topology } from "./topology.ts";
import type { Wiring } from "./wiring.ts";

export interface TouchParts {
  readonly devices: Devices;
  readonly wiring: Wiring;
  /** The loaded cube of a configuration, or the one that the plan loads. */
  readonly cubeOf: (config: DataObject) => CubeRuntime | undefined;
}

/** Devices that something else is attached to now, and the ports that they feed. */
export function touchDevices(
  draft: PlanDraft,
  before: Topology,
  { devices, wiring }: TouchParts,
): void {
  for (const { name } of draft.topology.changedDevices(before)) {
    const ifindex = devices.byName(name)?.ifindex;
    const indexes = [...wiring.wiredAs(name), ...(ifindex === undefined ? [] : [ifindex])];
    for (const index of indexes) {
      draft.devices.add(index);
      const port = wiring.portEnd(index);
      if (port) draft.touch(port);
    }
  }
}

/** The far ends of ports are wired anew with them, and may be up or down by that. */
export function touchPeers(draft: PlanDraft, before: Topology, parts: TouchParts): void {
  for (const { cube, port } of [...draft.ports()]) {
    for (const topology of [before, draft.topology]) {
      const peer = parsePeer(topology.port(cube.name, port)?.peer);
      if (peer?.cube !== undefined) touchNamed(draft, peer, parts);
    }
  }
}

/**
 * Ports that have the devices others come to: a device got another name, and the event that says so
 * is still waiting. Such a port may come to a device that a third has.
 */
export function touchOusted(draft: PlanDraft, parts: TouchParts): void {
  const { topology, gone } = draft;
  const { devices, wiring } = parts;
  for (const { cube, port: name } of draft.ports()) {
    const config = topology.cube(cube.name)?.config;
    const port = topology.port(cube.name, name);
    const link = config && port && linkOf({ topology, gone, devices }, baseOf(config), port);
    const ousted = link?.device && wiring.portEnd(link.device.ifindex);
    if (ousted) touchNamed(draft, { cube: ousted.cube.name, port: ousted.port }, parts);
  }
}

function touchNamed(
  draft: PlanDraft,
  name: { readonly cube: string; readonly port: string },
  { cubeOf }: TouchParts,
): void {
  const port = draft.topology.port(name.cube, name.port);
  const config = draft.topology.cube(name.cube)?.config;
  const cube = config && cubeOf(config);
  if (port && cube) draft.touch(loadedPort(cube, port));
}

export function loadedPort(cube: CubeRuntime, { name, index = 0 }: PortBase): LoadedPort {
  return { cube, port: name, index };
}
