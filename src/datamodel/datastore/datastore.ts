import type { Unreadable, Violation } from "../error.ts";
import type { NotificationSchema, OperationSchema, Schema } from "../schema/schema.ts";
import type { DataObject, DataValue } from "../tree/node.ts";
import type { InstancePath, PathStep } from "../tree/path.ts";

/** RFC 8342: CONFIG is running with explicit values only, OPERATIONAL adds defaults and state. */
export type View = "config" | "operational";

/** RFC 6241 §7.2, on one data node. */
export interface Edit {
  readonly path: InstancePath;
  readonly operation: "merge" | "create" | "replace" | "delete" | "remove";
  /**
   * What the node is to hold: a DataObject with the explicit values as own properties (keys
   * included), a leaf value, or an array for a leaf-list. Absent for delete and remove. A list as
   * a whole (path ends in a list step without keys) takes an array of entries.
   */
  readonly value?: DataValue | readonly DataObject[];
  /** Where to put an entry of a user-ordered list or leaf-list; default last, or where it is. */
  readonly insert?: EditInsert;
  /** Refuse (data-missing) when the node does not exist: Update without allow_missing. */
  readonly mustExist?: boolean;
}

/** Whether an edit takes a node away; the others give it content. */
export function isDeletion({ operation }: Pick<Edit, "operation">): boolean {
  return operation === "delete" || operation === "remove";
}

export type EditInsert =
  | { readonly where: "first" | "last" }
  /** `point` is the sibling's own step: keys of the entry, or value of the leaf-list entry. */
  | { readonly where: "before" | "after"; readonly point: PathStep };

export interface CommitOptions {
  /** Who asks: certificate subject, or `local`. */
  readonly user: string;
  /** What the client called, as `grpc TransactionService/Apply`: for the log. */
  readonly call?: string;
  /** Fail unless nothing under the nodes written changed since this commit id. */
  readonly ifMatch?: string;
  readonly dryRun?: boolean;
  readonly comment?: string;
  /**
   * `durable` (default): answer when the journal is on disk; `applied`: when the maps are written.
   */
  readonly wait?: "durable" | "applied";
  readonly signal?: AbortSignal;
  /**
   * What of the request could not be read: the commit is refused, and what is wrong with the rest
   * is told together with it.
   */
  readonly unreadable?: Unreadable;
}

export interface Commit {
  /** Decimal, grows by commits; also the ETag. */
  readonly id: string;
  readonly durable: boolean;
  readonly time: Date;
}

/** One thing a commit does to the data plane, in the order it is done. */
export interface PlanStep {
  readonly cube: string;
  readonly operation:
    | "load"
    | "unload"
    | "put"
    | "delete"
    | "set-program"
    | "clear-program"
    | "attach"
    | "detach"
    | "set-device"
    | "restore-device";
  /** Map, program or device. */
  readonly target: string;
  /** Human-readable key and value of a row, or the detail of an attachment; RFC 7951-like JSON. */
  readonly key?: unknown;
  readonly value?: unknown;
  /** Instance path of the node that causes the step. */
  readonly cause?: string;
}

export type CommitOutcome =
  /** A dry run has a plan and no commit. */
  | {
      readonly commit?: Commit;
      readonly plan: readonly PlanStep[];
      readonly violations?: undefined;
    }
  /** As many violations as an answer may carry, and how many there are. */
  | { readonly violations: readonly Violation[]; readonly total: number };

/** What an action or rpc answered; nothing is done in a dry run, which has a plan. */
export interface InvokeOutcome {
  readonly output: DataObject;
  /** Where it changed configuration. */
  readonly commit?: Commit;
  readonly plan: readonly PlanStep[];
}

/** Data as of one commit. The objects are immutable; keep them as long as needed. */
export interface Snapshot {
  readonly commitId: string;
  readonly root: DataObject;
}

/** What changed, told once to every subscriber, in commit order. */
export interface ChangeEvent {
  readonly commitId: string;
  readonly time: Date;
  /** Configuration before and after; the same object when only state changed. Diff is cheap. */
  readonly older: DataObject;
  readonly newer: DataObject;
  /** Containers or list entries whose state changed (learned, aged out, port up or down). */
  readonly state: readonly InstancePath[];
}

/** A module that has come into the schema of a datastore, or gone from it. */
export interface SchemaChange {
  readonly kind: "added" | "removed";
  readonly module: string;
}

/** A YANG notification that was sent. */
export interface NotificationEvent {
  readonly schema: NotificationSchema;
  /** The node that has it; [] for one of a module. */
  readonly path: InstancePath;
  readonly time: Date;
  readonly value: DataObject;
}

export interface ReadOptions {
  /** Entries of lists below an entry of the list that is read need not have their state. */
  readonly shallow?: boolean;
}

/**
 * What every protocol works on. Reads never wait; commits are serialised in order of arrival.
 * Every refusal is a RequestError (nothing changed), or a Violation list in the outcome.
 */
export interface Datastore {
  /** Modules may come and go while the daemon runs. */
  readonly schema: Schema;
  /** Running configuration, explicit and assigned values. */
  snapshot(): Snapshot;
  /**
   * The node at a path, undefined where it does not exist. A list step without keys gives the
   * YangList. In the operational view state nodes are filled in.
   */
  read(path: InstancePath, view: View, options?: ReadOptions): DataValue | undefined;
  commit(edits: readonly Edit[], options: CommitOptions): Promise<CommitOutcome>;
  /**
   * Runs an action (path of the parent node) or rpc (path []). Its changes of configuration are one
   * commit. @throws RequestError, also with what is wrong with such changes
   */
  invoke(
    path: InstancePath,
    operation: OperationSchema,
    input: DataObject,
    options: CommitOptions,
  ): Promise<InvokeOutcome>;
  subscribe(listener: (event: ChangeEvent) => void): Disposable;
  /** Hears every notification from now on. */
  listen(listener: (notification: NotificationEvent) => void): Disposable;
  /** Told of modules, when the schema has them, or has them no more. Nodes of others stay. */
  subscribeSchema(listener: (change: SchemaChange) => void): Disposable;
}
