import type { Devices } from "./dataplane.ts";

/** The machine's devices seen but not touched: what a data plane in memory works with. */
export function observedDevices(devices: Devices): Devices {
  return {
    byName: (name) => devices.byName(name),
    byIndex: (ifindex) => devices.byIndex(ifindex),
    list: () => devices.list(),
    subscribe: (listener) => devices.subscribe(listener),
    setPromiscuous: () => undefined,
    [Symbol.dispose]: () => devices[Symbol.dispose](),
  };
}
