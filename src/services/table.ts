import type { YangList } from "../datamodel/tree/list.ts";
import type { ConstantLayout, MapLayout, ObjectLayout } from "../dataplane/layout.ts";
import type { Facts } from "./facts.ts";

/** Rows of one config map from the nodes of one list. */
export interface Table<C, M extends MapLayout, E extends object, F> {
  /**
   * The nodes that have a row each, of the configuration or of facts. A YangList is followed by its
   * differences; an array is small (fixed number of nodes) and always compared whole.
   */
  readonly entries: (config: C, facts: Facts<C, F>) => YangList<E> | readonly E[];
  /**
   * Pure; annotate its parameters. May look at its entry, at the cube's leaves that are init-only,
   * and at assigned leaves of what the entry refers to (a port's index): those do not change while
   * the entry lives.
   */
  readonly row: (entry: E, config: C) => { readonly key: Key<M>; readonly value: Value<M> };
}

export type Key<M> = M extends MapLayout<infer K, infer _V> ? K : never;
export type Value<M> = M extends MapLayout<infer _K, infer V> ? V : never;

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
