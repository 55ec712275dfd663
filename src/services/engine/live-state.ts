import type { Edit, ReadOptions, View } from "../../datamodel/datastore/datastore.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { MetricSource } from "../../lib/metric.ts";
import { followLogs } from "./cube-log.ts";
import { CubeMetrics } from "./cube-metrics.ts";
import { DeviceFollower, type DeviceFollowerParts } from "./device-follower.ts";
import type { EngineListeners } from "./engine-listeners.ts";
import { Expiry } from "./expiry.ts";
import { splitForgets } from "./forgetting.ts";
import { FrameSender } from "./frame-sender.ts";
import {
  type AnsweredOperation,
  type OperationCall,
  type OperationParts,
  Operations,
} from "./operations.ts";
import { ParentWatcher } from "./parent-watcher.ts";
import type { Plan } from "./planner.ts";
import { PortWatcher } from "./port-watcher.ts";
import { Reactions } from "./reactions.ts";
import { isRecirculation, recirculationObjectId } from "./recirculation.ts";
import { Rings } from "./rings.ts";
import { followPunts } from "./slow-path.ts";
import { StateReader } from "./state-reader.ts";

export type LiveParts = Omit<DeviceFollowerParts, "rewired" | "sender" | "onLine"> &
  Pick<EngineListeners, "onLine">;

/** State as opposed to configuration: devices and maps followed, read, expired and acted upon. */
export class LiveState implements Disposable {
  readonly #parts: LiveParts & Pick<DeviceFollowerParts, "sender" | "onLine">;
  readonly #calls: OperationParts;
  readonly metrics: MetricSource;
  readonly #reader: StateReader;
  readonly #operations: Operations;
  readonly #reactions: Reactions;
  readonly #rings: Rings;
  readonly #ports: PortWatcher;
  readonly #parents: ParentWatcher;
  /** What goes on by itself, once started. */
  #background: readonly Disposable[] = [];
  #shared: readonly Disposable[] = [];

  constructor(live: LiveParts) {
    const sender = new FrameSender(live.dataplane);
    const parts = { onLine: () => undefined, ...live, sender };
    this.#parts = parts;
    this.#reader = new StateReader(parts);
    const isPortUp = this.#reader.isPortUp.bind(this.#reader);
    this.metrics = new CubeMetrics({ ...parts, isPortUp });
    this.#calls = { ...parts, read: (path, view) => this.read(path, view) };
    this.#operations = new Operations(this.#calls);
    this.#reactions = new Reactions(parts);
    this.#rings = new Rings({ ...parts, loaded: parts.planner.loaded, reactions: this.#reactions });
    this.#ports = new PortWatcher(parts.planner.loaded, this.#reactions);
    this.#parents = new ParentWatcher(parts, this.#reactions);
  }

  /** Begins to follow devices and the cubes loaded so far. */
  start(): void {
    const { planner } = this.#parts;
    const all = this.#allCubes();
    this.#rings.follow(all);
    this.#ports.look(all);
    this.#parents.look();
    const expiry = new Expiry(planner, this.#reactions);
    const devices = new DeviceFollower({
      ...this.#parts,
      rewired: (affected) => this.#ports.look(affected),
    });
    this.#followShared(recirculationObjectId(this.#parts.dataplane));
    this.#background = [devices, expiry, this.#rings];
  }

  /** Takes note of cubes that came and went with a commit, and of ports that were released. */
  follow({ affected, released }: Pick<Plan, "affected" | "released">): void {
    this.#rings.follow(affected);
    for (const { cube, index } of released) {
      this.#reactions.run(cube, ({ reader }) => cube.service.portReleased?.(index, reader));
    }
    this.#ports.look(affected);
    this.#parents.look();
  }

  /** Takes note of objects that were loaded beside any commit. */
  reloaded(objectIds: ReadonlySet<string>): void {
    const all = this.#allCubes();
    this.#rings.followAnew(objectIds, all);
    const recirculation = [...objectIds].find(isRecirculation);
    if (recirculation !== undefined) this.#followShared(recirculation);
    this.#ports.look(all);
  }

  [Symbol.dispose](): void {
    for (const work of [...this.#background, ...this.#shared]) work[Symbol.dispose]();
  }

  #allCubes(): ReadonlySet<string> {
    return new Set([...this.#parts.planner.loaded].map(({ id }) => id));
  }

  /** The ring buffers that all cubes have together, by an object that has them. */
  #followShared(objectId: string): void {
    for (const ring of this.#shared) ring[Symbol.dispose]();
    const { loaded } = this.#parts.planner;
    const parts = { ...this.#parts, objectId, loaded, reactions: this.#reactions };
    this.#shared = [followPunts(parts), followLogs(parts)];
  }

  /** See Datastore.read; of the state, only what the path needs is read. */
  read(path: InstancePath, view: View, options: ReadOptions = {}): DataValue | undefined {
    const root = this.#parts.root();
    if (view === "config") return nodeAt(root, path);
    const [first, ...below] = path;
    if (first === undefined) return this.#wholeTree(root);
    const list = first.schema;
    if (list.kind !== "list" || !this.#parts.planner.services.has(list)) {
      return nodeAt(this.#reader.topNode(root, path), path);
    }
    const cubes = root[list.prop] as YangList<DataObject>;
    if (first.keys === undefined) return this.#reader.cubes(list, cubes, options);
    const config = cubes.get(...first.keys);
    if (config === undefined) return undefined;
    return nodeAt(this.#reader.cube(list, config, { below }), below);
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
}
