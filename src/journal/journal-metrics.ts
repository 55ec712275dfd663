import type { Metric, MetricSource } from "../lib/metric.ts";
import type { Journal } from "./journal.ts";

const size: Metric = {
  name: "yangplane_journal_bytes",
  help: "Size of the journal: its newest snapshot, and the log that follows it.",
  type: "gauge",
  labels: ["part"],
};

const writable: Metric = {
  name: "yangplane_journal_writable",
  help: "Whether the journal takes commits; 0 after a write failed, until one works again.",
  type: "gauge",
  labels: [],
};

/** What is told of a journal to monitoring. */
export function journalMetrics(journal: Pick<Journal, "failure" | "size">): MetricSource {
  return {
    metrics: [size, writable],
    *collect(tell) {
      tell(size, journal.size.snapshot, ["snapshot"]);
      tell(size, journal.size.log, ["log"]);
      tell(writable, journal.failure === undefined ? 1 : 0);
      yield;
    },
  };
}
