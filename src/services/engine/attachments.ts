import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema, Schema } from "../../datamodel/schema/schema.ts";
import { listChanges, type YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { printPath } from "../../datamodel/tree/path.ts";
import type { Devices } from "../../dataplane/dataplane.ts";
import { deviceChainPath, portChainPath } from "./cause.ts";
import { baseOf, type CubeBase, type CubeName, cubePath } from "./cube.ts";
import { deviceFault, type Fault, failed, mismatch } from "./peers.ts";
import { type PortChange, type PortName, portText } from "./port-changes.ts";
import { ReferenceIndex } from "./reference-index.ts";
import { type DeviceChange, isTransparent, type Topology } from "./topology.ts";

/** What transparent cubes are attached to. */
type Parent =
  | { readonly port: PortName; readonly type: CubeBase["type"]; readonly device?: undefined }
  | { readonly device: string; readonly port?: undefined };

/** A port or device that other cubes are attached to than before. */
interface AttachmentChange {
  readonly by: Parent;
  readonly was: readonly string[];
  readonly is: readonly string[];
}

/** What differs between two versions. */
export interface AttachmentChanges {
  readonly ports: readonly PortChange[];
  readonly devices: readonly DeviceChange[];
  /** Cubes that are gone. */
  readonly removed: readonly CubeName[];
}

export interface AttachmentCheck {
  readonly topology: Topology;
  readonly restoring: boolean;
  /** The port that has a device for its peer in the new version. */
  readonly portOf: (device: string) => PortName | undefined;
}

/** Which transparent cube is attached to what, and what cannot be attached. */
export class AttachmentIndex {
  readonly #schema: Schema;
  readonly #devices: Devices;
  readonly #index = new ReferenceIndex<Parent>();

  constructor(schema: Schema, devices: Devices) {
    this.#schema = schema;
    this.#devices = devices;
  }

  /** The port as `cube:port` or device that a cube is attached to; empty if it is not. */
  parentOf(cube: string): string {
    const parent = this.#index.owner(cube);
    return parent === undefined ? "" : textOf(parent);
  }

  check(changes: AttachmentChanges, check: AttachmentCheck): Violation[] {
    const attachments = attachmentChanges(changes);
    const violations = this.#index.conflicts(attachments).map(({ change, name, owner }) => {
      return this.#violation(change.by, name, inUse(name, owner));
    });
    for (const { by, was, is } of attachments) {
      for (const name of is.filter((one) => !was.includes(one))) {
        const fault = this.#fault(name, by, check);
        if (fault) violations.push(this.#violation(by, name, fault));
      }
    }
    return [
      ...violations,
      ...this.#removals(changes, attachments),
      ...this.#mixedModes(changes, check),
    ];
  }

  update(changes: AttachmentChanges): void {
    this.#index.update(attachmentChanges(changes));
  }

  #fault(name: string, parent: Parent, check: AttachmentCheck): Fault | undefined {
    const found = check.topology.cube(name);
    if (found === undefined) return failed("instance-required", `no cube ${name}`);
    if (!isTransparent(found.list)) {
      return failed("not-transparent", `${name} is a cube with ports, which cannot be attached`);
    }
    const { type } = baseOf(found.config);
    if (parent.device !== undefined) return this.#deviceFault(parent.device, type, check);
    if ((type === "TC") === (parent.type === "TC")) return undefined;
    const cube = { name: parent.port.cube, type: parent.type };
    return failed("type-mismatch", mismatch({ name, type }, cube));
  }

  #deviceFault(
    name: string,
    type: CubeBase["type"],
    { restoring }: AttachmentCheck,
  ): Fault | undefined {
    // What a restored configuration names may have changed, or come later.
    if (restoring) return undefined;
    const device = this.#devices.byName(name);
    if (device === undefined) return failed("instance-required", `no network device ${name}`);
    const fault = deviceFault(device, type);
    return fault === undefined ? undefined : failed("unusable-device", fault);
  }

  /** Cubes that are gone while they are attached. */
  #removals({ removed }: AttachmentChanges, attachments: readonly AttachmentChange[]): Violation[] {
    const ownerAfter = this.#index.ownerAfter(attachments);
    return removed.flatMap(({ list, name }) => {
      const owner = ownerAfter(name);
      return owner === undefined ? [] : [{ path: cubePath({ list, name }), ...inUse(name, owner) }];
    });
  }

  /** A device runs one XDP program, in one mode. */
  #mixedModes({ ports, devices }: AttachmentChanges, check: AttachmentCheck): Violation[] {
    const names = new Set([
      ...devices.flatMap(({ name, is }) => (is ? [name] : [])),
      ...ports.flatMap(({ is }) => (is?.peer && !is.peer.includes(":") ? [is.peer] : [])),
    ]);
    return [...names].flatMap((name) => {
      const [one, other] = xdpCubes(name, check);
      if (one === undefined || other === undefined) return [];
      const path = printPath(deviceChainPath(this.#schema, name));
      const message = `${mismatch(one, other)}: a device has one kind of XDP program`;
      return [{ path, ...failed("type-mismatch", message) }];
    });
  }

  #violation(parent: Parent, name: string, fault: Fault): Violation {
    const at = parent.port
      ? portChainPath({ list: parent.port.list, name: parent.port.cube }, parent.port.port)
      : deviceChainPath(this.#schema, parent.device);
    const last = at.at(-1);
    const path = printPath(last ? [...at.slice(0, -1), { ...last, value: name }] : at);
    return { path, ...fault };
  }
}

/** Of each mode of XDP a cube that needs it on a device. */
function xdpCubes(
  device: string,
  { topology, portOf }: AttachmentCheck,
): readonly Pick<CubeBase, "name" | "type">[] {
  const port = portOf(device);
  const names = [...topology.attachedTo(device), ...(port ? [port.cube] : [])];
  const byMode = new Map<string, Pick<CubeBase, "name" | "type">>();
  for (const name of names) {
    const config = topology.cube(name)?.config;
    if (config === undefined) continue;
    const { type } = baseOf(config);
    if (type !== "TC" && !byMode.has(type)) byMode.set(type, { name, type });
  }
  return [...byMode.values()];
}

function attachmentChanges({ ports, devices }: AttachmentChanges): AttachmentChange[] {
  const ofPorts = ports.map(({ name, type, was, is }): AttachmentChange => {
    return { by: { port: name, type }, was: was?.tcubes ?? [], is: is?.tcubes ?? [] };
  });
  const ofDevices = devices.map(({ name, was, is }): AttachmentChange => {
    return { by: { device: name }, was: was?.tcubes ?? [], is: is?.tcubes ?? [] };
  });
  return [...ofPorts, ...ofDevices].filter(({ was, is }) => was.join() !== is.join());
}

export function removedCubes(
  list: ListSchema,
  older: YangList<DataObject>,
  newer: YangList<DataObject>,
): CubeName[] {
  return [...listChanges(older, newer)].flatMap(([, was, is]) => {
    return was && is === undefined ? [{ list, name: baseOf(was).name }] : [];
  });
}

function textOf(parent: Parent): string {
  return parent.device ?? portText(parent.port);
}

function inUse(cube: string, owner: Parent): Fault {
  return { tag: "in-use", message: `${cube} is attached to ${textOf(owner)}` };
}
