import { encodingDelta } from "../../datamodel/codec/delta.ts";
import type {
  ChangeEvent,
  CommitOptions,
  CommitOutcome,
  Datastore,
  Edit,
  Snapshot,
  View,
} from "../../datamodel/datastore/datastore.ts";
import { CommitError, RequestError, refuse } from "../../datamodel/error.ts";
import type { OperationSchema, Schema } from "../../datamodel/schema/schema.ts";
import { applyingEdits } from "../../datamodel/tree/edit.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import { atOnce, Breather } from "../../lib/slices.ts";
import type { AnyService } from "../service.ts";
import { assignValues } from "./assign.ts";
import { commitError } from "./commit-error.ts";
import {
  type CommitLog,
  emptyState,
  encodeSnapshot,
  encodingCommit,
  type Version,
} from "./commit-log.ts";
import { checkIfMatch } from "./if-match.ts";
import { Judge, type Verdict } from "./judge.ts";
import { LiveState } from "./live-state.ts";
import { type Plan, Planner } from "./planner.ts";
import { applySteps, type Step, undoSteps } from "./step.ts";
import { Turns } from "./turns.ts";

export interface EngineParts {
  readonly schema: Schema;
  readonly services: readonly AnyService[];
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly log: CommitLog;
  /** Told of what happened without a caller to tell: a failed undo, a listener's error. */
  readonly onError: (error: unknown) => void;
}

/** Applied and being written to disk; undone, newest first, if that fails. */
interface PendingCommit {
  readonly older: Version;
  readonly newer: Version;
  readonly plan: Plan;
}

/**
 * The transaction engine: keeps the contents of every engine-owned map a pure function of
 * configuration and facts (ARCHITECTURE.md). One commit at a time, all or nothing; reads see the
 * last version that was applied.
 */
