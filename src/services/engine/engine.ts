import { encodingDelta } from "../../datamodel/codec/delta.ts";
import type {
  ChangeEvent,
  CommitOptions,
  CommitOutcome,
  Datastore,
  Edit,
  InvokeOutcome,
  NotificationEvent,
  ReadOptions,
  SchemaChange,
  Snapshot,
  View,
} from "../../datamodel/datastore/datastore.ts";
import type { Verification, Verifier } from "../../datamodel/datastore/drift.ts";
import type { Tracer } from "../../datamodel/datastore/trace.ts";
import { CommitError, RequestError, violationsMax } from "../../datamodel/error.ts";
import type { OperationSchema, Schema } from "../../datamodel/schema/schema.ts";
import { applyingEdits } from "../../datamodel/tree/edit.ts";
import { notingChanges } from "../../datamodel/tree/history.ts";
import type { DataObject, DataValue } from "../../datamodel/tree/node.ts";
import type { InstancePath } from "../../datamodel/tree/path.ts";
import type { Dataplane, Devices } from "../../dataplane/dataplane.ts";
import { assert } from "../../lib/assert.ts";
import type { MetricSource } from "../../lib/metric.ts";
import { atOnce, Breather, type Slices } from "../../lib/slices.ts";
import type { Discovered } from "../any-service.ts";
import { assignValues } from "./assign.ts";
import { ChangeFeed } from "./change-feed.ts";
import { commitError } from "./commit-error.ts";
import { type CommitLog, emptyState, encodingCommit, type Version } from "./commit-log.ts";
import {
  type Applied,
  aboutOf,
  type CommitReport,
  type Done,
  reporting,
  type Subject,
  subjectOfEdits,
  subjectOfOperation,
} from "./commit-report.ts";
import { Durability, type PendingCommit } from "./durability.ts";
import type { EngineListeners } from "./engine-listeners.ts";
import { Garbage } from "./garbage.ts";
import { checkingIfMatch, UndoneCommits } from "./if-match.ts";
import { Judge, type Verdict } from "./judge.ts";
import { Listeners } from "./listeners.ts";
import { LiveState } from "./live-state.ts";
import { Notifier } from "./notifier.ts";
import { Planner } from "./planner.ts";
import { removeRecirculation } from "./recirculation.ts";
import { refused } from "./refused.ts";
import { Roster, type ServiceOffer } from "./roster.ts";
import { bothWorks, noWork, type StateWork } from "./state-work.ts";
import { applySteps, undoSteps } from "./step.ts";
import { survey } from "./takeover.ts";
import { DataplaneTracer } from "./tracer.ts";
import { Turns } from "./turns.ts";
import { DataplaneVerifier } from "./verifier.ts";

export interface EngineParts extends EngineListeners {
  readonly schema: Schema;
  readonly services: readonly Discovered[];
  readonly dataplane: Dataplane;
  readonly devices: Devices;
  readonly log: CommitLog;
}

/**
 * The transaction engine: keeps the contents of every engine-owned map a pure function of
 * configuration and facts (ARCHITECTURE.md). One commit at a time, all or nothing; reads see the
 * last version that was applied.
 */
