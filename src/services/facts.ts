import { emptyList, sortKey, type YangList } from "../datamodel/tree/list.ts";
import type { NodeKeys } from "./operation.ts";

/**
 * What is learned and nobody configures. Immutable: a part that did not change stays the same
 * object, so that tables follow it by its differences. Gone with the daemon, and learned again.
 */
export interface Facts<C, F> {
  /** By name, as the ports are configured; kept by the engine. */
  readonly ports: YangList<PortFactOf<C>, readonly [name: string]>;
  /** The service's own, changed by its reactions only. */
  readonly own: F;
}

/** A port with what is known of its peer. */
export interface PortFact<P> {
  readonly name: string;
  readonly index: number;
  /** The port as it is configured. */
  readonly config: P;
  /** Of the peer, where that is a network device that exists. */
  readonly ifindex?: number;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac?: string;
  readonly mtu?: number;
  /** Network namespace of the device, where it is not the daemon's. */
  readonly namespace?: string;
  /** The peer is there, and frames pass. */
  readonly isUp: boolean;
}

/** The facts of ports as the model configures them. */
export type PortFactOf<C> = PortFact<
  C extends { readonly ports: YangList<infer P, infer _K> } ? P : never
>;

/** A list of facts, empty: it is immutable and followed by its differences, as configuration is. */
export function factList<E extends object, K extends NodeKeys>(): YangList<E, K> {
  return emptyList(false);
}

/** The list with an entry added or replaced. O(log n). */
export function withFact<E extends object, K extends NodeKeys>(
  list: YangList<E, K>,
  keys: K,
  entry: E,
): YangList<E, K> {
  const draft = list.draft();
  draft.set(sortKey(keys), entry);
  return draft.freeze();
}

/** The list without an entry, which need not be there. */
export function withoutFact<E extends object, K extends NodeKeys>(
  list: YangList<E, K>,
  keys: K,
): YangList<E, K> {
  const draft = list.draft();
  return draft.delete(sortKey(keys)) ? draft.freeze() : list;
}
