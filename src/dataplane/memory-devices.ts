import { type Device, type DeviceEvent, type Devices, KernelError } from "./dataplane.ts";

type Listener = (event: DeviceEvent) => void;

/** Devices that exist because a test, or `--dataplane memory`, says so. */
export class MemoryDevices implements Devices {
  readonly #devices = new Map<number, Device>();
  readonly #listeners = new Set<Listener>();
  #nextIfindex = 2;

  /** Adds a device that is up, with what is not given as a veth would have it. */
  add(name: string, properties: Partial<Omit<Device, "name">> = {}): Device {
    if (this.byName(name)) throw new KernelError(`adding device ${name}`, "EEXIST");
    const ifindex = properties.ifindex ?? this.#nextIfindex;
    this.#nextIfindex = Math.max(this.#nextIfindex, ifindex) + 1;
    const device = { ...vethDefaults(ifindex), ...properties, ifindex, name };
    this.#devices.set(ifindex, device);
    this.#emit({ kind: "added", device });
    return device;
  }

  change(ifindex: number, properties: Partial<Omit<Device, "ifindex">>): void {
    const device = { ...this.#existing(ifindex, "changing"), ...properties };
    this.#devices.set(ifindex, device);
    this.#emit({ kind: "changed", device });
  }

  remove(ifindex: number): void {
    const device = this.#existing(ifindex, "removing");
    this.#devices.delete(ifindex);
    this.#emit({ kind: "removed", device });
  }

  byName(name: string): Device | undefined {
    return this.list().find((device) => device.name === name);
  }

  byIndex(ifindex: number): Device | undefined {
    return this.#devices.get(ifindex);
  }

  list(): readonly Device[] {
    return [...this.#devices.values()];
  }

  subscribe(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  setPromiscuous(ifindex: number, on: boolean): void {
    const { promiscuous } = this.#existing(ifindex, "setting promiscuous mode of");
    if (promiscuous !== on) this.change(ifindex, { promiscuous: on });
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
  }

  #existing(ifindex: number, gerund: string): Device {
    const device = this.#devices.get(ifindex);
    if (!device) throw new KernelError(`${gerund} device ${ifindex}`, "ENODEV");
    return device;
  }

  #emit(event: DeviceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function vethDefaults(ifindex: number): Omit<Device, "name"> {
  const octets = [0x02, 0, 0, 0, (ifindex >> 8) & 0xff, ifindex & 0xff];
  return {
    ifindex,
    mac: octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":"),
    up: true,
    running: true,
    mtu: 1500,
    kind: "veth",
    loopback: false,
    promiscuous: false,
    takesXdpFrames: true,
  };
}
