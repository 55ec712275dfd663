import type { CommitOptions, CommitOutcome, Edit } from "../../datamodel/datastore/datastore.ts";
import { RequestError, type Violation } from "../../datamodel/error.ts";
import type { OperationSchema } from "../../datamodel/schema/schema.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";

/** What became of a transaction, told once, when nothing can change about it any more. */
export interface CommitReport {
  readonly user: string;
  /** What the client called, where it is known. */
  readonly call?: string;
  readonly subject: Subject;
  readonly outcome: CommitResult;
  /** Why it was refused or failed. */
  readonly error?: unknown;
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

/** What a transaction is about: how many nodes its edits name, and the first of them. */
export interface Subject {
  readonly pathCount: number;
  readonly paths: readonly string[];
}

const pathsMax = 5;

export function subjectOfEdits(edits: readonly Edit[]): Subject {
  const paths = edits.slice(0, pathsMax).map(({ path }) => printPath(path));
  return { pathCount: edits.length, paths };
}

export function subjectOfOperation(path: InstancePath, { module, name }: OperationSchema): Subject {
  const own = path.length === 0 ? `/${module}:${name}` : `${printPath(path)}/${name}`;
  return { pathCount: 1, paths: [own] };
}

/** A transaction whose maps are written. */
export interface Applied {
  readonly outcome: Done;
  /** Settles when what it stands on is on disk; absent when that is so by now. */
  readonly durable?: Promise<void>;
  /** Everything was as it is wanted. */
  readonly isUnchanged?: boolean;
}

/** The outcome of a transaction that was not refused. */
export type Done = Exclude<CommitOutcome, { readonly violations: readonly Violation[] }>;

/** Runs a transaction and reports what becomes of it, also when nobody waits for the disk. */
export async function reporting(
  run: () => Promise<Applied>,
  about: About,
  report: (report: CommitReport) => void,
): Promise<Applied> {
  const started = performance.now();
  const elapsedMs = (): number => performance.now() - started;
  try {
    const applied = await run();
    reportLater(applied, { about, elapsedMs, report });
    return applied;
  } catch (error) {
    const outcome = error instanceof RequestError ? "refused" : "failed";
    report({ ...about, outcome, error, appliedMs: elapsedMs() });
    throw error;
  }
}

/** Who, and what. */
export type About = Pick<CommitReport, "user" | "call" | "subject">;

export function aboutOf({ user, call }: CommitOptions, subject: Subject): About {
  return { user, ...(call === undefined ? {} : { call }), subject };
}

interface Reporter {
  readonly about: About;
  readonly elapsedMs: () => number;
  readonly report: (report: CommitReport) => void;
}

function reportLater(applied: Applied, reporter: Reporter): void {
  const {
    outcome: { commit },
    durable,
    isUnchanged = false,
  } = applied;
  const { about, elapsedMs, report } = reporter;
  const done = { ...about, appliedMs: elapsedMs(), ...(commit && { id: commit.id }) };
  if (durable === undefined || isUnchanged) {
    report({ ...done, outcome: isUnchanged ? "unchanged" : "planned" });
    return;
  }
  durable.then(
    () => report({ ...done, outcome: "committed", durableMs: elapsedMs() }),
    (error: unknown) => report({ ...done, outcome: "failed", error }),
  );
}
