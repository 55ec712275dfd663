import type { ModelDescriptor } from "../datamodel/schema/model.ts";
import type { ObjectLayout } from "../dataplane/layout.ts";
import { way } from "../gen/bpf/core.ts";
import type { CubeReader, Parent, PuntedFrame, Reaction } from "./cube-reader.ts";
import type { PortFactOf } from "./facts.ts";
import type { NodeKeys, NodeRef, OperationResult, RpcSet, ServiceViolation } from "./operation.ts";
import type { ConfigMapName, ConstantValues, Derived, StateMapName, Table } from "./table.ts";

/** An action or rpc that cannot do what its input asks throws this: RFC 6241 tag, path, reason. */
export { refuse } from "../datamodel/error.ts";
export type { CubeReader, Parent, PuntedFrame, Reaction, SentFrame } from "./cube-reader.ts";
export { type Facts, factList, type PortFact, withFact, withoutFact } from "./facts.ts";
export type {
  CubeEntry,
  HostContext,
  NodeKeys,
  NodeRef,
  OperationResult,
  ServiceEdit,
  ServiceNotification,
  ServiceViolation,
} from "./operation.ts";
export { defineModule } from "./operation.ts";
export { nested, type Table } from "./table.ts";
/** Of a transparent cube: the ways that frames pass it, as its programs have them. */
export { way };

/**
 * What a service is: a declaration of how nodes of its YANG model become rows of its BPF maps.
 * Create, update, delete, plan, undo, restart and attachment follow from it in the engine
 * (ARCHITECTURE.md). A service never names a network device, a file descriptor or a program slot.
 */
export interface ServiceDefinition<
  C extends object,
  O extends ObjectLayout,
  N extends Tabled<O>,
  D extends Tabled<O> = Record<never, never>,
  F = undefined,
> {
  /** Generated from yang/<service>.yang; its top-level list holds the cubes. */
  readonly model: ModelDescriptor<C>;
  /** Generated from the BTF of bpf/<service>/<service>.bpf.c. */
  readonly object: O;
  /**
   * The programs frames enter by, or `ingress` and `egress` each. `egress` sees what leaves by a
   * port with a network device behind it; of a transparent cube, what passes it on the way out. An
   * XDP cube always has its TC twin over the same maps; frames leave through that.
   */
  readonly programs: {
    readonly tc: Program<O> | { readonly ingress: Program<O>; readonly egress?: Program<O> };
    readonly xdp?: Program<O> | { readonly ingress: Program<O> };
  };
  /**
   * max_entries of maps whose capacity is a leaf; read when the cube is created, so the leaf is
   * init-only.
   */
  readonly capacity?: Partial<Record<keyof O["maps"] & string, (config: C) => number>>;
  /**
   * `.rodata` of the programs: what the verifier may take for fixed, and removes dead code by.
   * Given when the cube is created, so like `capacity` only from init-only leaves.
   */
  readonly constants?: (config: C) => ConstantValues<O>;
  /** What a cube has learned when it is created or the daemon starts: nothing yet, in some form. */
  readonly facts?: { readonly initial: F };
  /**
   * The config maps of the object, each by a table or derived; one that is left out, or in both,
   * does not compile.
   */
  readonly tables: {
    readonly [M in keyof N]: Table<C, O["maps"][M & string], N[M] & object, F>;
  };
  readonly derived?: { readonly [M in keyof D]: Derived<C, O["maps"][M & string], D[M], F> };
  /**
   * Violations that YANG cannot state. Called for cubes that changed; must only look at `config`.
   */
  readonly validate?: (config: C) => Iterable<ServiceViolation>;
  /**
   * `config false` data, by child of the cube. Each gives what it adds to the configuration: lists
   * as arrays of entries with their keys; entries the configuration has too are merged. `only`: the
   * one node that is asked for, where a service can read that for less than everything.
   */
  readonly state?: {
    readonly [prop: string]: (cube: CubeReader<C, O, F>, only: NodeRef) => object;
  };
  /** What a record of a ring buffer says, by map. */
  readonly events?: {
    readonly [M in StateMapName<O>]?: (
      record: Uint8Array,
      cube: CubeReader<C, O, F>,
    ) => Reaction<F>;
  };
  /**
   * What becomes of a frame that a program handed up by `tc_punt` (bpf/include/slow_path.h):
   * nothing, unless the reaction sends it on. Frames come one by one, no faster than the programs
   * may hand them up; the others are dropped and counted.
   */
  readonly punted?: Punting<O> extends true
    ? (frame: PuntedFrame, cube: CubeReader<C, O, F>) => Reaction<F>
    : never;
  /**
   * YANG actions by schema path below the cube: `fdb/flush`. `keys`: those of all lists on the way
   * to the node that has the action, the cube's left out. Rows that an action deletes from state
   * maps are gone for it at once, and for the data path when its edits are applied.
   */
  readonly actions?: {
    readonly [path: string]: (
      input: object,
      cube: CubeReader<C, O, F>,
      keys: NodeKeys,
    ) => OperationResult;
  };
  /** YANG rpcs by name. Their edits name nodes from the root of the tree. */
  readonly rpcs?: RpcSet;
  /**
   * Deletion of entries that only state has (learned), by list path below the cube: `fdb/entry`.
   * True if there was one.
   */
  readonly forget?: {
    readonly [path: string]: (keys: readonly unknown[], cube: CubeReader<C, O, F>) => boolean;
  };
  /**
   * Told of a port that came (`was` undefined), went (`is` undefined), or of which something else
   * is known, after that was applied.
   */
  readonly portChanged?: (
    was: PortFactOf<C> | undefined,
    is: PortFactOf<C> | undefined,
    cube: CubeReader<C, O, F>,
  ) => Reaction<F>;
  /**
   * Told after a transparent cube was attached (`was` undefined), detached (`is` undefined), or its
   * port got another peer.
   */
  readonly parentChanged?: (
    was: Parent | undefined,
    is: Parent | undefined,
    cube: CubeReader<C, O, F>,
  ) => Reaction<F>;
  /** Told after a port was removed or got another peer: drop state rows that name it. */
  readonly portReleased?: (port: number, cube: CubeReader<C, O, F>) => Reaction<F>;
  /** Removal of rows that have expired, which the data path ignores already. */
  readonly expire?: {
    /** Milliseconds between two runs; once a second at most. It reads the maps: not too often. */
    readonly everyMs: (config: C) => number;
    readonly run: (cube: CubeReader<C, O, F>) => Reaction<F>;
  };
}

