import type { IrLeaf } from "../../src/datamodel/schema/ir.ts";
import { openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { openDevices } from "../../src/dataplane/netlink/devices.ts";
import type { Discovered } from "../../src/services/any-service.ts";
import { discoverServices } from "../../src/services/discover.ts";
import { describeKernel, pinDirectory } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { engineProperties, type Ground } from "./engine-properties.ts";

const objectDirectory = new URL("../../build/bpf/", import.meta.url).pathname;
const serviceDirectory = new URL("../../src/services/", import.meta.url).pathname;

/**
 * Leaves that are fixed when a cube is created are sizes of maps, which the kernel reserves: random
 * ones are kept small, so that the test is about the engine.
 */
function sparing(service: Discovered): Discovered {
  const ir = JSON.parse(JSON.stringify(service.model.ir), (_name, node: IrLeaf) => {
    const isInitOnly = node?.extensions?.some(({ name }) => name.endsWith(":init-only"));
    const range = isInitOnly && "range" in node.type ? node.type.range : undefined;
    const [first] = range?.intervals ?? [];
    if (first === undefined) return node;
    const intervals = [{ min: first.min, max: String(Number(first.min) + 100) }];
    return { ...node, default: first.min, type: { ...node.type, range: { ...range, intervals } } };
  });
  return { ...service, model: { ir } };
}

describeKernel("the engine in the kernel, for every discovered service", { since: "6.6" }, () => {
  const veths: VethPair[] = [];
  const deviceNames: string[] = [];

  before(() => {
    for (let count = 0; count < 3; count += 1) veths.push(vethPair());
    deviceNames.push(...veths.map(({ name }) => name));
  });

  after(() => {
    for (const veth of veths) veth[Symbol.dispose]();
  });

  engineProperties({
    services: async () => (await discoverServices(serviceDirectory)).map(sparing),
    deviceNames,
    runs: 10,
    commitsMax: 5,
    ground: kernelGround,
  });
});

function kernelGround(): Ground {
  const pins = pinDirectory();
  const devices = openDevices();
  const dataplane = openKernelDataplane({ pinDirectory: pins.path, objectDirectory });
  return {
    dataplane,
    devices,
    [Symbol.dispose]: () => {
      // The next ground wants the same devices at once; unpinning alone frees them a little later.
      for (const { ifindex, hook } of dataplane.attachments()) dataplane.detach(ifindex, hook);
      dataplane[Symbol.dispose]();
      devices[Symbol.dispose]();
      pins[Symbol.dispose]();
    },
  };
}
