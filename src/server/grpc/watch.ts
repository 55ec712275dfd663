import type { ServerWritableStream } from "@grpc/grpc-js";
import type { ChangeEvent, SchemaChange } from "../../datamodel/datastore/datastore.ts";
import { refuse } from "../../datamodel/error.ts";
import type { DataSchema } from "../../datamodel/schema/schema.ts";
import { nodeAt } from "../../datamodel/tree/diff.ts";
import type { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import { atOnce } from "../../lib/slices.ts";
import { timestamp } from "./commit-message.ts";
import { DataBody, isShown, type Selection } from "./encode.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import { LongCall } from "./long-call.ts";
import type { ProtoMessage } from "./proto-model.ts";
import { readChoice } from "./read-mask.ts";
import { decodingTyped, type TypedMethod } from "./typed-service.ts";
import { WatchTarget } from "./watch-target.ts";

/** Entries that may wait for a watcher that reads slowly. */
const pendingMax = 10_000;
/** How long more than that may wait before the watcher is given up. */
const slowMs = 1_000;
/** Changes in one message, and its size beyond which it is split. */
const batchMax = 500;
const bytesMax = 1024 * 1024;
/** Entries that are read one by one after a change. */
const singleReadsMax = 32;

type Stream = ServerWritableStream<Buffer, Buffer>;

/** The commit that a change is of. */
interface Origin {
  readonly commitId: string;
  readonly time: Date;
}

interface Pending extends Origin {
  readonly path: InstancePath;
}

/** Serves a Watch call until its client leaves, falls behind, or the server stops. */
export function serveWatch(typed: TypedMethod, stream: Stream): Promise<void> {
  const call = new LongCall(typed.api, stream);
  return call.run(() => new Watcher(typed, call).run(stream.request));
}

class Watcher {
  readonly #typed: TypedMethod;
  readonly #call: LongCall;
  readonly #pending = new Map<string, Pending>();
  /** Told and not configured: no difference of configurations will say that they are gone. */
  readonly #stateOnly = new Map<string, InstancePath>();
  /** Of this one more was announced. */
  #open: Origin | undefined;
  #isBlocked = false;
  #target: WatchTarget | undefined;
  #selection: Selection = { view: "operational", shallow: true };

  constructor(typed: TypedMethod, call: LongCall) {
    this.#typed = typed;
    this.#call = call;
  }

  async run(bytes: Buffer): Promise<void> {
    const { api, binding } = this.#typed;
    const request = atOnce(decodingTyped(this.#typed, bytes));
    const choice = readChoice(request.plain["read"], this.#message, api.types);
    this.#selection = { ...choice, shallow: true };
    const shown = { selection: this.#selection, types: api.types };
    this.#target = new WatchTarget(binding.target as DataSchema, request.keys, (path) =>
      isShown(path, this.#message, shown),
    );
    using _changes = api.datastore.subscribe((event) => this.#take(event));
    using _modules = api.datastore.subscribeSchema((change) => this.#followModule(change));
    await this.#sendSnapshot();
    while (!this.#call.isOver) await this.#sendPending();
  }

  get #message(): ProtoMessage {
    const { api, binding } = this.#typed;
    return api.types.message(api.messageOf(binding.target) ?? "");
  }

  #followModule({ kind, module }: SchemaChange): void {
    const { target } = this.#typed.binding;
    if (kind === "added" || target.module !== module) return;
    this.#call.fail(refuse("operation-not-supported", "", "the service has been unloaded"));
  }

  #take(event: ChangeEvent): void {
    const isConfig = this.#selection.view === "config";
    const seen = isConfig ? { ...event, state: [] } : event;
    const { commitId, time } = event;
    const add = (key: string, path: InstancePath) => {
      // Taken out first: a coalesced entry belongs to its last commit.
      this.#pending.delete(key);
      this.#pending.set(key, { path, commitId, time });
    };
    this.#target?.changed(seen, {
      mark: (path, was, is) => {
        if (!was || !is || !this.#looksSame(was, is)) add(printPath(path), path);
      },
      lost: (path) => {
        const prefix = `${printPath(path)}/`;
        for (const [key, known] of this.#stateOnly) if (key.startsWith(prefix)) add(key, known);
      },
    });
    if (this.#isBlocked && this.#pending.size > pendingMax) this.#failSlow();
    this.#call.wake();
  }

  /** A change below, in a list that is left out, is not one of the entry. */
  #looksSame(was: DataObject, is: DataObject): boolean {
    const { encoder } = this.#typed.api;
    const selection = { ...this.#selection, view: "config" as const };
    const [before, after] = [was, is].map((object) =>
      Buffer.from(encoder.encodeData(this.#message, object, selection)),
    );
    return before !== undefined && after !== undefined && before.equals(after);
  }

  #failSlow(): void {
    const waiting = this.#pending.size;
    const message = `${waiting} changed entries wait, more than ${pendingMax}: the watcher is too slow`;
    this.#call.fail(refuse("resource-denied", "", message));
  }

  async #sendSnapshot(): Promise<void> {
    const { datastore } = this.#typed.api;
    const commit_id = datastore.snapshot().commitId;
    const instances = this.#target?.instances(datastore, this.#selection.view) ?? [];
    let batch: PlainMessage[] = [];
    for (const [path, object] of instances) {
      if (batch.length === batchMax) {
        await this.#send({ changes: batch, more: true, commit_id });
        batch = [];
      }
      if (this.#call.isOver) return;
      this.#note(printPath(path), path, object);
      batch.push(this.#change(path, object));
    }
    await this.#send({ changes: batch, synced: true, commit_id });
  }

  /** Sends some of one commit's changes, or waits for some. */
  async #sendPending(): Promise<void> {
    const [first] = this.#pending.values();
    if (first === undefined) {
      await this.#call.woken();
      return;
    }
    const open = this.#open;
    // What was left of it has become part of a later commit.
    if (open && open.commitId !== first.commitId) await this.#sendChanges(open, [], false);
    else await this.#sendBatch(first);
  }

  async #sendBatch(origin: Origin): Promise<void> {
    const batch: PlainMessage[] = [];
    const read = this.#reader();
    let more = false;
    for (const [key, pending] of this.#pending) {
      if (pending.commitId !== origin.commitId) break;
      more = batch.length === batchMax;
      if (more) break;
      this.#pending.delete(key);
      const is = read(pending.path);
      this.#note(key, pending.path, is);
      batch.push(this.#change(pending.path, is));
    }
    await this.#sendChanges(origin, batch, more);
  }

  async #sendChanges(origin: Origin, changes: PlainMessage[], more: boolean): Promise<void> {
    this.#open = more ? origin : undefined;
    const { commitId: commit_id, time } = origin;
    await this.#send({ changes, more, commit_id, time: timestamp(time) });
  }

  /**
   * Reads instances of one moment: few by themselves, many with their list. A list of cubes is too
   * much for some of them.
   */
  #reader(): (path: InstancePath) => DataObject | undefined {
    const { datastore } = this.#typed.api;
    const { view } = this.#selection;
    const isFew = this.#pending.size <= singleReadsMax;
    const lists = new Map<string, YangList<DataObject> | undefined>();
    return (path) => {
      const { schema, keys } = path.at(-1) ?? {};
      if (schema === undefined || keys === undefined || isFew || path.length === 1) {
        return datastore.read(path, view) as DataObject | undefined;
      }
      const listPath = [...path.slice(0, -1), { schema }];
      const key = printPath(listPath);
      if (!lists.has(key)) {
        lists.set(key, datastore.read(listPath, view) as YangList<DataObject> | undefined);
      }
      return lists.get(key)?.get(...keys);
    };
  }

  /** Remembers what a difference of configurations will not tell of. */
  #note(key: string, path: InstancePath, is: DataObject | undefined): void {
    if (this.#selection.view === "config") return;
    const { root } = this.#typed.api.datastore.snapshot();
    if (is === undefined || nodeAt(root, path) !== undefined) this.#stateOnly.delete(key);
    else this.#stateOnly.set(key, path);
  }

  #change(path: InstancePath, is: DataObject | undefined): PlainMessage {
    const { api, method, binding } = this.#typed;
    const change: PlainMessage = {};
    const declared = api.types.message(`${method.response}.Change`);
    for (const { field, list, leaf } of binding.changeKeys) {
      const step = path.find(({ schema }) => schema === list);
      const key = step?.keys?.[list.keys.indexOf(leaf)];
      const fieldOf = declared.fields.find(({ name }) => name === field);
      if (key === undefined || fieldOf === undefined) continue;
      change[field] = api.leaves.of(leaf, fieldOf).toProto(key);
    }
    if (is === undefined) change["removed"] = {};
    else change[binding.body] = new DataBody(is, this.#selection);
    return change;
  }

  async #send(message: PlainMessage & { changes: PlainMessage[] }): Promise<void> {
    const bytes = this.#typed.api.encoder.encode(this.#typed.method.response, message);
    const { changes } = message;
    if (bytes.length > bytesMax && changes.length > 1) {
      const half = changes.length >> 1;
      await this.#send({ ...message, changes: changes.slice(0, half), more: true, synced: false });
      await this.#send({ ...message, changes: changes.slice(half) });
      return;
    }
    if (this.#call.write(bytes)) await new Promise(setImmediate);
    else await this.#drained();
  }

  async #drained(): Promise<void> {
    this.#isBlocked = true;
    const timer = setTimeout(() => {
      if (this.#pending.size > pendingMax) this.#failSlow();
    }, slowMs);
    await this.#call.drained().finally(() => {
      clearTimeout(timer);
      this.#isBlocked = false;
    });
  }
}
