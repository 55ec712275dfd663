import { CommitError, RequestError } from "../datamodel/error.ts";
import type { Log } from "../lib/log.ts";
import type { CommitReport } from "../services/engine/commit-report.ts";

/** Violations told in the line of one refused transaction. */
const toldMax = 3;

/** Logs what became of each transaction: a line for each, and none for a dry run. */
export function commitLines(log: Log): (report: CommitReport) => void {
  return (report) => {
    if (report.outcome === "planned") return;
    const { subject, error, appliedMs, durableMs, ...who } = report;
    log(levelOf(report), "commit", {
      ...who,
      ...subject,
      appliedMs: rounded(appliedMs),
      ...(durableMs === undefined ? {} : { durableMs: rounded(durableMs) }),
      ...reasons(error),
    });
  };
}

/** That a caller gave up, or came when too many waited, has no cause here to be looked after. */
function levelOf({ outcome, error }: CommitReport): "info" | "error" {
  const isOurs = !(error instanceof CommitError) || error.cause !== undefined;
  return outcome === "failed" && isOurs ? "error" : "info";
}

function reasons(error: unknown): Record<string, unknown> {
  if (error === undefined) return {};
  if (!(error instanceof RequestError)) return { error };
  const { violations, total } = error;
  const told = violations.slice(0, toldMax);
  return {
    violationCount: total,
    violations: told.map(({ path, tag, message }) => ({ path, tag, message })),
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
