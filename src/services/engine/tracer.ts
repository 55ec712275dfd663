import type {
  TraceEnd,
  TraceListener,
  TraceRequest,
  Tracer,
} from "../../datamodel/datastore/trace.ts";
import { refuse } from "../../datamodel/error.ts";
import { traceCounts } from "../../gen/bpf/core.ts";
import { recirculationObject } from "../../gen/bpf/recirculation.ts";
import { recirculationObjectId } from "./recirculation.ts";
import { filterRow, noFilter } from "./trace-filter.ts";
import { type HopPlace, setTraced, type TracePlaceParts, tracePlaces } from "./trace-places.ts";
import { clockOffsetNs, traceStep } from "./trace-step.ts";
import type { Turns } from "./turns.ts";

const limits = { frames: 10_000, seconds: 3600 } as const;

/** After the first step of the last frame, so that its others are told too. */
const graceMs = 300;
/** The programs stop by themselves so much after a daemon that does not tell them to. */
const patienceNs = 1_000_000_000n;

const { maps } = recirculationObject;

export interface TracerParts extends TracePlaceParts {
  readonly turns: Turns;
  /** Calls back after every commit, and every change of devices. */
  readonly onChange: (listener: () => void) => Disposable;
}

/**
 * Traces frames by a flag in the hop rows that they follow to a port: the programs look at what
 * follows such a row, and test one bit where there is none. The rows stay the engine's own: the
 * flag is set in its turns, and again after a commit has written them anew.
 */
export class DataplaneTracer implements Tracer {
  readonly #parts: TracerParts;
  #isBusy = false;

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  /** Rows have marks while frames are traced. */
  get isTracing(): boolean {
    return this.#isBusy;
  }

  async trace(
    request: TraceRequest,
    listener: TraceListener,
    signal: AbortSignal,
  ): Promise<TraceEnd> {
    checkLimits(request);
    if (this.#isBusy) throw refuse("in-use", "", "another trace is running");
    this.#isBusy = true;
    try {
      return await this.#run(request, listener, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  async #run(
    request: TraceRequest,
    listener: TraceListener,
    signal: AbortSignal,
  ): Promise<TraceEnd> {
    const { dataplane, onChange } = this.#parts;
    const untilNs = process.hrtime.bigint() + BigInt(request.seconds) * 1_000_000_000n + patienceNs;
    const filter = filterRow(request.filter, untilNs);
    tracePlaces(this.#parts, request.at);
    const frames = new FrameCount(request.frames);
    using over = endOf(signal, request.seconds * 1000);
    const objectId = recirculationObjectId(dataplane);
    const lostBefore = this.#lost(objectId);
    const offsetNs = clockOffsetNs();
    using _ = dataplane.subscribe(objectId, maps.traces.name, (record) => {
      const step = traceStep(this.#parts, record, offsetNs);
      const frame = frames.number(step.frame);
      if (frame === undefined) return;
      listener.step({ ...step, frame });
      if (frames.isFull) over.endIn(graceMs);
    });
    const marks = new Marks(this.#parts, request.at);
    try {
      // Ends before the marks are cleared: a commit under way would set them again behind that.
      using _changes = onChange(() => void marks.set().catch(over.fail));
      this.#write(objectId, filter);
      await marks.set();
      listener.begun();
      await over.reached;
    } finally {
      this.#write(objectId, noFilter);
      await marks.clear();
    }
    return { frames: frames.count, lost: this.#lost(objectId) - lostBefore };
  }

  #write(objectId: string, filter: typeof noFilter): void {
    const { name, key, value } = maps.traceFilter;
    const row = { key: key.encode(0), value: value.encode(filter) };
    this.#parts.dataplane.putRows(objectId, name, [row]);
  }

  #lost(objectId: string): number {
    const { name, key } = maps.traceCounts;
    const row = this.#parts.dataplane.lookup(objectId, name, key.encode(0));
    return row === undefined ? 0 : traceCounts.decode(row).lost;
  }
}

/** The rows that have the flag. */
class Marks {
  readonly #parts: TracerParts;
  readonly #at: string;
  #places: readonly HopPlace[] = [];
  #isDue = false;

  constructor(parts: TracerParts, at: string) {
    this.#parts = parts;
    this.#at = at;
  }

  /** Moves the flag to where frames come by now; often asked for, and done once. */
  async set(): Promise<void> {
    if (this.#isDue) return;
    this.#isDue = true;
    await this.#parts.turns.take(async () => {
      this.#isDue = false;
      this.#moveTo(tracePlaces(this.#parts, this.#at));
    });
  }

  clear(): Promise<void> {
    return this.#parts.turns.take(async () => this.#moveTo([]));
  }

  #moveTo(places: readonly HopPlace[]): void {
    const left = this.#places.filter((place) => !places.some((other) => isSame(place, other)));
    this.#places = places;
    for (const place of left) setTraced(this.#parts, place, false);
    for (const place of places) setTraced(this.#parts, place, true);
  }
}

function isSame(one: HopPlace, other: HopPlace): boolean {
  return one.objectId === other.objectId && one.row === other.row;
}

function checkLimits(request: TraceRequest): void {
  for (const name of ["frames", "seconds"] as const) {
    const value = request[name];
    if (value < 1 || value > limits[name]) {
      throw refuse("invalid-value", "", `${name}: ${value} is not between 1 and ${limits[name]}`);
    }
  }
}

/** Numbers frames from 1 in the order of their coming; those beyond the last have none. */
class FrameCount {
  readonly #most: number;
  readonly #numbers = new Map<number, number>();

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#numbers.size;
  }

  get isFull(): boolean {
    return this.count >= this.#most;
  }

  number(given: number): number | undefined {
    const known = this.#numbers.get(given);
    if (known !== undefined || this.isFull) return known;
    this.#numbers.set(given, this.count + 1);
    return this.count;
  }
}

/** When a trace is over: the time has passed, or the signal came, or it was told to end. */
function endOf(signal: AbortSignal, afterMs: number) {
  let end: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const reached = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  // It may fail before anybody waits for it.
  reached.catch(() => undefined);
  const timers = [setTimeout(end, afterMs)];
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  return {
    reached,
    endIn: (ms: number) => void timers.push(setTimeout(end, ms)),
    fail,
    [Symbol.dispose]: () => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", end);
    },
  };
}