/** Whether the object includes slow_path.h. */
type Punting<O extends ObjectLayout> = "packetOut" extends keyof O["programs"] ? true : false;

/** Not `& string`: the compiler then tells an author all of `O` instead of the names. */
type Program<O extends ObjectLayout> = keyof { [P in keyof O["programs"] & string]: unknown };

/** Something for some config maps. */
type Tabled<O extends ObjectLayout> = { readonly [M in ConfigMapName<O>]?: unknown };

/** What may be left out only where there is nothing to be declared. */
type Needed<C, O extends ObjectLayout, F> = (keyof O["constants"] extends never
  ? unknown
  : { readonly constants: (config: C) => ConstantValues<O> }) &
  (undefined extends F ? unknown : { readonly facts: { readonly initial: F } });

/**
 * What is wrong where a config map is not in `N` or `D`, or is in both, or where another map is.
 * Said of `object`: a condition on `tables` would take the types of their parameters away.
 */
type Complete<O extends ObjectLayout, N, D> = Unless<
  Exclude<ConfigMapName<O>, keyof N | keyof D>,
  "is in neither tables nor derived"
> &
  Unless<keyof N & keyof D, "is both in tables and derived"> &
  Unless<Exclude<keyof N | keyof D, ConfigMapName<O>>, "is no config map of the object">;

type Unless<Maps, Fault extends string> = [Maps] extends [never]
  ? unknown
  : { readonly object: `map ${Maps & string} ${Fault}` };

/** Checks a declaration against its model and object; use it as `export const service = …`. */
export function defineService<
  C extends object,
  const O extends ObjectLayout,
  N extends Tabled<O>,
  D extends Tabled<O> = Record<never, never>,
  F = undefined,
>(
  definition: ServiceDefinition<C, O, N, D, F> & Needed<C, O, F> & Complete<O, N, D>,
): ServiceDefinition<C, O, N, D, F> {
  return definition;
}
