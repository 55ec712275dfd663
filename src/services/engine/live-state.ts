import type { Edit, View } from "../../datamodel/datastore/datastore.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Dataplane, DeviceEvent, Devices } from "../../dataplane/dataplane.ts";
import { Breather } from "../../lib/slices.ts";
import { type AnyService, type Discovered, hasCubes, type NodeRef } from "../service.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import { splitForgets } from "./forgetting.ts";
import { hostContext } from "./host-context.ts";
import { type LiveCube, liveCube, pathsBelow } from "./live-cube.ts";
import { refPath, rootPath } from "./node-ref.ts";
import {
  type AnsweredOperation,
  type OperationCall,
  type OperationParts,
  Operations,
} from "./operations.ts";
import type { PeerIndex, PortName } from "./peers.ts";
import type { Plan, Planner } from "./planner.ts";
import { StateReader } from "./state-reader.ts";
import { applySteps, type Step } from "./step.ts";
import type { Turns } from "./turns.ts";

/** How often services are asked whether expiry is due, in milliseconds. */
const expiryIntervalMs = 1000;

export interface LiveParts {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly planner: Planner;
  readonly peers: PeerIndex;
  readonly turns: Turns;
  /** Waits until no commit so far can be undone any more, or has been. */
  readonly durable: () => Promise<void>;
  /** The running configuration. */
  readonly root: () => DataObject;
  /** Tells subscribers of nodes whose state changed. */
  readonly changed: (state: readonly InstancePath[]) => void;
  readonly onError: (error: unknown) => void;
}

type EventDecoder = NonNullable<AnyService["events"]>[string];

