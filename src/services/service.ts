import type { IrModule } from "../datamodel/schema/ir.ts";
import type { ModelDescriptor } from "../datamodel/schema/model.ts";
import type { LeafValue } from "../datamodel/schema/value-type.ts";
import type { YangList } from "../datamodel/tree/list.ts";
import type { DataObject } from "../datamodel/tree/node.ts";
import type { DeviceEvent, Devices } from "../dataplane/dataplane.ts";
import type { ConstantLayout, MapLayout, ObjectLayout } from "../dataplane/layout.ts";

/** An action or rpc that cannot do what its input asks throws this: RFC 6241 tag, path, reason. */
export { refuse } from "../datamodel/error.ts";

/**
 * What a service is: a declaration of how nodes of its YANG model become rows of its BPF maps.
 * Create, update, delete, plan, undo, restart and attachment follow from it in the engine
 * (ARCHITECTURE.md). A service never names a network device, a file descriptor or a program slot.
 */
export interface ServiceDefinition<
  C extends object = object,
  O extends ObjectLayout = ObjectLayout,
  E extends Record<ConfigMapName<O>, object> = Record<ConfigMapName<O>, object>,
> {
  /** Generated from yang/<service>.yang; its top-level list holds the cubes. */
  readonly model: ModelDescriptor<C>;
  /** Generated from the BTF of bpf/<service>/<service>.bpf.c. */
  readonly object: O;
  /** The programs frames enter by. An XDP cube always has its TC twin over the same maps. */
  readonly programs: {
    readonly tc: keyof O["programs"] & string;
    readonly xdp?: keyof O["programs"] & string;
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
  /** One table for each config map of the object; a map left out does not compile. */
  readonly tables: { readonly [M in keyof E]: Table<C, O["maps"][M & string], E[M]> };
  /**
   * Violations that YANG cannot state. Called for cubes that changed; must only look at `config`.
   */
  readonly validate?: (config: C) => Iterable<ServiceViolation>;
  /**
   * `config false` data, by child of the cube. Each gives what it adds to the configuration: lists
   * as arrays of entries with their keys; entries the configuration has too are merged. `only`: the
   * one node that is asked for, where a service can read that for less than everything.
   */
  readonly state?: { readonly [prop: string]: (cube: CubeReader<C, O>, only: NodeRef) => object };
  /** What a ring buffer record says; the result names nodes whose state changed. */
  readonly events?: {
    readonly [M in StateMapName<O>]?: (record: Uint8Array, cube: CubeReader<C, O>) => NodeRef[];
  };
  /**
   * YANG actions by schema path below the cube: `fdb/flush`. `keys`: those of all lists on the way
   * to the node that has the action, the cube's left out. Rows that an action deletes from state
   * maps are gone for it at once, and for the data path when its edits are applied.
   */
  readonly actions?: {
    readonly [path: string]: (
      input: object,
      cube: CubeReader<C, O>,
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
    readonly [path: string]: (keys: readonly unknown[], cube: CubeReader<C, O>) => boolean;
  };
  /** Told after a port was removed or got another peer: drop state rows that name it. */
  readonly portReleased?: (port: number, cube: CubeReader<C, O>) => NodeRef[];
  /** Removal of rows that have expired, which the data path ignores already. */
  readonly expire?: Expiry<C, CubeReader<C, O>>;
}

/** Work on state maps that is due from time to time. */
export interface Expiry<C, Reader> {
  /** Milliseconds between two runs; once a second at most. It reads the maps, so not too often. */
  readonly everyMs: (config: C) => number;
  readonly run: (cube: Reader) => NodeRef[];
}

/** Rows of one config map from the nodes of one list. */
export interface Table<C, M extends MapLayout, E extends object> {
  /**
   * The nodes that have a row each. A YangList is followed by its differences; an array is small
   * (fixed number of nodes) and always compared whole.
   */
  readonly entries: (config: C) => YangList<E> | readonly E[];
  /**
   * Pure. May look at its entry, at the cube's leaves that are init-only, and at assigned leaves of
   * what the entry refers to (a port's index): those do not change while the entry lives.
   */
  readonly row: (entry: E, config: C) => { readonly key: Key<M>; readonly value: Value<M> };
}

type Key<M> = M extends MapLayout<infer K, infer _V> ? K : never;
type Value<M> = M extends MapLayout<infer _K, infer V> ? V : never;

/** Every constant of an object with its value. */
export type ConstantValues<O extends ObjectLayout> = {
  readonly [N in keyof O["constants"]]: O["constants"][N] extends ConstantLayout<infer V>
    ? V
    : never;
};

/** What may be left out only where the object has nothing to be declared. */
type Needed<C, O extends ObjectLayout> = keyof O["constants"] extends never
  ? unknown
  : { readonly constants: (config: C) => ConstantValues<O> };

type MapNameOf<O extends ObjectLayout, Owner extends string> = {
  [M in keyof O["maps"] & string]: O["maps"][M]["owner"] extends Owner ? M : never;
}[keyof O["maps"] & string];

export type ConfigMapName<O extends ObjectLayout> = MapNameOf<O, "config">;
export type StateMapName<O extends ObjectLayout> = MapNameOf<O, "state">;

/** Types of keys are narrower than those of leaves: none is `empty`. */
export type KeyValue = Exclude<LeafValue, null>;
export type NodeKeys = readonly KeyValue[];

/**
 * A node below a cube, or below the root where there is no cube: child names, the keys after each
 * list, and the value after a leaf-list where one of its entries is meant:
 * `["fdb", "entry", [mac]]`.
 */
export type NodeRef = readonly (string | NodeKeys)[];

export interface ServiceViolation {
  readonly at: NodeRef;
  readonly message: string;
}

/** What an action or rpc answers, and what it wants done. */
export interface OperationResult {
  readonly output: object;
  /** Nodes whose state it changed. */
  readonly changed?: readonly NodeRef[];
  /**
   * Changes of configuration: one commit, in this order. If it is refused or fails, the operation
   * does, and has done nothing.
   */
  readonly edits?: readonly ServiceEdit[];
}

/** A change of one node, as a client would make it (RFC 6241 §7.2). */
export type ServiceEdit = DeletingEdit | WritingEdit;

export interface DeletingEdit {
  readonly at: NodeRef;
  readonly operation: "delete" | "remove";
}

export type WritingEdit = Placement & {
  readonly at: NodeRef;
  readonly operation: "merge" | "create" | "replace";
  /**
   * A leaf's value, an array for a leaf-list or for the entries of a list, an object by property
   * for a container or an entry (its keys may be left out). Left out: nothing but the keys.
   */
  readonly value?: EditValue;
};

export type EditValue = LeafValue | readonly LeafValue[] | readonly object[] | object;

/** Where an entry of a user-ordered list or leaf-list goes; default last, or where it is. */
type Placement =
  | { readonly insert?: "first" | "last"; readonly point?: never }
  /** `point`: the keys of the entry, or the value of the leaf-list entry, that it goes beside. */
  | { readonly insert: "before" | "after"; readonly point: NodeKeys };

type RpcSet = { readonly [name: string]: (input: object, host: HostContext) => OperationResult };

/** What there is on this host, to read: for rpcs, and for modules without cubes. */
export interface HostContext {
  /** The whole running configuration, by property of the top nodes. */
  readonly config: AnyConfig;
  /** The network devices of the daemon's namespace. */
  readonly devices: Pick<Devices, "byName" | "byIndex" | "list">;
  /** The port that a device feeds, as `cube:port`. */
  portOf(ifindex: number): string | undefined;
  /** Every cube of every service, in order of service and name. */
  cubes(): Iterable<CubeEntry>;
}

export interface CubeEntry {
  /** The name of its service's module. */
  readonly service: string;
  /** Its place in the tree. */
  readonly ref: NodeRef;
  readonly config: AnyConfig;
}

/**
 * A model without cubes: nothing of it is in the kernel. Its configuration is there for others to
 * read; it adds state and rpcs.
 */
export interface ModuleDefinition {
  /** Generated from yang/<module>.yang. */
  readonly model: { readonly ir: IrModule };
  /** `config false` data by top node, as in ServiceDefinition. */
  readonly state?: { readonly [prop: string]: (host: HostContext, only: NodeRef) => object };
  readonly rpcs?: RpcSet;
  /** Told of a network device that came, went or changed; names nodes whose state changed. */
  readonly deviceChanged?: (event: DeviceEvent, host: HostContext) => readonly NodeRef[];
}

/** Checks a declaration without cubes; use it as `export const service = …`. */
export function defineModule(definition: ModuleDefinition): ModuleDefinition {
  return definition;
}

/** A cube as its service sees it: configuration, and state maps to read and to clear. */
export interface CubeReader<C, O extends ObjectLayout> {
  readonly config: C;
  readonly maps: {
    readonly [M in StateMapName<O>]: StateMap<Key<O["maps"][M]>, Value<O["maps"][M]>>;
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

/** Checks a declaration against its model and object; use it as `export const service = …`. */
export function defineService<
  C extends object,
  const O extends ObjectLayout,
  E extends Record<ConfigMapName<O>, object>,
>(definition: ServiceDefinition<C, O, E> & Needed<C, O>): ServiceDefinition<C, O, E> {
  return definition;
}

/** What a folder of a service exports. */
export type Discovered = AnyService | ModuleDefinition;

export function hasCubes(service: Discovered): service is AnyService {
  return "object" in service;
}

/** A service as the engine holds it: found by folder at run time, so its types are erased. */
export interface AnyService {
  readonly model: { readonly ir: IrModule };
  readonly object: ObjectLayout;
  readonly programs: { readonly tc: string; readonly xdp?: string };
  readonly capacity?: Readonly<Record<string, (config: AnyConfig) => number>>;
  readonly constants?: (config: AnyConfig) => Readonly<Record<string, unknown>>;
  readonly tables: Readonly<Record<string, AnyTable>>;
  readonly validate?: (config: AnyConfig) => Iterable<ServiceViolation>;
  readonly state?: Readonly<Record<string, (cube: AnyCubeReader, only: NodeRef) => object>>;
  readonly events?: Readonly<
    Record<string, (record: Uint8Array, cube: AnyCubeReader) => NodeRef[]>
  >;
  readonly actions?: Readonly<
    Record<string, (input: object, cube: AnyCubeReader, keys: NodeKeys) => OperationResult>
  >;
  readonly rpcs?: RpcSet;
  readonly forget?: Readonly<
    Record<string, (keys: readonly unknown[], cube: AnyCubeReader) => boolean>
  >;
  readonly portReleased?: (port: number, cube: AnyCubeReader) => NodeRef[];
  readonly expire?: Expiry<AnyConfig, AnyCubeReader>;
}

export interface AnyTable {
  readonly entries: (config: AnyConfig) => YangList<AnyConfig> | readonly AnyConfig[];
  readonly row: (entry: AnyConfig, config: AnyConfig) => { key: unknown; value: unknown };
}

/** Configuration of a cube whose model is not known at compile time. */
export type AnyConfig = DataObject;

export interface AnyCubeReader {
  readonly config: AnyConfig;
  readonly maps: Readonly<Record<string, StateMap<unknown, unknown>>>;
  portName(index: number): string | undefined;
  now(): bigint;
}
