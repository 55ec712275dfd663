import koffi, { type node } from "koffi";
import { type Device, type DeviceEvent, type Devices, KernelError } from "../dataplane.ts";
import { DeviceTable } from "./device-table.ts";
import { decodeLink, dumpLinks, type Link, RTNLGRP_LINK, setPromiscuous } from "./link-message.ts";
import type { NetlinkMessage } from "./message.ts";
import {
  decodeXdpFeatures,
  getXdpFeatures,
  type NetdevFamily,
  resolveNetdevFamily,
  type XdpFeatures,
} from "./netdev-message.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE, NetlinkClient, NetlinkListener } from "./socket.ts";

/** Datagrams read in one go; the rest follows in the next turn of the event loop. */
const DATAGRAMS_MAX = 256;
/** More than fit into the buffer of a socket. */
const DATAGRAMS_LOST_MAX = 16_384;

type Listener = (event: DeviceEvent) => void;

/** The devices of this process's network namespace, from rtnetlink and the family `netdev`. */
export function openDevices(): Devices {
  const sockets = new Sockets();
  try {
    return new NetlinkDevices(sockets);
  } catch (error) {
    sockets[Symbol.dispose]();
    throw error;
  }
}

class Sockets implements Disposable {
  readonly #opened: Disposable[] = [];

  client(protocol: number): NetlinkClient {
    return this.#own(new NetlinkClient(protocol));
  }

  listener(protocol: number, group: number): NetlinkListener {
    return this.#own(new NetlinkListener(protocol, group));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#opened.splice(0)) socket[Symbol.dispose]();
  }

  #own<T extends Disposable>(socket: T): T {
    this.#opened.push(socket);
    return socket;
  }
}

class NetlinkDevices implements Devices {
  readonly #sockets: Sockets;
  readonly #route: NetlinkClient;
  readonly #generic: NetlinkClient;
  /** Absent before kernel 6.3: no device is then known to take XDP frames. */
  readonly #netdev: NetdevFamily | undefined;
  readonly #listeners: readonly NetlinkListener[];
  readonly #polls: readonly node.PollHandle[];
  readonly #table = new DeviceTable();
  readonly #subscribers = new Set<Listener>();
  #tellScheduled: NodeJS.Immediate | undefined;

  constructor(sockets: Sockets) {
    this.#sockets = sockets;
    this.#route = sockets.client(NETLINK_ROUTE);
    this.#generic = sockets.client(NETLINK_GENERIC);
    this.#netdev = familyOrNone(this.#generic);
    // Listening starts before the dump, so that nothing falls between the two.
    const listeners = [sockets.listener(NETLINK_ROUTE, RTNLGRP_LINK)];
    if (this.#netdev) listeners.push(sockets.listener(NETLINK_GENERIC, this.#netdev.group));
    this.#listeners = listeners;
    this.#dump();
    this.#table.takeEvents();
    this.#polls = listeners.map((listener) =>
      koffi.node.poll(listener.fd, { readable: true }, () => {
        this.#read(listener);
        this.#tell();
      }),
    );
  }

  byName(name: string): Device | undefined {
    return this.#table.byName(name) ?? this.#readAll().byName(name);
  }

  byIndex(ifindex: number): Device | undefined {
    return this.#table.byIndex(ifindex) ?? this.#readAll().byIndex(ifindex);
  }

  list(): readonly Device[] {
    return this.#table.list();
  }

  subscribe(subscriber: Listener): Disposable {
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => this.#subscribers.delete(subscriber) };
  }

  setPromiscuous(ifindex: number, on: boolean): void {
    const operation = `setting promiscuous mode of device ${ifindex}`;
    this.#route.call(setPromiscuous(ifindex, on), operation);
    this.#readAll();
  }

  [Symbol.dispose](): void {
    this.#subscribers.clear();
    clearImmediate(this.#tellScheduled);
    for (const poll of this.#polls) poll.close();
    this.#sockets[Symbol.dispose]();
  }

  /**
   * Events that wait are read before a device is called absent: a client may have made it just
   * now. Subscribers hear of them later, not in the middle of whatever asked.
   */
  #readAll(): DeviceTable {
    for (const listener of this.#listeners) this.#read(listener);
    this.#tellScheduled ??= setImmediate(() => this.#tell());
    return this.#table;
  }

  #read(listener: NetlinkListener): void {
    for (let count = 0; count < DATAGRAMS_MAX; count++) {
      const messages = listener.receive();
      if (messages?.length === 0) return;
      if (!messages) {
        this.#startOver();
        return;
      }
      for (const message of messages) this.#apply(listener, message);
    }
  }

  /**
   * What waits in the sockets is older than what was lost, and until they are empty the kernel
   * goes on dropping; so they are emptied before the dump.
   */
  #startOver(): void {
    for (const listener of this.#listeners) {
      for (let count = 0; count < DATAGRAMS_LOST_MAX; count++) {
        if (listener.receive()?.length === 0) break;
      }
    }
    this.#dump();
  }

  #apply(listener: NetlinkListener, message: NetlinkMessage): void {
    if (listener === this.#listeners[0]) {
      const change = decodeLink(message);
      if (change) this.#table.applyLink(change, (ifindex) => this.#featuresOf(ifindex));
    } else {
      const features = decodeXdpFeatures(message);
      if (features) this.#table.applyFeatures(features);
    }
  }

  #dump(): void {
    const messages = this.#route.dump(dumpLinks, "listing devices");
    const links = messages.map(decodeLink).filter((change) => change !== undefined);
    this.#table.replace(
      links.map(({ link }): Link => link),
      this.#allFeatures(),
    );
  }

  #allFeatures(): ReadonlyMap<number, boolean> {
    if (!this.#netdev) return new Map();
    const answers = this.#generic.dump(getXdpFeatures(this.#netdev), "listing XDP features");
    return new Map(answers.map(decodeXdpFeatures).filter(isKnown).map(toEntry));
  }

  #featuresOf(ifindex: number): boolean {
    if (!this.#netdev) return false;
    const request = getXdpFeatures(this.#netdev, ifindex);
    try {
      const [answer] = this.#generic.call(request, `reading XDP features of device ${ifindex}`);
      return (answer && decodeXdpFeatures(answer)?.takesXdpFrames) ?? false;
    } catch (error) {
      // Gone again already; the event that says so is on its way.
      if (error instanceof KernelError && error.code === "ENODEV") return false;
      throw error;
    }
  }

  /** One subscriber's fault must not keep the others from hearing. */
  #tell(): void {
    this.#tellScheduled = undefined;
    for (const event of this.#table.takeEvents()) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(event);
        } catch (error) {
          process.emitWarning(error instanceof Error ? error : String(error));
        }
      }
    }
  }
}

function familyOrNone(client: NetlinkClient): NetdevFamily | undefined {
  try {
    return resolveNetdevFamily(client);
  } catch (error) {
    if (error instanceof KernelError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isKnown(features: XdpFeatures | undefined): features is XdpFeatures {
  return features !== undefined;
}

function toEntry({ ifindex, takesXdpFrames }: XdpFeatures): [number, boolean] {
  return [ifindex, takesXdpFrames];
}
