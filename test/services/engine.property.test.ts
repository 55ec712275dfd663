import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { discoverServices } from "../../src/services/discover.ts";
import { engineProperties } from "./engine-properties.ts";

const services = await discoverServices(new URL("../../src/services/", import.meta.url).pathname);
const deviceNames = ["dev1", "dev2", "dev3", "dev4"];
const objects = [entryObject, ...services.map(({ object }) => object)];

describe("the engine on a data plane in memory, for every discovered service", () => {
  engineProperties({
    services,
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
