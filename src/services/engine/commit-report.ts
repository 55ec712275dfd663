import type { CommitOptions, CommitOutcome } from "../../datamodel/datastore/datastore.ts";
import { RequestError, type Violation } from "../../datamodel/error.ts";

/** What became of a transaction, told once, when nothing can change about it any more. */
export interface CommitReport {
  readonly user: string;
  readonly outcome: CommitResult;
  /** The commit's, where there is one. */
  readonly id?: string;
  /** From the call until the maps were written, or until it was clear that they would not be. */
  readonly appliedMs: number;
  /** From the call until the journal was on disk; absent where there was nothing to write. */
  readonly durableMs?: number;
}

/** Of `refused` and `failed` (the kernel, the journal or the caller gave up) nothing is left. */
export const commitResults = ["committed", "unchanged", "planned", "refused", "failed"] as const;

export type CommitResult = (typeof commitResults)[number];

/** A transaction whose maps are written. */
export interface Applied {
  readonly outcome: Done;
  /** Settles when the commit is on disk; absent when there is nothing to write. */
  readonly durable?: Promise<void>;
}

/** The outcome of a transaction that was not refused. */
export type Done = Exclude<CommitOutcome, { readonly violations: readonly Violation[] }>;

/** Runs a transaction and reports what becomes of it, also when nobody waits for the disk. */
export async function reporting(
  run: () => Promise<Applied>,
  { user }: CommitOptions,
  report: (report: CommitReport) => void,
): Promise<Applied> {
  const started = performance.now();
  const elapsedMs = (): number => performance.now() - started;
  try {
    const applied = await run();
    reportLater(applied, { user, elapsedMs, report });
    return applied;
  } catch (error) {
    const outcome = error instanceof RequestError ? "refused" : "failed";
    report({ user, outcome, appliedMs: elapsedMs() });
    throw error;
  }
}

interface Reporter {
  readonly user: string;
  readonly elapsedMs: () => number;
  readonly report: (report: CommitReport) => void;
}

function reportLater({ outcome: { commit }, durable }: Applied, reporter: Reporter): void {
  const { user, elapsedMs, report } = reporter;
  const done = { user, appliedMs: elapsedMs(), ...(commit && { id: commit.id }) };
  if (durable === undefined) {
    report({ ...done, outcome: commit === undefined ? "planned" : "unchanged" });
    return;
  }
  durable.then(
    () => report({ ...done, outcome: "committed", durableMs: elapsedMs() }),
    () => report({ ...done, outcome: "failed" }),
  );
}