export class Engine implements Datastore {
  readonly schema: Schema;
  readonly #parts: EngineParts;
  readonly #planner: Planner;
  readonly #judge: Judge;
  readonly #live: LiveState;
  readonly #turns = new Turns();
  readonly #listeners = new Set<(event: ChangeEvent) => void>();
  readonly #pending: PendingCommit[] = [];
  #running: Version;
  /** Settles when every commit so far is durable, rejects when one could not be. */
  #written: Promise<void> = Promise.resolve();
  /** Objects of deleted cubes that are still loaded. */
  #garbage: string[] = [];

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.schema = parts.schema;
    this.#planner = new Planner(parts.schema, parts);
    this.#judge = new Judge(parts.schema, parts.devices, this.#planner.services);
    this.#running = emptyState(parts.schema);
    this.#live = new LiveState({
      ...parts,
      planner: this.#planner,
      root: () => this.#running.root,
      peers: this.#judge.peers,
      turns: this.#turns,
      durable: () => this.#written.catch(() => this.#undoPending()),
      changed: (state) => this.#publish(this.#running, this.#running, state),
    });
  }

  snapshot(): Snapshot {
    return { commitId: String(this.#running.id), root: this.#running.root };
  }

  read(path: InstancePath, view: View): DataValue | undefined {
    return this.#live.read(path, view);
  }

  subscribe(listener: (event: ChangeEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /**
   * Brings the data plane to a stored configuration. Devices it names may be absent: their ports
   * are down until they appear. `makeWay` takes away what an earlier daemon left, once nothing can
   * be refused any more. @throws RequestError where the configuration is not valid (any more).
   */
  restore(stored: Version, makeWay: () => void = () => undefined): Promise<void> {
    return this.#turns.take(async () => {
      const breather = new Breather();
      const { root } = this.#running;
      const verdict = await breather.run(this.#judge.judge(root, stored.root, { restoring: true }));
      if (verdict.violations.length > 0) throw new RequestError(verdict.violations);
      makeWay();
      const plan = await breather.run(this.#planner.plan(root, stored.root));
      await applySteps(plan.steps, breather);
      verdict.accept();
      this.#running = stored;
      this.#live.start();
    });
  }

  /** Stops following devices and maps; the data plane goes on. Waits for the commit under way. */
  async close(): Promise<void> {
    this.#live[Symbol.dispose]();
    await this.#turns.take(async () => undefined);
  }

  async commit(edits: readonly Edit[], options: CommitOptions): Promise<CommitOutcome> {
    if (this.#turns.isCrowded) throw new CommitError("unavailable", "too many commits wait");
    try {
      const { outcome, durable } = await this.#turns.take(() => this.#commit(edits, options));
      if (options.wait !== "applied" && durable) await durable;
      return outcome;
    } catch (cause) {
      const error = commitError(cause);
      if (error instanceof RequestError) return { violations: error.violations };
      throw error;
    }
  }

  invoke(
    path: InstancePath,
    operation: OperationSchema,
    input: DataObject,
    options: CommitOptions,
  ): Promise<{ output: DataObject }> {
    return this.#turns.take(async () => {
      checkSignal(options);
      if (options.dryRun) {
        const at = `${path.length > 0 ? printPath(path) : ""}/${operation.name}`;
        throw refuse(
          "operation-not-supported",
          at,
          "an action writes no rows that could be planned",
        );
      }
      checkIfMatch(this.#running.root, [{ path, operation: "merge" }], options.ifMatch);
      return { output: this.#live.invoke(path, operation, input) };
    });
  }

  async #commit(edits: readonly Edit[], options: CommitOptions): Promise<Applied> {
    checkSignal(options);
    await this.#leaveFailure(options);
    const breather = new Breather();
    const older = this.#running;
    checkIfMatch(older.root, edits, options.ifMatch);
    const { forgotten, rest } = this.#live.splitForgets(edits);
    const id = older.id + 1;
    const newer = { root: await breather.run(applyingEdits(older.root, rest, id)), id };
    assignValues(this.schema.root, older.root, newer.root);
    const judging = this.#judge.judge(older.root, newer.root, { restoring: false });
    const verdict = await breather.run(judging);
    try {
      if (verdict.violations.length > 0) throw new RequestError(verdict.violations);
      const plan = await breather.run(this.#planner.plan(older.root, newer.root));
      if (options.dryRun === true) {
        verdict.discard();
        return { outcome: { plan: plan.steps.flatMap((step) => step.describe()) } };
      }
      return await this.#apply({ older, newer, plan }, verdict, { options, forgotten, breather });
    } catch (error) {
      verdict.discard();
      throw error;
    }
  }

  async #apply(commit: PendingCommit, verdict: Verdict, context: CommitContext): Promise<Applied> {
    const { older, newer, plan } = commit;
    const { options, breather } = context;
    const time = new Date();
    const delta = await breather.run(encodingDelta(this.schema, older.root, newer.root));
    if (delta.length === 0) {
      context.forgotten();
      verdict.discard();
      return { outcome: { commit: { id: String(older.id), durable: true, time }, plan: [] } };
    }
    const { user, comment } = options;
    const header = { id: newer.id, time: time.toISOString(), user };
    const named = comment === undefined ? header : { ...header, comment };
    const record = await breather.run(encodingCommit(named, delta));
    this.#checkLog(record.length);
    // The last moment to give up: from here on it is all or nothing.
    checkSignal(options);
    await applySteps([...plan.steps, forgetting(context.forgotten)], breather);
    verdict.accept();
    this.#running = newer;
    this.#pending.push(commit);
    const durable = this.#record(record, commit);
    this.#live.follow(plan);
    this.#publish(older, newer, []);
    const isDurable = options.wait !== "applied";
    const { id } = header;
    return { outcome: { commit: { id: String(id), durable: isDurable, time }, plan: [] }, durable };
  }

  /**
   * A journal that failed is tried again at the next commit, before anything is judged by what the
   * failure undoes.
   */
  async #leaveFailure({ dryRun }: CommitOptions): Promise<void> {
    const { log } = this.#parts;
    if (log.failure === undefined) return;
    this.#undoPending();
    if (dryRun) return;
    await log.recover().catch((cause: unknown) => {
      throw new CommitError("unavailable", "the journal cannot be written", { cause });
    });
  }

  #checkLog(size: number): void {
    const { log } = this.#parts;
    const cause = log.failure ?? log.refusal(size);
    if (cause) throw new CommitError("unavailable", "the journal takes no more now", { cause });
  }

  /** Appends to the journal; a failure undoes every commit that is not durable. */
  #record(record: Uint8Array, commit: PendingCommit): Promise<void> {
    const { log } = this.#parts;
    const version = this.#running;
    this.#written = log.append(record).then(() => this.#settle(version));
    const durable = this.#written.catch(async (cause: unknown) => {
      // A commit that came first may have undone it already, and be durable itself.
      await this.#turns.take(async () => {
        if (this.#pending.includes(commit)) this.#undoPending();
      });
      throw new CommitError("unavailable", "writing the journal", { cause });
    });
    if (log.isSnapshotDue) {
      log.writeSnapshot(encodeSnapshot(this.schema, version)).catch(this.#parts.onError);
    }
    // Who waits for `applied` only does not hear of it; the undo is published like any change.
    durable.catch(() => undefined);
    return durable;
  }

  /** Drops what is durable from the pending commits and unloads what they deleted. */
  #settle(version: Version): void {
    while (this.#pending[0] && this.#pending[0].newer.id <= version.id) {
      this.#garbage.push(...(this.#pending.shift()?.plan.unload ?? []));
    }
    this.#garbage = this.#garbage.filter((objectId) => !this.#unload(objectId));
  }

  /** False if the kernel refused: nothing uses the object, so it waits for the next commit. */
  #unload(objectId: string): boolean {
    try {
      this.#parts.dataplane.unloadObject(objectId);
      return true;
    } catch (error) {
      this.#parts.onError(error);
      return false;
    }
  }

  #undoPending(): void {
    for (let commit = this.#pending.pop(); commit; commit = this.#pending.pop()) {
      const { older, newer, plan } = commit;
      try {
        undoSteps(plan.steps);
      } catch (error) {
        // The others are undone nevertheless, and the configuration says what should be there.
        this.#parts.onError(error);
      }
      atOnce(this.#judge.judge(newer.root, older.root, { restoring: true })).accept();
      // Ids are never given twice, so the undone one is not reused.
      this.#running = { root: older.root, id: this.#running.id };
      this.#live.follow(plan);
      this.#publish(newer, { ...older, id: this.#running.id }, []);
    }
  }

  #publish(older: Version, newer: Version, state: readonly InstancePath[]): void {
    const event: ChangeEvent = {
      commitId: String(newer.id),
      time: new Date(),
      older: older.root,
      newer: newer.root,
      state,
    };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#parts.onError(error);
      }
    }
  }
}

/** Deleting what was learned comes last: it cannot be undone, only be refused. */
function forgetting(forgotten: () => void): Step {
  return { describe: () => [], apply: forgotten, undo: () => undefined };
}

interface CommitContext {
  readonly options: CommitOptions;
  /** Carries out the deletions of learned entries. */
  readonly forgotten: () => void;
  readonly breather: Breather;
}

interface Applied {
  readonly outcome: CommitOutcome;
  /** Settles when the commit is on disk; absent when there is nothing to write. */
  readonly durable?: Promise<void>;
}

function checkSignal({ signal }: CommitOptions): void {
  if (signal?.aborted) throw new CommitError("unavailable", "the caller gave up before the commit");
}
