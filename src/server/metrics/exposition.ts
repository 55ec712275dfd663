import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import { assert } from "../../lib/assert.ts";
import type { Metric, MetricSource, Tell } from "../../lib/metric.ts";
import { Breather } from "../../lib/slices.ts";

/** Seconds; from a leaf that is only applied to the largest load of a busy disk. */
const commitBuckets = [
  0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10,
];

/** The library's own that `promtool check metrics` objects to. */
const unconventional = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
  "nodejs_eventloop_utilization_histogram",
  "nodejs_eventloop_utilization_summary",
];

/** How long a transaction took until a stage of it, and what became of it. */
export interface TimedStage {
  readonly stage: "applied" | "durable";
  readonly outcome: string;
  readonly milliseconds: number;
}

export interface ExpositionOptions {
  /** Of the daemon. */
  readonly version: string;
  /** All that can become of a transaction. */
  readonly outcomes: readonly string[];
}

/** All metrics of the daemon as Prometheus' text format 0.0.4 has them. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #sources: MetricSource[] = [];
  readonly #told = new Map<Metric, Counter<string> | Gauge<string>>();
  readonly #commits: Histogram<"stage" | "outcome">;
  #running: Promise<string> | undefined;

  constructor({ version, outcomes }: ExpositionOptions) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    for (const name of unconventional) this.#registry.removeSingleMetric(name);
    new Gauge({
      name: "yangplane_build_info",
      help: "Always 1; the label is the version of the daemon.",
      labelNames: ["version"],
      registers,
    }).set({ version }, 1);
    this.#commits = new Histogram({
      name: "yangplane_commit_duration_seconds",
      help: "Time from a transaction's call until it was applied, and until it was durable.",
      labelNames: ["stage", "outcome"],
      buckets: commitBuckets,
      registers,
    });
    // A series that begins at its first failure would hide that failure from increase().
    for (const outcome of outcomes) this.#commits.zero({ stage: "applied", outcome });
  }

  add(source: MetricSource): void {
    for (const metric of source.metrics) this.#register(metric);
    this.#sources.push(source);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Names of all metrics; those of a histogram have suffixes besides. */
  get names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  observe({ stage, outcome, milliseconds }: TimedStage): void {
    this.#commits.observe({ stage, outcome }, milliseconds / 1000);
  }

  /** The text as it is now. Who asks while it is made for another gets the same. */
  text(): Promise<string> {
    this.#running ??= this.#make().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #make(): Promise<string> {
    const breather = new Breather();
    for (const metric of this.#told.values()) metric.reset();
    for (const source of this.#sources) await breather.run(source.collect(this.#tell));
    const parts: string[] = [];
    for (const { name } of this.#registry.getMetricsAsArray()) {
      parts.push(await this.#registry.getSingleMetricAsString(name));
      if (breather.isDue) await breather.breathe();
    }
    return `${parts.join("\n\n")}\n`;
  }

  readonly #tell: Tell = (metric, value, labels = []) => {
    const told = this.#told.get(metric);
    assert(told, `${metric.name} is one of its source's metrics`);
    const named = Object.fromEntries(metric.labels.map((name, at) => [name, labels[at] ?? ""]));
    told.inc(named, value);
  };

  #register(metric: Metric): void {
    const { name, help, labels } = metric;
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] };
    this.#told.set(metric, metric.type === "counter" ? new Counter(options) : new Gauge(options));
  }
}
