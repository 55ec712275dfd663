import type { Device, DeviceEvent } from "../dataplane.ts";
import type { Link, LinkChange } from "./link-message.ts";
import type { XdpFeatures } from "./netdev-message.ts";

/** The devices as last heard of, and what changed in them that nobody was told yet. */
export class DeviceTable {
  readonly #devices = new Map<number, Device>();
  readonly #ifindexes = new Map<string, number>();
  #untold: DeviceEvent[] = [];

  byName(name: string): Device | undefined {
    const ifindex = this.#ifindexes.get(name);
    return ifindex === undefined ? undefined : this.#devices.get(ifindex);
  }

  byIndex(ifindex: number): Device | undefined {
    return this.#devices.get(ifindex);
  }

  list(): Device[] {
    return [...this.#devices.values()];
  }

  /** `featuresOf` is asked for devices not seen before. */
  applyLink({ isPresent, link }: LinkChange, featuresOf: (ifindex: number) => boolean): void {
    const known = this.#devices.get(link.ifindex);
    if (!isPresent) {
      if (known) this.#remove(known);
      return;
    }
    const takesXdpFrames = known?.takesXdpFrames ?? featuresOf(link.ifindex);
    this.#put({ ...link, takesXdpFrames });
  }

  applyFeatures({ ifindex, takesXdpFrames }: XdpFeatures): void {
    const known = this.#devices.get(ifindex);
    if (known) this.#put({ ...known, takesXdpFrames });
  }

  /** Takes over a complete dump: what it does not hold is gone. */
  replace(links: readonly Link[], features: ReadonlyMap<number, boolean>): void {
    const present = new Set(links.map(({ ifindex }) => ifindex));
    for (const device of this.list()) if (!present.has(device.ifindex)) this.#remove(device);
    for (const link of links) {
      this.#put({ ...link, takesXdpFrames: features.get(link.ifindex) ?? false });
    }
  }

  /** The changes since the last call, in order. */
  takeEvents(): DeviceEvent[] {
    const events = this.#untold;
    this.#untold = [];
    return events;
  }

  #put(device: Device): void {
    const known = this.#devices.get(device.ifindex);
    if (known && isSame(known, device)) return;
    if (known) this.#forgetName(known);
    this.#devices.set(device.ifindex, device);
    this.#ifindexes.set(device.name, device.ifindex);
    this.#untold.push({ kind: known ? "changed" : "added", device });
  }

  #remove(device: Device): void {
    this.#devices.delete(device.ifindex);
    this.#forgetName(device);
    this.#untold.push({ kind: "removed", device });
  }

  /** Two devices may have swapped names: the name is another's by then. */
  #forgetName({ name, ifindex }: Device): void {
    if (this.#ifindexes.get(name) === ifindex) this.#ifindexes.delete(name);
  }
}

function isSame(a: Device, b: Device): boolean {
  return (
    a.name === b.name &&
    a.mac === b.mac &&
    a.up === b.up &&
    a.running === b.running &&
    a.mtu === b.mtu &&
    a.kind === b.kind &&
    a.loopback === b.loopback &&
    a.promiscuous === b.promiscuous &&
    a.takesXdpFrames === b.takesXdpFrames
  );
}
