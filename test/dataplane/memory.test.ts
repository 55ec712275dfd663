import assert from "node:assert/strict";
import { MemoryDataplane } from "../../src/dataplane/memory.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";
import { changedFixtureObject, fixtureObject } from "../support/fixture-object.ts";
import { describeContract } from "./contract.ts";

describe("memory data plane", () => {
  describeContract(() => {
    const devices = new MemoryDevices();
    const { ifindex } = devices.add("veth0");
    const dataplane = new MemoryDataplane({ objects: [fixtureObject], devices });
    return {
      dataplane,
      ifindex,
      objectFile: "",
      emit: (objectId, record) => dataplane.emit(objectId, "events", record),
      recompile: () => dataplane.offerObject(changedFixtureObject),
      [Symbol.dispose]: () => dataplane[Symbol.dispose](),
    };
  });

  it("drops the attachments of a device that goes away", () => {
    const devices = new MemoryDevices();
    const { ifindex } = devices.add("veth0");
    const dataplane = new MemoryDataplane({ objects: [fixtureObject], devices });
    dataplane.loadObject({ id: "cubes/a", object: "fixture", constants: {}, capacity: {} });
    dataplane.attach({ ifindex, hook: "tcx-ingress", objectId: "cubes/a", program: "ingress" });

    devices.remove(ifindex);

    assert.deepEqual(dataplane.attachments(), []);
    dataplane.detach(ifindex, "tcx-ingress");
    dataplane.unloadObject("cubes/a");
  });
});
