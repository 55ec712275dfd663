import { CommitError } from "../../datamodel/error.ts";
import type { Schema } from "../../datamodel/schema/schema.ts";
import { type CommitLog, encodeSnapshot, type Version } from "./commit-log.ts";
import type { Plan } from "./planner.ts";
import type { Turns } from "./turns.ts";

/** Applied and being written to disk; undone, newest first, if that fails. */
export interface PendingCommit {
  readonly older: Version;
  readonly newer: Version;
  readonly plan: Plan;
}

export interface DurabilityParts {
  readonly schema: Schema;
  readonly log: CommitLog;
  readonly turns: Turns;
  readonly onError: (error: unknown) => void;
  readonly undo: (commit: PendingCommit) => void;
  /** Told once nothing can undo a commit any more. */
  readonly settled: (commits: readonly PendingCommit[]) => void;
}

/** Follows commits from the moment they are applied until they are durable, or undone. */
export class Durability {
  readonly #parts: DurabilityParts;
  readonly #pending: PendingCommit[] = [];
  /** Settles when every commit so far is durable, rejects when one could not be. */
  #written: Promise<void> = Promise.resolve();
  /** Settles when the snapshot that is being written last is, or is not. */
  #snapshot: Promise<void> = Promise.resolve();

  constructor(parts: DurabilityParts) {
    this.#parts = parts;
  }

  /** Resolves when what has been applied so far is durable, or what could not be is undone. */
  async settle(): Promise<void> {
    await this.#written.catch(() => this.undoPending());
  }

  /** Appends to the journal; a failure undoes every commit that is not durable. */
  record(record: Uint8Array, commit: PendingCommit): Promise<void> {
    const { log, schema, turns, onError } = this.#parts;
    const { newer } = commit;
    this.#pending.push(commit);
    this.#written = log.append(record).then(() => this.#settled(newer));
    const durable = this.#written.catch(async (cause: unknown) => {
      // A commit that came first may have undone it already, and be durable itself.
      await turns.take(async () => {
        if (this.#pending.includes(commit)) this.undoPending();
      });
      throw notWritten(cause);
    });
    if (log.isSnapshotDue) {
      this.#snapshot = log.writeSnapshot(encodeSnapshot(schema, newer)).catch(onError);
    }
    return heard(durable);
  }

  /** That of a commit which changes nothing: it is as durable as what it has found. */
  recordNothing(): Promise<void> | undefined {
    if (this.#pending.length === 0) return undefined;
    return heard(
      this.#written.catch((cause: unknown) => {
        throw notWritten(cause);
      }),
    );
  }

  /** @throws CommitError where the journal takes no record of so many bytes */
  check(size: number): void {
    const { log } = this.#parts;
    const cause = log.failure ?? log.refusal(size);
    if (cause) throw new CommitError("unavailable", "the journal takes no more now", { cause });
  }

  /**
   * A journal that failed is tried again at the next commit, before anything is judged by what the
   * failure undoes.
   */
  async leaveFailure({ dryRun }: { readonly dryRun?: boolean }): Promise<void> {
    const { log } = this.#parts;
    if (log.failure === undefined) return;
    this.undoPending();
    if (dryRun) return;
    await log.recover().catch((cause: unknown) => {
      throw new CommitError("unavailable", "the journal cannot be written", { cause });
    });
  }

  /** Undoes what a journal that has failed cannot make durable. */
  undoFailed(): void {
    if (this.#parts.log.failure) this.undoPending();
  }

  async writeSnapshot(version: Version): Promise<void> {
    const { log, schema } = this.#parts;
    await this.#snapshot;
    try {
      await log.writeSnapshot(encodeSnapshot(schema, version));
    } catch (cause) {
      throw new CommitError("unavailable", "the journal takes no snapshot now", { cause });
    }
  }

  undoPending(): void {
    for (let commit = this.#pending.pop(); commit; commit = this.#pending.pop()) {
      this.#parts.undo(commit);
    }
  }

  #settled({ id }: Version): void {
    const first = this.#pending.findIndex(({ newer }) => newer.id > id);
    const count = first === -1 ? this.#pending.length : first;
    this.#parts.settled(this.#pending.splice(0, count));
  }
}

/** Who waits for `applied` only does not hear of it; the undo is published like any change. */
function heard(durable: Promise<void>): Promise<void> {
  durable.catch(() => undefined);
  return durable;
}

function notWritten(cause: unknown): CommitError {
  return new CommitError("unavailable", "writing the journal", { cause });
}
