import type { Metric, Tell } from "../../lib/metric.ts";
import type { Counters } from "./counters.ts";

/** Where traffic is counted, in the words of a metric's help. */
export interface TrafficPlace {
  /** `yangplane_port` */
  readonly prefix: string;
  /** `a port` */
  readonly name: string;
  readonly labels: readonly string[];
}

/** What came to a place and what went on from there, and why the rest did not. */
export class TrafficMetrics {
  readonly all: readonly Metric[];
  readonly #figures: readonly (readonly [Metric, keyof Omit<Counters, "drops">])[];
  readonly #drops: Metric;

  constructor({ prefix, name, labels }: TrafficPlace) {
    const figure = (what: string, help: string): Metric => {
      return { name: `${prefix}_${what}_total`, help, type: "counter", labels };
    };
    this.#figures = [
      [figure("receive_packets", `Frames received by ${name}.`), "rxPackets"],
      [figure("receive_bytes", `Bytes received by ${name}.`), "rxBytes"],
      [figure("transmit_packets", `Frames sent by ${name}.`), "txPackets"],
      [figure("transmit_bytes", `Bytes sent by ${name}.`), "txBytes"],
    ];
    const help = `Frames received by ${name} and dropped, by reason; one is there once it occurred.`;
    this.#drops = { ...figure("dropped_packets", help), labels: [...labels, "reason"] };
    this.all = [...this.#figures.map(([metric]) => metric), this.#drops];
  }

  tell(tell: Tell, counters: Counters, labels: readonly string[]): void {
    for (const [metric, prop] of this.#figures) tell(metric, Number(counters[prop]), labels);
    for (const { reason, packets } of counters.drops) {
      tell(this.#drops, Number(packets), [...labels, reason]);
    }
  }
}
