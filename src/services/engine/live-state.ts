import type { Edit, View } from "../../datamodel/datastore/datastore.ts";
import { RequestError, refuse } from "../../datamodel/error.ts";
import type { ListSchema, OperationSchema, Schema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import { type DataObject, type DataValue, emptyObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import {
  createOperationValidator,
  type OperationValidator,
} from "../../datamodel/validate/operation.ts";
import type { Dataplane, DeviceEvent, Devices } from "../../dataplane/dataplane.ts";
import { assert } from "../../lib/assert.ts";
import { Breather } from "../../lib/slices.ts";
import type { AnyCubeReader, AnyService, NodeRef } from "../service.ts";
import { type CubeRuntime, cubeReader, mapLayout } from "./cube.ts";
import { pathBelowCube, refPath } from "./node-ref.ts";
import { withState } from "./operational.ts";
import type { PeerIndex, PortName } from "./peers.ts";
import type { Plan, Planner } from "./planner.ts";
import { StateReader } from "./state-reader.ts";
import { applySteps, type Step } from "./step.ts";
import type { Turns } from "./turns.ts";

/** How often services are asked whether expiry is due, in milliseconds. */
const expiryIntervalMs = 1000;

export interface LiveParts {
  readonly schema: Schema;
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

/** A cube with all that is needed to call its service. */
interface LiveCube {
  readonly list: ListSchema;
  readonly config: DataObject;
  readonly service: AnyService;
  readonly reader: AnyCubeReader;
}

type EventDecoder = NonNullable<AnyService["events"]>[string];

/** State as opposed to configuration: devices and maps followed, read, expired and acted upon. */
export class LiveState implements Disposable {
  readonly #parts: LiveParts;
  readonly #reader: StateReader;
  readonly #operations: OperationValidator;
  readonly #rings = new Map<string, Disposable[]>();
  #devices: Disposable | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** When expiry last ran, by the configuration it ran for: a changed one is due at once. */
  readonly #expired = new WeakMap<DataObject, number>();

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#reader = new StateReader(parts);
    this.#operations = createOperationValidator(parts.schema);
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
    if (list.kind !== "list" || !this.#parts.planner.services.has(list)) return nodeAt(root, path);
    const cubes = root[list.prop] as YangList<DataObject>;
    if (first.keys === undefined) return this.#reader.cubes(list, cubes);
    const config = cubes.get(...first.keys);
    if (config === undefined) return undefined;
    return nodeAt(this.#reader.cube(list, config, below), below);
  }

  invoke(path: InstancePath, operation: OperationSchema, input: DataObject): DataObject {
    const cube = this.#cubeAt(path);
    if (cube === undefined) throw refuse("data-missing", printPath(path), "does not exist");
    const action = cube.service.actions?.[pathBelowCube(path, operation.name)];
    if (action === undefined) {
      const name = `${printPath(path)}/${operation.name}`;
      throw refuse("operation-not-supported", name, "the service does not offer this operation");
    }
    const at = { root: this.#parts.root(), path };
    const violations = this.#operations.validate(operation.input, input, at);
    if (violations.length > 0) throw new RequestError(violations);
    const { output, changed = [] } = action(input, cube.reader);
    this.#tell(cube, changed);
    const answer = withState(operation.output, emptyObject(operation.output), output);
    const [fault] = this.#operations.validate(operation.output, answer, at);
    assert(fault === undefined, `output of ${operation.name}: ${fault?.path} ${fault?.message}`);
    return answer;
  }

  /**
   * Takes the deletions of nodes that only state has (learned entries) out of the edits: they are
   * no change of configuration. `forgotten` carries them out.
   */
  splitForgets(edits: readonly Edit[]): { rest: readonly Edit[]; forgotten: () => void } {
    const root = this.#parts.root();
    const written = new Set<string>();
    const forgets = edits.filter((edit) => {
      const path = printPath(edit.path);
      const isNew = !written.has(path);
      written.add(path);
      if (!isNew) return false;
      const isDelete = edit.operation === "delete" || edit.operation === "remove";
      return isDelete && nodeAt(root, edit.path) === undefined && this.#forgettable(edit.path);
    });
    const known = forgets.filter(({ path }) => this.read(path, "operational") !== undefined);
    if (known.length === 0) return { rest: edits, forgotten: () => undefined };
    return {
      rest: edits.filter((edit) => !known.includes(edit)),
      forgotten: () => {
        for (const { path } of known) this.#forget(path);
      },
    };
  }

  #forgettable(path: InstancePath): boolean {
    const cube = path.length > 1 && path.at(-1)?.keys ? this.#cubeAt(path) : undefined;
    return cube?.service.forget?.[pathBelowCube(path)] !== undefined;
  }

  #forget(path: InstancePath): void {
    const cube = this.#cubeAt(path);
    const keys = path.at(-1)?.keys;
    if (cube === undefined || keys === undefined) return;
    if (cube.service.forget?.[pathBelowCube(path)]?.(keys, cube.reader))
      this.#parts.changed([path]);
  }

  #cubeAt([first]: InstancePath): LiveCube | undefined {
    if (first?.schema.kind !== "list" || first.keys === undefined) return undefined;
    const config = nodeAt(this.#parts.root(), [first]) as DataObject | undefined;
    const cube = config && this.#parts.planner.cube(config);
    if (config === undefined || cube === undefined) return undefined;
    const reader = cubeReader(this.#parts.dataplane, cube, config);
    return { list: first.schema, config, service: cube.service, reader };
  }

  #wholeTree(root: DataObject): DataObject {
    const extra: Record<string, DataValue> = {};
    for (const list of this.#parts.planner.services.keys()) {
      extra[list.prop] = this.#reader.cubes(list, root[list.prop] as YangList<DataObject>);
    }
    return Object.assign(Object.create(Object.getPrototypeOf(root)), root, extra) as DataObject;
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
      const cube = this.#liveCube(runtime);
      const changed = cube && call(cube);
      if (cube && changed) this.#tell(cube, changed);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  #liveCube(runtime: CubeRuntime): LiveCube | undefined {
    for (const [schema, service] of this.#parts.planner.services) {
      if (service === runtime.service) return this.#cubeAt([{ schema, keys: [runtime.name] }]);
    }
    return undefined;
  }

  #tell({ list, config }: LiveCube, changed: readonly NodeRef[]): void {
    if (changed.length === 0) return;
    this.#parts.changed(changed.map((ref) => refPath(list, String(config["name"]), ref)));
  }

  /** Wires the ports that name the device, by its name now and by the one it was wired under. */
  #onDevice({ kind, device }: DeviceEvent): void {
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
