import assert from "node:assert/strict";
import { resetDataplane } from "../../src/daemon/reset.ts";
import { engineFixture } from "../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";

describe("what a daemon leaves behind", () => {
  it("is taken away by the next, and the devices are as they were", async () => {
    const { engine, edit, commit, devices, memory } = await engineFixture({ devices: ["dev1"] });
    devices.add("dev2", { promiscuous: true });
    const ports = ["dev1", "dev2"].map((peer) => ({ name: peer, peer }));
    await commit(edit("create", br0, { ports }));
    await engine.close();
    assert.equal(devices.byName("dev1")?.promiscuous, true);

    resetDataplane(memory, devices);

    assert.deepEqual([memory.objects(), memory.programs(), memory.attachments()], [[], [], []]);
    assert.equal(devices.byName("dev1")?.promiscuous, false);
    assert.equal(devices.byName("dev2")?.promiscuous, true);
  });
});
