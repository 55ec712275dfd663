import type {
  ChangeEvent,
  Commit,
  CommitOptions,
  CommitOutcome,
  Datastore,
  Edit,
  NotificationEvent,
  SchemaChange,
  Snapshot,
  View,
} from "../../src/datamodel/datastore/datastore.ts";
import { RequestError, type Violation } from "../../src/datamodel/error.ts";
import { addModule, removeModule } from "../../src/datamodel/schema/extension.ts";
import type { IrModule } from "../../src/datamodel/schema/ir.ts";
import type { OperationSchema, Schema } from "../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../src/datamodel/tree/edit.ts";
import { sortKey, YangList } from "../../src/datamodel/tree/list.ts";
import { type DataObject, type DataValue, emptyObject } from "../../src/datamodel/tree/node.ts";
import { type InstancePath, parsePath, printPath } from "../../src/datamodel/tree/path.ts";

function withState(object: DataObject, state: Record<string, DataValue>): DataObject {
  const copy = Object.create(Object.getPrototypeOf(object)) as DataObject;
  return Object.assign(copy, object, state);
}

/**
 * A datastore without services: edits on a tree, what tests plug in for judging, state and actions.
 * It validates nothing by itself.
 */
export class MemoryDatastore implements Datastore {
  readonly schema: Schema;
  root: DataObject;
  commits = 0;
  readonly seen: CommitOptions[] = [];
  /** Violations of a candidate. */
  judge: (candidate: DataObject) => readonly Violation[] = () => [];
  /** Called before a commit takes effect. */
  beforeCommit: (options: CommitOptions) => Promise<void> = async () => {};
  act: (path: InstancePath, operation: OperationSchema, input: DataObject) => DataObject = (
    _path,
    operation,
  ) => emptyObject(operation.output);
  /** State added to a node when it is read in the operational view, by path. */
  readonly state = new Map<string, Record<string, DataValue>>();
  readonly #schemaListeners = new Set<(change: SchemaChange) => void>();
  readonly #listeners = new Set<(event: ChangeEvent) => void>();
  readonly #notified = new Set<(notification: NotificationEvent) => void>();

  constructor(schema: Schema) {
    this.schema = schema;
    this.root = emptyObject(schema.root);
  }

  subscribeSchema(listener: (change: SchemaChange) => void): Disposable {
    this.#schemaListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#schemaListeners.delete(listener) };
  }

  add(module: IrModule): void {
    addModule(this.schema, module);
    for (const listener of this.#schemaListeners) listener({ kind: "added", module: module.name });
  }

  remove(module: string): void {
    removeModule(this.schema, module);
    for (const listener of this.#schemaListeners) listener({ kind: "removed", module });
  }

  snapshot(): Snapshot {
    return { commitId: String(this.commits), root: this.root };
  }

  read(path: InstancePath, view: View): DataValue | undefined {
    let at: DataValue | undefined = this.root;
    for (const { schema, keys } of path) {
      at = (at as DataObject)[schema.prop];
      if (keys !== undefined && at instanceof YangList)
        at = (at as YangList<DataObject>).get(...keys);
      if (at === undefined) return undefined;
    }
    if (view === "config") return at;
    if (at instanceof YangList) return this.#withEntries(path, at as YangList<DataObject>);
    const state = this.state.get(printPath(path));
    return state === undefined ? at : withState(at as DataObject, state);
  }

  /** A list with the state of its entries, and those that only state has. */
  #withEntries(path: InstancePath, list: YangList<DataObject>): YangList<DataObject> {
    const draft = list.draft();
    for (const [text, state] of this.state) {
      const of = parsePath(this.schema, text);
      const { schema, keys } = of.at(-1) ?? {};
      if (schema?.kind !== "list" || !keys) continue;
      if (printPath([...of.slice(0, -1), { schema }]) !== printPath(path)) continue;
      const key = sortKey(keys);
      draft.set(key, withState(draft.at(key) ?? emptyObject(schema), state));
    }
    return draft.freeze();
  }

  async commit(edits: readonly Edit[], options: CommitOptions): Promise<CommitOutcome> {
    this.seen.push(options);
    await this.beforeCommit(options);
    if (options.signal?.aborted) throw new RequestError([]);
    const newer = applyEdits(this.root, edits);
    const violations = [...(options.unreadable?.violations ?? []), ...this.judge(newer)];
    if (violations.length > 0) return { violations, total: violations.length };
    const plan = edits.map(({ path }) => ({
      cube: "br0",
      operation: "put" as const,
      target: "rows",
      key: { n: 1n },
      cause: printPath(path),
    }));
    if (options.dryRun) return { plan };
    return { commit: this.#publish(newer), plan };
  }

  async invoke(path: InstancePath, operation: OperationSchema, input: DataObject) {
    return { output: this.act(path, operation, input), plan: [] };
  }

  subscribe(listener: (event: ChangeEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  listen(listener: (notification: NotificationEvent) => void): Disposable {
    this.#notified.add(listener);
    return { [Symbol.dispose]: () => void this.#notified.delete(listener) };
  }

  get watcherCount(): number {
    return this.#listeners.size + this.#notified.size;
  }

  /** Tells those who listen to notifications. */
  notify(notification: NotificationEvent): void {
    for (const listener of this.#notified) listener(notification);
  }

  /** Tells that state at these paths changed. */
  stateChanged(state: readonly InstancePath[]): void {
    const { root: older } = this;
    this.#tell({ older, newer: older, state });
  }

  #publish(newer: DataObject): Commit {
    const { root: older } = this;
    this.root = newer;
    this.commits += 1;
    this.#tell({ older, newer, state: [] });
    return { id: String(this.commits), durable: true, time: new Date(0) };
  }

  #tell(change: Pick<ChangeEvent, "older" | "newer" | "state">): void {
    const event = { commitId: String(this.commits), time: new Date(0), ...change };
    for (const listener of this.#listeners) listener(event);
  }
}
