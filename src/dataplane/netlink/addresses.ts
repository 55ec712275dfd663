/** For services that route: what the kernel's stack knows, in the same form as the devices. */

import type { Address, Neighbour, Watched, WatchedEvent } from "../dataplane.ts";
import {
  type Change,
  decodeAddress,
  decodeNeighbour,
  dumpAddresses,
  dumpNeighbours,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_NEIGH,
} from "./address-message.ts";
import { Feed } from "./feed.ts";
import type { NetlinkMessage } from "./message.ts";
import {
  NETLINK_ROUTE,
  type NetlinkClient,
  type NetlinkRequest,
  NetlinkSockets,
} from "./socket.ts";

/** IP addresses of the devices in this process's network namespace. */
export function openAddresses(): Watched<Address> {
  return open({
    what: "listing addresses",
    dump: dumpAddresses,
    groups: [RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
    decode: decodeAddress,
    // A device may have an address twice, with two prefixes.
    keyOf: ({ ifindex, address, prefixLength }) => `${ifindex} ${address}/${prefixLength}`,
    isSame: () => true,
  });
}

/** Which link-layer addresses the kernel has found for IP addresses, in the same namespace. */
export function openNeighbours(): Watched<Neighbour> {
  return open({
    what: "listing neighbours",
    dump: dumpNeighbours,
    groups: [RTNLGRP_NEIGH],
    decode: decodeNeighbour,
    keyOf: ({ ifindex, address }) => `${ifindex} ${address}`,
    isSame: (a, b) => a.mac === b.mac,
  });
}

/** What rtnetlink can list and tells changes of. */
interface Kind<T> {
  readonly what: string;
  readonly dump: NetlinkRequest;
  readonly groups: readonly number[];
  decode(message: NetlinkMessage): Change<T> | undefined;
  keyOf(entry: T): string;
  /** Of two with one key. */
  isSame(a: T, b: T): boolean;
}

function open<T>(kind: Kind<T>): Watched<T> {
  const sockets = new NetlinkSockets();
  try {
    return new WatchedTable(sockets, kind);
  } catch (error) {
    sockets[Symbol.dispose]();
    throw error;
  }
}

class WatchedTable<T> implements Watched<T> {
  readonly #sockets: NetlinkSockets;
  readonly #client: NetlinkClient;
  readonly #kind: Kind<T>;
  readonly #entries = new Map<string, T>();
  readonly #feed: Feed<WatchedEvent<T>>;
  #untold: WatchedEvent<T>[] = [];

  constructor(sockets: NetlinkSockets, kind: Kind<T>) {
    this.#sockets = sockets;
    this.#kind = kind;
    this.#client = sockets.client(NETLINK_ROUTE);
    const listeners = kind.groups.map((group) => sockets.listener(NETLINK_ROUTE, group));
    this.#feed = new Feed(listeners, {
      apply: (message) => this.#apply(message),
      dump: () => this.#dump(),
      takeEvents: () => this.#untold.splice(0),
    });
  }

  list(): readonly T[] {
    this.#feed.catchUp();
    return [...this.#entries.values()];
  }

  subscribe(listener: (event: WatchedEvent<T>) => void): Disposable {
    return this.#feed.subscribe(listener);
  }

  [Symbol.dispose](): void {
    this.#feed[Symbol.dispose]();
    this.#sockets[Symbol.dispose]();
  }

  #apply(message: NetlinkMessage): void {
    const change = this.#kind.decode(message);
    if (change?.isPresent) this.#put(change.entry);
    else if (change) this.#remove(this.#kind.keyOf(change.entry));
  }

  #dump(): void {
    const present = new Set<string>();
    for (const message of this.#client.dump(this.#kind.dump, this.#kind.what)) {
      const change = this.#kind.decode(message);
      if (!change) continue;
      present.add(this.#kind.keyOf(change.entry));
      this.#put(change.entry);
    }
    for (const key of this.#entries.keys()) if (!present.has(key)) this.#remove(key);
  }

  #put(entry: T): void {
    const key = this.#kind.keyOf(entry);
    const known = this.#entries.get(key);
    if (known && this.#kind.isSame(known, entry)) return;
    this.#entries.set(key, entry);
    this.#untold.push({ kind: known ? "changed" : "added", entry });
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.#untold.push({ kind: "removed", entry });
  }
}
