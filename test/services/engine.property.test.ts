import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { discoverServices, objectsOf } from "../../src/services/discover.ts";
import { engineProperties } from "./engine-properties.ts";

const serviceDirectory = new URL("../../src/services/", import.meta.url).pathname;
const deviceNames = ["dev1", "dev2", "dev3", "dev4"];

describe("the engine on a data plane in memory, for every discovered service", () => {
  let objects: readonly ObjectLayout[];

  engineProperties({
    services: async () => {
      const services = await discoverServices(serviceDirectory);
      objects = [entryObject, ...objectsOf(services)];
      return services;
    },
    deviceNames,
    runs: 60,
    commitsMax: 8,
    ground: () => {
      const devices = new MemoryDevices();
      for (const name of deviceNames) devices.add(name);
      const dataplane = new MemoryDataplane({ objects, devices });
      return { dataplane, devices, [Symbol.dispose]: () => dataplane[Symbol.dispose]() };
    },
  });
});