/** State as opposed to configuration: devices and maps followed, read, expired and acted upon. */
export class LiveState implements Disposable {
  readonly #parts: LiveParts;
  readonly #calls: OperationParts;
  readonly #reader: StateReader;
  readonly #operations: Operations;
  readonly #rings = new Map<string, Disposable[]>();
  #devices: Disposable | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** When expiry last ran, by the configuration it ran for: a changed one is due at once. */
  readonly #expired = new WeakMap<DataObject, number>();

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#reader = new StateReader(parts);
    this.#calls = { ...parts, read: (path, view) => this.read(path, view) };
    this.#operations = new Operations(this.#calls);
  }

  /** Begins to follow devices and the cubes loaded so far. */
  start(): void {
    const { devices, planner } = this.#parts;
    this.#devices = devices.subscribe((event) => this.#onDevice(event));
    this.#expiry = setInterval(() => this.#expire(), expiryIntervalMs).unref();
    for (const cube of planner.cubes()) this.#followRings(cube);
  }

  /** Takes note of cubes that came and went with a commit, and of ports that were released. */
  follow({ released }: Plan): void {
    const { planner } = this.#parts;
    const loaded = new Map([...planner.cubes()].map((cube) => [cube.objectId, cube]));
    for (const [objectId, rings] of this.#rings) {
      if (loaded.has(objectId)) continue;
      for (const ring of rings) ring[Symbol.dispose]();
      this.#rings.delete(objectId);
    }
    for (const cube of loaded.values()) this.#followRings(cube);
    for (const { cube, index } of released) {
      this.#report(cube, ({ reader }) => cube.service.portReleased?.(index, reader));
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#expiry);
    this.#devices?.[Symbol.dispose]();
    for (const ring of [...this.#rings.values()].flat()) ring[Symbol.dispose]();
    this.#rings.clear();
  }

  /** See Datastore.read; of the state, only what the path needs is read. */
  read(path: InstancePath, view: View): DataValue | undefined {
    const root = this.#parts.root();
    if (view === "config") return nodeAt(root, path);
    const [first, ...below] = path;
    if (first === undefined) return this.#wholeTree(root);
    const list = first.schema;
    if (list.kind !== "list" || !this.#parts.planner.services.has(list)) {
      return nodeAt(this.#reader.topNode(root, path), path);
    }
    const cubes = root[list.prop] as YangList<DataObject>;
    if (first.keys === undefined) return this.#reader.cubes(list, cubes);
    const config = cubes.get(...first.keys);
    if (config === undefined) return undefined;
    return nodeAt(this.#reader.cube(list, config, below), below);
  }

  /** Calls the service that offers an operation; nothing is changed yet. */
  answer(call: OperationCall): AnsweredOperation {
    return this.#operations.answer(call);
  }

  splitForgets(edits: readonly Edit[]): ReturnType<typeof splitForgets> {
    return splitForgets(this.#calls, edits);
  }

  #wholeTree(root: DataObject): DataObject {
    const extra: Record<string, DataValue> = {};
    for (const list of this.#parts.planner.services.keys()) {
      extra[list.prop] = this.#reader.cubes(list, root[list.prop] as YangList<DataObject>);
    }
    const cubes = Object.assign(Object.create(Object.getPrototypeOf(root)), root, extra);
    return this.#parts.schema.root.children.reduce(
      (tree, schema) => this.#reader.topNode(tree, [{ schema }]),
      cubes as DataObject,
    );
  }

  /** The commit is applied by now: what cannot be followed is told, and tried again at the next. */
  #followRings(cube: CubeRuntime): void {
    if (this.#rings.has(cube.objectId)) return;
    const rings: Disposable[] = [];
    try {
      for (const [prop, decode] of Object.entries(cube.service.events ?? {})) {
        rings.push(this.#followRing(cube, prop, decode));
      }
      this.#rings.set(cube.objectId, rings);
    } catch (error) {
      for (const ring of rings) ring[Symbol.dispose]();
      this.#parts.onError(error);
    }
  }

  #followRing(cube: CubeRuntime, prop: string, decode: EventDecoder): Disposable {
    const { name } = mapLayout(cube.service, prop);
    return this.#parts.dataplane.subscribe(cube.objectId, name, (record) => {
      this.#report(cube, ({ reader }) => decode(record, reader));
    });
  }

  #expire(): void {
    const now = performance.now();
    for (const cube of this.#parts.planner.cubes()) {
      const { expire } = cube.service;
      if (expire) this.#report(cube, (live) => this.#runExpiry(expire, live, now));
    }
  }

  #runExpiry(
    expire: NonNullable<AnyService["expire"]>,
    { config, reader }: LiveCube,
    now: number,
  ): readonly NodeRef[] {
    const last = this.#expired.get(config) ?? Number.NEGATIVE_INFINITY;
    if (now - last < expire.everyMs(config)) return [];
    this.#expired.set(config, now);
    return expire.run(reader);
  }

  /** Runs a service's callback and tells of what it says has changed. */
  #report(runtime: CubeRuntime, call: (cube: LiveCube) => readonly NodeRef[] | undefined): void {
    try {
      const cube = liveCube(this.#parts, runtime);
      const changed = cube && call(cube);
      if (cube && changed) this.#tell(cube, changed);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  #tell(cube: LiveCube, changed: readonly NodeRef[]): void {
    if (changed.length > 0) this.#parts.changed(pathsBelow(cube, changed));
  }

  /** Wires the ports that name the device, by its name now and by the one it was wired under. */
  #onDevice(event: DeviceEvent): void {
    const { kind, device } = event;
    this.#tellModules(event);
    const { planner, peers, turns, onError } = this.#parts;
    const work = turns.take(async () => {
      const wired = planner.wiring.portOf(device.ifindex);
      const named = peers.portOf(device.name);
      const isSame = wired?.cube === named?.cube && wired?.port === named?.port;
      const ports = [isSame ? undefined : wired, named].filter((port) => port !== undefined);
      if (ports.length === 0) return;
      // The same index may be another device's by now: what was wired to it is gone all the same.
      const gone = kind === "removed" ? { gone: device.ifindex } : {};
      await applySteps(await this.#planDevices(ports, gone), new Breather());
      if (kind === "removed") await applySteps(await this.#planDevices(ports), new Breather());
      const paths = ports.map((port) => this.#portPath(port)).filter((path) => path !== undefined);
      if (paths.length > 0) this.#parts.changed(paths);
    });
    work.catch(onError);
  }

  #tellModules(event: DeviceEvent): void {
    const { services, schema, changed, root, onError } = this.#parts;
    for (const service of services) {
      if (hasCubes(service) || service.deviceChanged === undefined) continue;
      try {
        const refs = service.deviceChanged(event, hostContext(this.#parts, root()));
        if (refs.length > 0) changed(refs.map((ref) => rootPath(schema.root, ref)));
      } catch (error) {
        onError(error);
      }
    }
  }

  /** Waits before it rewires: undoing a commit must find the wiring that the commit left. */
  async #planDevices(
    ports: readonly { cube: string; port: string }[],
    options: { readonly gone?: number } = {},
  ): Promise<readonly Step[]> {
    const { planner } = this.#parts;
    const plan = () => planner.planDevices(this.#configs(ports), ports, options);
    const steps = plan();
    if (steps.every((step) => step.describe().length === 0)) return steps;
    await this.#parts.durable();
    return plan();
  }

  #configs(ports: readonly { readonly cube: string }[]): DataObject[] {
    const root = this.#parts.root();
    const names = new Set(ports.map(({ cube }) => cube));
    return [...this.#parts.planner.services.keys()].flatMap((list) => {
      const cubes = root[list.prop] as YangList<DataObject>;
      const found = [...names].map((name) => cubes.get(name));
      return found.filter((config) => config !== undefined);
    });
  }

  #portPath({ cube, port }: Pick<PortName, "cube" | "port">): InstancePath | undefined {
    for (const list of this.#parts.planner.services.keys()) {
      const ref = refPath(list, cube, ["ports", [port]]);
      if (nodeAt(this.#parts.root(), ref) !== undefined) return ref;
    }
    return undefined;
  }
}
