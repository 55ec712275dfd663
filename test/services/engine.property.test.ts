import fc from "fast-check";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import { discoverServices, objectsOf } from "../../src/services/discover.ts";
import { coreObjects } from "../../src/services/engine/core-objects.ts";
import { anyServices } from "../support/engine.ts";
import { lab } from "../support/lab.ts";
import { alarm } from "../support/patch-model.ts";
import { patchPanel } from "../support/patch-panel.ts";
import { engineProperties, type Ground } from "./engine-properties.ts";

const serviceDirectory = new URL("../../src/services/", import.meta.url).pathname;
const deviceNames = ["dev1", "dev2", "dev3", "dev4"];

interface MemoryGround extends Ground {
  readonly dataplane: MemoryDataplane;
  readonly devices: MemoryDevices;
}

function memoryGround(objects: readonly ObjectLayout[]): MemoryGround {
  const devices = new MemoryDevices();
  for (const name of deviceNames) devices.add(name);
  const dataplane = new MemoryDataplane({ objects, devices });
  return { dataplane, devices, [Symbol.dispose]: () => dataplane[Symbol.dispose]() };
}

describe("the engine on a data plane in memory, for every discovered service", () => {
  let objects: readonly ObjectLayout[];

  engineProperties({
    services: async () => {
      const services = await discoverServices(serviceDirectory);
      objects = [...coreObjects, ...objectsOf(services)];
      return services;
    },
    deviceNames,
    runs: 60,
    commitsMax: 8,
    ground: () => memoryGround(objects),
  });
});

describe("the engine on a data plane in memory, for services that learn facts", () => {
  const services = [...anyServices, patchPanel, lab];
  const objects = [...coreObjects, ...objectsOf(services)];

  engineProperties({
    services: async () => services,
    deviceNames,
    runs: 100,
    commitsMax: 8,
    ground: () => memoryGround(objects),
    happen: (gen, ground) => {
      const { dataplane, devices } = ground as MemoryGround;
      for (const id of dataplane.objects()) {
        if (dataplane.loadedRequest(id)?.object !== "patch") continue;
        const [port, colour] = [gen(fc.nat, { max: 3 }), gen(fc.nat, { max: 2 })];
        dataplane.emit(id, "alarms", alarm.encode({ port, colour }));
      }
      changeDevice(gen, devices);
    },
  });
});

function changeDevice(gen: fc.GeneratorValue, devices: MemoryDevices): void {
  const name = gen(fc.constantFrom, ...deviceNames);
  const device = devices.byName(name);
  if (device === undefined) devices.add(name);
  else if (gen(fc.nat, { max: 3 }) === 0) devices.remove(device.ifindex);
  else devices.change(device.ifindex, { mtu: gen(fc.integer, { min: 1280, max: 1290 }) });
}
