/** What the daemon is asked for; what is left out is up to it. */
export interface TraceRequest {
  readonly at: string;
  readonly filter: Readonly<Record<string, string | number>>;
  readonly frames?: number;
  readonly seconds?: number;
}

export interface TraceStep {
  readonly frame: number;
  /** Since 1970. */
  readonly timeNs: bigint;
  readonly event: "entered" | "sent" | "copied" | "dropped" | "punted";
  /** Empty where no cube decided. */
  readonly cube: string;
  readonly target: TraceTarget | undefined;
  readonly reason: string;
  readonly length: number;
  readonly head: Uint8Array;
}

/** Names that do not apply are empty. */
export interface TraceTarget {
  readonly kind: "cube" | "device" | "stack" | "none";
  readonly cube: string;
  readonly port: string;
  readonly device: string;
  readonly way: "unspecified" | "ingress" | "egress";
}

export interface TraceListener {
  /** From now on frames are looked at. */
  begun(): void;
  step(step: TraceStep): void;
}

/** As protobufjs reads it. */
export interface StepMessage extends Omit<TraceStep, "timeNs" | "event" | "target"> {
  readonly time: { readonly seconds: string; readonly nanos: number };
  readonly event: string;
  readonly target: Readonly<Record<keyof TraceTarget, string>> | null;
}

export function traceStep({ time, event, target, ...step }: StepMessage): TraceStep {
  return {
    ...step,
    timeNs: BigInt(time.seconds) * 1_000_000_000n + BigInt(time.nanos),
    event: enumName(event) as TraceStep["event"],
    target: target
      ? {
          ...target,
          kind: enumName(target.kind) as TraceTarget["kind"],
          way: enumName(target.way) as TraceTarget["way"],
        }
      : undefined,
  };
}

/** `KIND_CUBE` → `cube`. */
function enumName(name: string): string {
  return name.replace(/^[A-Z]+_/, "").toLowerCase();
}
