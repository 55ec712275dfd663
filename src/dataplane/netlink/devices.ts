import { type Device, type DeviceEvent, type Devices, KernelError } from "../dataplane.ts";
import { DeviceTable } from "./device-table.ts";
import { Feed } from "./feed.ts";
import { decodeLink, dumpLinks, type Link, RTNLGRP_LINK, setPromiscuous } from "./link-message.ts";
import type { NetlinkMessage } from "./message.ts";
import {
  decodeXdpFeatures,
  getXdpFeatures,
  type NetdevFamily,
  resolveNetdevFamily,
  type XdpFeatures,
} from "./netdev-message.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE, type NetlinkClient, NetlinkSockets } from "./socket.ts";

/** The devices of this process's network namespace, from rtnetlink and the family `netdev`. */
export function openDevices(): Devices {
  const sockets = new NetlinkSockets();
  try {
    return new NetlinkDevices(sockets);
  } catch (error) {
    sockets[Symbol.dispose]();
    throw error;
  }
}

class NetlinkDevices implements Devices {
  readonly #sockets: NetlinkSockets;
  readonly #route: NetlinkClient;
  readonly #generic: NetlinkClient;
  /** Absent before kernel 6.3: no device is then known to take XDP frames. */
  readonly #netdev: NetdevFamily | undefined;
  readonly #table = new DeviceTable();
  readonly #feed: Feed<DeviceEvent>;

  constructor(sockets: NetlinkSockets) {
    this.#sockets = sockets;
    this.#route = sockets.client(NETLINK_ROUTE);
    this.#generic = sockets.client(NETLINK_GENERIC);
    this.#netdev = familyOrNone(this.#generic);
    const links = sockets.listener(NETLINK_ROUTE, RTNLGRP_LINK);
    const listeners = [links];
    if (this.#netdev) listeners.push(sockets.listener(NETLINK_GENERIC, this.#netdev.group));
    this.#feed = new Feed(listeners, {
      apply: (message, listener) => {
        if (listener === links) this.#applyLink(message);
        else this.#applyFeatures(message);
      },
      dump: () => this.#dump(),
      takeEvents: () => this.#table.takeEvents(),
    });
  }

  /** As the kernel has it now: what is planned by it must not rest on events still waiting. */
  byName(name: string): Device | undefined {
    return this.#current().byName(name);
  }

  byIndex(ifindex: number): Device | undefined {
    return this.#table.byIndex(ifindex) ?? this.#current().byIndex(ifindex);
  }

  list(): readonly Device[] {
    return this.#table.list();
  }

  subscribe(subscriber: (event: DeviceEvent) => void): Disposable {
    return this.#feed.subscribe(subscriber);
  }

  setPromiscuous(ifindex: number, on: boolean): void {
    const operation = `setting promiscuous mode of device ${ifindex}`;
    this.#route.call(setPromiscuous(ifindex, on), operation);
    this.#feed.catchUp();
  }

  [Symbol.dispose](): void {
    this.#feed[Symbol.dispose]();
    this.#sockets[Symbol.dispose]();
  }

  /** Read before a device is called absent: a client may have made it just now. */
  #current(): DeviceTable {
    this.#feed.catchUp();
    return this.#table;
  }

  #applyLink(message: NetlinkMessage): void {
    const change = decodeLink(message);
    if (change) this.#table.applyLink(change, (ifindex) => this.#featuresOf(ifindex));
  }

  #applyFeatures(message: NetlinkMessage): void {
    const features = decodeXdpFeatures(message);
    if (features) this.#table.applyFeatures(features);
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
