import type { ObjectLayout } from "../dataplane/layout.ts";
import type { LogLevel } from "../gen/bpf/core.ts";
import type { Facts } from "./facts.ts";
import type { NodeRef, ServiceNotification } from "./operation.ts";
import type { Key, StateMapName, StateValue } from "./table.ts";

/**
 * A cube as its service sees it: configuration, facts, and state maps to read and to clear. `F`:
 * the facts that the service itself collects.
 */
export interface CubeReader<C, O extends ObjectLayout, F = undefined> {
  readonly config: C;
  readonly facts: Facts<C, F>;
  readonly maps: {
    readonly [M in StateMapName<O>]: StateMap<Key<O["maps"][M]>, StateValue<O["maps"][M]>>;
  };
  /** The name of the port at a position of the port table. */
  portName(index: number): string | undefined;
  /** The kernel's coarse monotonic clock, nanoseconds: what BPF programs stamp rows with. */
  now(): bigint;
}

/** A state map: written by BPF programs, read and expired by the daemon. */
export interface StateMap<K, V> {
  rows(): { readonly key: K; readonly value: V }[];
  get(key: K): V | undefined;
  /** Absent keys are no error: the program may have evicted them. */
  delete(keys: readonly K[]): void;
}

/** What follows from something that happened. */
export interface Reaction<F> {
  /** Nodes whose state changed; told to watchers. */
  readonly changed?: readonly NodeRef[];
  /** Sent at once to whoever listens. */
  readonly notifications?: readonly ServiceNotification[];
  /** The service's own facts from now on. Rows follow in the background, in a turn of their own. */
  readonly facts?: F;
  /** Sent at once, in this order. What the kernel does not take is lost, and counted. */
  readonly send?: readonly SentFrame[];
  /** For the log of the daemon, if the cube's loglevel says so. */
  readonly log?: readonly LogLine[];
}

/** What a transparent cube is attached to. */
export interface Parent {
  /** A port, as `cube:port`, or a network device. */
  readonly name: string;
  /** Of a port: what it is connected to. */
  readonly peer?: string;
}

/** A frame as a service has it. */
export interface Frame {
  /** Whole, with its outer VLAN tag. */
  readonly data: Uint8Array;
  /** Payload of each segment of one that the stack has not cut yet; else 0. */
  readonly segmentSize: number;
  /** The position of a port of a standard cube; of a transparent one the way that it goes. */
  readonly at: number;
}

/** A frame that a program handed to its service (bpf/include/slow_path.h). */
export interface PuntedFrame extends Frame {
  /** What the program gave, by which the service knows what it has to do. */
  readonly reason: number;
}

/** A frame for the data path, as one that was punted or made anew. */
export interface SentFrame extends Omit<Frame, "segmentSize"> {
  readonly segmentSize?: number;
  /** `out`: as if the cube had sent it there; `in`: as if it had come there from outside. */
  readonly go: "out" | "in";
}

export interface LogLine {
  readonly level: Exclude<LogLevel, "off">;
  readonly text: string;
}
