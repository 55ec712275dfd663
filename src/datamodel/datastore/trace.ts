/** Which frames are to be looked at; a field left out is any. */
export interface TraceFilter {
  /** Of source or destination, `aa:bb:cc:dd:ee:ff`. */
  readonly mac?: string;
  /** Of source or destination, IPv4 or IPv6. */
  readonly ip?: string;
  readonly ethertype?: number;
  /** Of IPv4 or IPv6. */
  readonly protocol?: number;
  /** Of source or destination: TCP, UDP or SCTP. */
  readonly port?: number;
}

export interface TraceRequest {
  /** Where frames are first looked at: a port as `cube:port`, or a network device. */
  readonly at: string;
  readonly filter: TraceFilter;
  /** Ends after so many frames. */
  readonly frames: number;
  /** Ends after so long. */
  readonly seconds: number;
}

/** Where a frame goes. */
export type TraceTarget =
  | { readonly kind: "cube"; readonly cube: string; readonly port: string }
  /** A transparent one. */
  | { readonly kind: "cube"; readonly cube: string; readonly way: "ingress" | "egress" }
  /** `port` is the port whose peer the device is. */
  | { readonly kind: "device"; readonly device: string; readonly port?: string }
  | { readonly kind: "stack"; readonly device: string }
  | { readonly kind: "none" };

/** One thing that happened to a frame. */
export interface TraceStep {
  /** Counted from 1; copies have the number of their frame. */
  readonly frame: number;
  /** Since 1970, comparable between the steps of a trace. */
  readonly timeNs: bigint;
  readonly event: "entered" | "sent" | "copied" | "dropped" | "punted";
  /** Who decided; absent where the frame was first looked at. */
  readonly cube?: string;
  /** Absent for a frame that was dropped, or handed to the daemon. */
  readonly target?: TraceTarget;
  /** Of a drop. */
  readonly reason?: string;
  /** Bytes, also of a frame that is several segments in one. */
  readonly length: number;
  /** How the frame begins by now, 64 bytes at most. */
  readonly head: Uint8Array;
}

/** What is left of a trace when it is over. */
export interface TraceEnd {
  readonly frames: number;
  /** Steps that could not be told because they came too fast. */
  readonly lost: number;
}

export interface TraceListener {
  /** From now on frames are looked at. */
  begun(): void;
  step(step: TraceStep): void;
}

/** Looks at single frames on their way through the data plane. */
export interface Tracer {
  /**
   * Tells the steps of frames until there were enough, the time is over or the signal comes. One
   * trace at a time. @throws RequestError if there is nothing to trace there, or another trace
   */
  trace(request: TraceRequest, listener: TraceListener, signal: AbortSignal): Promise<TraceEnd>;
}