export class Engine implements Datastore, Verifier {
  readonly schema: Schema;
  readonly #parts: EngineParts;
  readonly #planner: Planner;
  readonly #judge: Judge;
  readonly #notifier: Notifier;
  readonly #live: LiveState;
  readonly #roster: Roster;
  readonly #verifier: DataplaneVerifier;
  /** An object that is being unloaded may be one that a task is to load. */
  readonly #turns = new Turns(() => this.#garbage.collecting);
  readonly #feed: ChangeFeed;
  readonly #schemaListeners: Listeners<SchemaChange>;
  readonly #durability: Durability;
  readonly #undone = new UndoneCommits();
  #running: Version;
  /** False while what is in the data plane is an earlier daemon's. */
  #isRestored = false;
  readonly #report: (report: CommitReport) => void;
  readonly #garbage: Garbage;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#report = parts.onCommit ?? (() => undefined);
    this.schema = parts.schema;
    this.#feed = new ChangeFeed(parts.onError);
    this.#schemaListeners = new Listeners(parts.onError);
    this.#garbage = new Garbage(parts);
    this.#planner = new Planner(parts.schema, parts);
    this.#judge = new Judge(parts.schema, { ...parts, planner: this.#planner });
    this.#running = emptyState(parts.schema);
    this.#notifier = new Notifier({ ...parts, root: () => this.#running.root });
    const known = { services: [...parts.services], planner: this.#planner };
    this.#roster = new Roster({ ...parts, ...known, judge: this.#judge });
    this.#durability = new Durability({
      ...parts,
      turns: this.#turns,
      undo: (commit) => this.#undo(commit),
      settled: (commits) => this.#settled(commits),
    });
    const durable = async () => {
      await this.#durability.settle();
      await this.#garbage.collecting;
    };
    this.#live = new LiveState({
      ...parts,
      ...known,
      notifier: this.#notifier,
      root: () => this.#running.root,
      peers: this.#judge.peers,
      attachments: this.#judge.attachments,
      turns: this.#turns,
      durable,
      changed: (state) => this.#feed.publish(this.#running, this.#running, state),
      succeeded: ({ unload, affected }) => {
        if (unload.length > 0) this.#live.follow({ released: [], affected });
        void this.#discard(unload);
      },
    });
    const tracer = new DataplaneTracer({
      ...parts,
      planner: this.#planner,
      root: () => this.#running.root,
      turns: this.#turns,
      onChange: (listener) => this.subscribe(listener),
    });
    this.tracer = tracer;
    this.#verifier = new DataplaneVerifier({
      ...parts,
      ...known,
      turns: this.#turns,
      version: () => this.#running,
      durable,
      isTracing: () => tracer.isTracing,
      repaired: (loaded, unused) => {
        this.#live.reloaded(loaded);
        const discarded = this.#discard(unused);
        // Marks of a trace are set again by it.
        this.#feed.publish(this.#running, this.#running, []);
        return discarded;
      },
    });
  }

  /** Looks at single frames, on request. */
  readonly tracer: Tracer;

  verify(options: { readonly repair: boolean }): Promise<Verification> {
    return this.#verifier.verify(options);
  }

  /** What is told of the cubes to monitoring. */
  get metrics(): MetricSource {
    return this.#live.metrics;
  }

  snapshot(): Snapshot {
    return { commitId: String(this.#running.id), root: this.#running.root };
  }

  read(path: InstancePath, view: View, options?: ReadOptions): DataValue | undefined {
    return this.#live.read(path, view, options);
  }

  subscribe(listener: (event: ChangeEvent) => void): Disposable {
    return this.#feed.subscribe(listener);
  }

  listen(listener: (notification: NotificationEvent) => void): Disposable {
    return this.#notifier.listen(listener);
  }

  subscribeSchema(listener: (change: SchemaChange) => void): Disposable {
    return this.#schemaListeners.add(listener);
  }

  /**
   * Takes up a service between two commits; what listens to the schema has it when this resolves.
   * @throws RequestError where a name is taken, XpathError; nothing has changed then
   */
  addService(offer: ServiceOffer): Promise<void> {
    return this.#turns.take(async () => {
      this.#roster.add(offer);
      await this.#schemaChanged({ kind: "added", module: offer.service.model.ir.name });
    });
  }

  /**
   * Takes a service away. The journal does not name it afterwards, so that it need not be there
   * when the daemon starts. @throws RequestError `in-use` where there are cubes of it
   */
  removeService(name: string): Promise<void> {
    return this.#turns.take(async () => {
      // An undone commit may be what has deleted the last cube.
      await this.#durability.settle();
      this.#roster.check(name, this.#running.root);
      await this.#durability.writeSnapshot(this.#running);
      this.#roster.remove(name);
      await this.#schemaChanged({ kind: "removed", module: name });
    });
  }

  async #schemaChanged(change: SchemaChange): Promise<void> {
    await new Breather().run(this.#judge.learning(this.#running.root));
    this.#schemaListeners.tell(change);
  }

  /**
   * Brings the data plane to a stored configuration, from nothing or from what an earlier daemon
   * has left: of that, all that is still wanted stays as it is. Devices that the configuration
   * names may be absent: their ports are down until they appear.
   * @throws RequestError where the configuration is not valid (any more); nothing is touched then
   */
  restore(stored: Version): Promise<void> {
    return this.#turns.take(async () => {
      const breather = new Breather();
      const empty = this.#running.root;
      const { root } = stored;
      const verdict = await breather.run(this.#judge.judge(empty, root, { restoring: true }));
      if (verdict.violations.length > 0) throw new RequestError(verdict.violations);
      const takeover = { planner: this.#planner, parts: this.#parts, empty, root };
      const { plan, drifts } = await breather.run(survey(takeover));
      await applySteps(plan.steps, breather);
      verdict.accept();
      this.#running = stored;
      this.#isRestored = true;
      await this.#discard(plan.unload);
      this.#live.start();
      const [cube] = this.#planner.loaded;
      if (cube && drifts.total > 0) this.#parts.onMend?.({ during: "start", drifts });
    });
  }

  /** Stops following devices and maps; the data plane goes on. Waits for the commit under way. */
  async close(): Promise<void> {
    this.#live[Symbol.dispose]();
    await this.#turns.take(async () => undefined);
  }

  /** Takes away what the engine has for itself, if it is closed and no cube needs that. */
  leave(): void {
    const isUnused = this.#isRestored && [...this.#planner.loaded].length === 0;
    if (isUnused) removeRecirculation(this.#parts.dataplane);
  }

  async commit(edits: readonly Edit[], options: CommitOptions): Promise<CommitOutcome> {
    try {
      const change = { edits, work: noWork };
      return await this.#inTurn(options, subjectOfEdits(edits), () =>
        this.#commit(change, options),
      );
    } catch (error) {
      if (error instanceof RequestError) {
        return { violations: error.violations, total: error.total };
      }
      throw error;
    }
  }

  async invoke(
    path: InstancePath,
    operation: OperationSchema,
    input: DataObject,
    options: CommitOptions,
  ): Promise<InvokeOutcome> {
    let output: DataObject | undefined;
    let isWrite = false;
    const subject = subjectOfOperation(path, operation);
    const { commit, plan } = await this.#inTurn(options, subject, async () => {
      this.#roster.refuseGone([path]);
      this.#durability.undoFailed();
      // An operation may do anything to its node.
      atOnce(this.#checkingIfMatch([{ path, operation: "replace" }], options));
      const answer = this.#live.answer({ path, operation, input });
      output = answer.output;
      isWrite = answer.edits.length > 0;
      return await this.#commit(answer, options);
    });
    assert(output, "an operation that did not fail was answered");
    return { output, plan, ...(isWrite && commit ? { commit } : {}) };
  }

  /** Runs a task as one commit after the others; waits until it is durable where that is wanted. */
  async #inTurn(
    options: CommitOptions,
    subject: Subject,
    task: () => Promise<Applied>,
  ): Promise<Done> {
    const run = async (): Promise<Applied> => {
      if (this.#turns.isCrowded) throw new CommitError("unavailable", "too many commits wait");
      return await this.#turns.take(() => {
        checkSignal(options);
        return task();
      });
    };
    try {
      const about = aboutOf(options, subject);
      const { outcome, durable } = await reporting(run, about, this.#report);
      if (options.wait !== "applied" && durable) await durable;
      return outcome;
    } catch (error) {
      throw commitError(error);
    }
  }

  #checkingIfMatch(edits: readonly Edit[], { ifMatch }: CommitOptions): Slices<void> {
    return checkingIfMatch(this.#running, edits, { ifMatch, undone: this.#undone });
  }

  async #commit(change: Change, options: CommitOptions): Promise<Applied> {
    if (change.edits.length > 0) await this.#durability.leaveFailure(options);
    if (options.dryRun !== true) await this.#verifier.mendIfDisturbed();
    this.#roster.refuseGone(change.edits.map(({ path }) => path));
    const breather = new Breather();
    const older = this.#running;
    await breather.run(this.#checkingIfMatch(change.edits, options));
    const { work: forgets, rest } = this.#live.splitForgets(change.edits);
    const work = bothWorks(change.work, forgets);
    const id = older.id + 1;
    const { root: edited, failed } = await breather.run(applyingEdits(older.root, rest));
    const { violations, unread } = refused(this.schema, options.unreadable, failed);
    const making = { edits: rest, unread };
    const root = await breather.run(this.#judge.pruning(older.root, edited, making));
    const newer = { root, id };
    assignValues(this.schema.root, older.root, root);
    const judging = this.#judge.judge(older.root, root, { restoring: false, unread });
    const verdict = await breather.run(judging);
    try {
      const wrong = [...violations, ...verdict.violations];
      if (wrong.length > 0) {
        const total = violations.length + verdict.total;
        throw new RequestError(wrong.slice(0, violationsMax), { total });
      }
      change.check?.(newer.root);
      const plan = await breather.run(this.#planner.plan(older.root, newer.root));
      if (options.dryRun === true) {
        verdict.discard();
        const steps = [...plan.steps, ...work.steps];
        return { outcome: { plan: steps.flatMap((step) => step.describe()) } };
      }
      return await this.#apply({ older, newer, plan }, verdict, { options, work, breather });
    } catch (error) {
      verdict.discard();
      throw error;
    }
  }

  async #apply(commit: PendingCommit, verdict: Verdict, context: CommitContext): Promise<Applied> {
    const { older, newer, plan } = commit;
    const { options, breather, work } = context;
    const time = new Date();
    const delta = await breather.run(encodingDelta(this.schema, older.root, newer.root));
    if (delta.length === 0) {
      await applySteps(work.steps, breather);
      verdict.discard();
      if (work.changed.length > 0) this.#feed.publish(older, older, work.changed);
      const durable = this.#durability.recordNothing();
      return { ...applied({ id: older.id, time }, durable, options), isUnchanged: true };
    }
    const { user, comment } = options;
    const header = { id: newer.id, time: time.toISOString(), user };
    const named = comment === undefined ? header : { ...header, comment };
    const record = await breather.run(encodingCommit(named, delta));
    this.#durability.check(record.length);
    await breather.run(notingChanges(this.schema.root, [older.root, newer.root], newer.id));
    // The last moment to give up: from here on it is all or nothing.
    checkSignal(options);
    const steps = [...plan.steps, ...work.steps];
    await applySteps(steps, breather).catch((error) => this.#verifier.refuseAfter(error));
    verdict.accept();
    this.#running = newer;
    const durable = this.#durability.record(record, commit);
    this.#live.follow(plan);
    this.#feed.publish(older, newer, work.changed);
    return applied({ id: newer.id, time }, durable, options);
  }

  /** Unloads what commits deleted that are durable now. */
  #settled(commits: readonly PendingCommit[]): void {
    for (const { plan } of commits) this.#garbage.add(plan.unload);
    this.#garbage.collect();
  }

  /** Unloads objects that nothing uses any more. */
  async #discard(objectIds: readonly string[]): Promise<void> {
    this.#garbage.add(objectIds);
    this.#garbage.collect();
    await this.#garbage.collecting;
  }

  #undo({ older, newer, plan }: PendingCommit): void {
    try {
      undoSteps(plan.steps);
    } catch (error) {
      // The others are undone nevertheless, and the configuration says what should be there.
      this.#parts.onError(error);
    }
    atOnce(this.#judge.judge(newer.root, older.root, { restoring: true })).accept();
    // What is undone was seen under its id, so what is there now is a version of its own.
    this.#undone.add(newer.id, this.#running.id);
    const undone = { root: older.root, id: this.#running.id + 1 };
    this.#running = undone;
    this.#live.follow(plan);
    this.#feed.publish(newer, undone, []);
  }
}

interface CommitContext {
  readonly options: CommitOptions;
  readonly work: StateWork;
  readonly breather: Breather;
}

/** What a commit is to do. */
interface Change {
  readonly edits: readonly Edit[];
  readonly work: StateWork;
  /** Called with a candidate that is valid; throws where the commit must not happen. */
  readonly check?: (root: DataObject) => void;
}

function checkSignal({ signal }: CommitOptions): void {
  if (signal?.aborted) throw new CommitError("unavailable", "the caller gave up before the commit");
}

/** `durable` settles when the version is; it is by now where there is none. */
function applied(
  { id, time }: { readonly id: number; readonly time: Date },
  durable: Promise<void> | undefined,
  { wait }: CommitOptions,
): Applied {
  const isDurable = durable === undefined || wait !== "applied";
  const outcome: Done = { commit: { id: String(id), durable: isDurable, time }, plan: [] };
  return durable ? { outcome, durable } : { outcome };
}
