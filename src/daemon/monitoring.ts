import type { Log } from "../lib/log.ts";
import type { MetricSource } from "../lib/metric.ts";
import type { Exposition } from "../server/metrics/exposition.ts";
import { MetricsServer } from "../server/metrics/metrics-server.ts";
import { type CommitReport, commitResults } from "../services/engine/commit-report.ts";
import type { Closers } from "./closers.ts";
import type { DaemonOptions } from "./options.ts";
import { packageVersion } from "./package-root.ts";

/** What the daemon tells of itself to monitoring. */
export interface Monitoring {
  onCommit(report: CommitReport): void;
  /** Adds to what is told. */
  watch(...sources: readonly MetricSource[]): void;
  /** From now on whoever asks is answered. */
  serve(): void;
}

/** Nobody has asked for metrics: nothing is measured either. */
const unmonitored: Monitoring = {
  onCommit: () => undefined,
  watch: () => undefined,
  serve: () => undefined,
};

export async function openMonitoring(
  { metrics }: DaemonOptions,
  log: Log,
  closers: Closers,
): Promise<Monitoring> {
  if (metrics === undefined) return unmonitored;
  const server = await MetricsServer.listen(metrics, log);
  closers.add(() => server.close());
  // The library takes its time to load; a daemon without metrics does without.
  const { Exposition } = await import("../server/metrics/exposition.ts");
  const exposition = new Exposition({ version: packageVersion(), outcomes: commitResults });
  return {
    onCommit: (report) => observe(exposition, report),
    watch: (...sources) => {
      for (const source of sources) exposition.add(source);
    },
    serve: () => {
      server.serve(exposition);
      log("info", "metrics are told", { host: metrics.host, port: server.port });
    },
  };
}

function observe(exposition: Exposition, report: CommitReport): void {
  const { outcome, appliedMs, durableMs } = report;
  exposition.observe({ stage: "applied", outcome, milliseconds: appliedMs });
  if (durableMs === undefined) return;
  exposition.observe({ stage: "durable", outcome, milliseconds: durableMs });
}
