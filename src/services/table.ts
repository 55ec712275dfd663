import type { YangList } from "../datamodel/tree/list.ts";
import type { ConstantLayout, MapLayout, ObjectLayout } from "../dataplane/layout.ts";
import type { Facts } from "./facts.ts";

/** Rows of one config map from the nodes of one list. `N`: the nodes, see `Below`. */
export interface Table<C, M extends MapLayout, N extends object, F> {
  /**
   * The nodes that have a row each, of the configuration or of facts. A YangList is followed by its
   * differences; an array is small (fixed number of nodes) and always compared whole. `nested`: the
   * entries of lists in the entries of a list.
   */
  readonly entries:
    | ((config: C, facts: Facts<C, F>) => YangList<N> | readonly N[])
    | NestedEntries<C, F, N>;
  /**
   * Pure; annotate its parameters. May look at its entry, at the cube's leaves that are init-only,
   * and at assigned leaves of what the entry refers to (a port's index): those do not change while
   * the entry lives.
   */
  readonly row: (entry: EntryOf<N>, config: C, parent: ParentOf<N>) => Row<M>;
}

/** Entries of type `E`, each nested in one of type `P`. */
export interface Below<P extends object, E extends object> {
  readonly [below]: readonly [parent: P, entry: E];
}

declare const below: unique symbol;

type EntryOf<N> = N extends Below<infer _P, infer E> ? E : N;
type ParentOf<N> = N extends Below<infer P, infer _E> ? P : undefined;

export interface NestedEntries<C, F, N extends object> {
  readonly outer: (config: C, facts: Facts<C, F>) => YangList<ParentOf<N> & object>;
  readonly inner: (parent: ParentOf<N>) => YangList<EntryOf<N> & object>;
}

/**
 * Entries of lists in lists, followed by their differences on both levels. Their rows may look at
 * leaves of the parent and of its containers, at no other list of it. Annotate the configuration:
 * `nested((config: Router) => config.ports, (port) => port.secondaryip)`.
 */
export function nested<C, F, P extends object, E extends object>(
  outer: (config: C, facts: Facts<C, F>) => YangList<P>,
  inner: (parent: P) => YangList<E>,
): NestedEntries<C, F, Below<P, E>> {
  return { outer, inner };
}

/**
 * Rows of a config map that follow from many nodes together: bit vectors, hash rings. Pure.
 */
export interface Derived<C, M extends MapLayout, S, F> {
  /**
   * All that the rows are a function of. As long as it is the same object, or an array of the same
   * objects, nothing is looked at.
   */
  readonly from: (config: C, facts: Facts<C, F>) => S;
  /** Every row; no key twice. */
  readonly rows: (source: S) => Iterable<Row<M>>;
  /**
   * The difference of the rows of two sources, for where all of them take too long. A row without
   * value goes; rows that are as before are no harm.
   */
  readonly changes?: (was: S, is: S) => Iterable<Row<M> | GoneRow<M>>;
}

export interface Row<M> {
  readonly key: Key<M>;
  readonly value: Value<M>;
}

export interface GoneRow<M> {
  readonly key: Key<M>;
  readonly value?: undefined;
}

export type Key<M> = M extends MapLayout<infer K, infer _V> ? K : never;
export type Value<M> = M extends MapLayout<infer _K, infer V> ? V : never;

/** What a row of a state map is read as: in a per-CPU map, a value for each CPU. */
export type StateValue<M> = M extends { readonly type: "percpu_array" | "percpu_hash" }
  ? readonly Value<M>[]
  : Value<M>;

/** Every constant of an object with its value. */
export type ConstantValues<O extends ObjectLayout> = {
  readonly [N in keyof O["constants"]]: O["constants"][N] extends ConstantLayout<infer V>
    ? V
    : never;
};

type MapNameOf<O extends ObjectLayout, Owner extends string> = {
  [M in keyof O["maps"] & string]: O["maps"][M]["owner"] extends Owner ? M : never;
}[keyof O["maps"] & string];

export type ConfigMapName<O extends ObjectLayout> = MapNameOf<O, "config">;
export type StateMapName<O extends ObjectLayout> = MapNameOf<O, "state">;
