import type { Slices } from "./slices.ts";

/** A figure that monitoring asks for; names and units follow Prometheus' conventions. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly labels: readonly string[];
}

/** Tells a value; `labels` has a value for each of the metric's labels, in their order. */
export type Tell = (metric: Metric, value: number, labels?: readonly string[]) => void;

/** Somebody who knows the values of some metrics when asked. */
export interface MetricSource {
  readonly metrics: readonly Metric[];
  collect(tell: Tell): Slices<void>;
}
