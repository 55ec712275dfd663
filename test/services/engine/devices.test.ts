import assert from "node:assert/strict";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as transparent } from "../../../src/services/transparenthelloworld/service.ts";
import { anyServices, engineFixture } from "../../support/engine.ts";
import { watchedDataplane } from "../../support/observed-dataplane.ts";
import { br0, entries, indexOf, port, ports, settled, wired } from "../../support/wired-bridge.ts";

describe("a port and its device", () => {
  it("are wired both ways, the device listening to every address", async () => {
    const fixture = await wired();
    const [dev1, dev2] = [indexOf(fixture, "dev1"), indexOf(fixture, "dev2")];

    assert.deepEqual(ports(fixture), { p1: ["UP", dev1], p2: ["UP", dev2] });
    assert.deepEqual(entries(fixture), { [dev1]: 0, [dev2]: 1 });
    assert.equal(fixture.devices.byName("dev1")?.promiscuous, true);
  });

  it("are swapped with another pair in one commit", async () => {
    const fixture = await wired();
    const { edit, commit } = fixture;
    const [dev1, dev2] = [indexOf(fixture, "dev1"), indexOf(fixture, "dev2")];

    await commit(
      edit("merge", `${port("p1")}/peer`, "dev2"),
      edit("merge", `${port("p2")}/peer`, "dev1"),
    );

    assert.deepEqual(ports(fixture), { p1: ["UP", dev2], p2: ["UP", dev1] });
    assert.deepEqual(entries(fixture), { [dev1]: 1, [dev2]: 0 });
  });

  it("are parted by the port's deletion, and the device is as it was", async () => {
    const fixture = await wired();
    const dev2 = indexOf(fixture, "dev2");

    await fixture.commit(fixture.edit("delete", port("p1")));

    assert.deepEqual(ports(fixture), { p2: ["UP", dev2] });
    assert.deepEqual(entries(fixture), { [dev2]: 1 });
    assert.equal(fixture.devices.byName("dev1")?.promiscuous, false);
  });

  it("are parted also where the device has vanished and nobody has told of it yet", async () => {
    const fixture = await wired();
    fixture.devices.setPromiscuous = (ifindex) => {
      throw new KernelError(`setting promiscuous mode of device ${ifindex}`, "ENODEV");
    };

    await fixture.commit(fixture.edit("delete", port("p1")));

    assert.deepEqual(Object.keys(ports(fixture)), ["p2"]);
    assert.deepEqual(fixture.errors, []);
  });

  it("leave a device alone that was promiscuous before", async () => {
    const fixture = await engineFixture();
    fixture.devices.add("dev1", { promiscuous: true });
    await fixture.commit(
      fixture.edit("create", br0, { ports: [{ name: "p1", peer: "dev1" }] }),
      fixture.edit("merge", "/simplebridge:simplebridge[name='br1']", {}),
    );

    await fixture.commit(fixture.edit("delete", br0));

    assert.equal(fixture.devices.byName("dev1")?.promiscuous, true);
  });

  it("go down and up with the device, and subscribers hear of the port once each time", async () => {
    const fixture = await wired();
    const dev1 = indexOf(fixture, "dev1");
    await settled(fixture);
    const heard = fixture.heard();

    fixture.devices.change(dev1, { running: false });
    await settled(fixture);
    const down = ports(fixture)["p1"];
    fixture.devices.change(dev1, { running: true });
    await settled(fixture);

    assert.deepEqual(
      [down, ports(fixture)["p1"]],
      [
        ["DOWN", dev1],
        ["UP", dev1],
      ],
    );
    const keys = heard.map(({ state }) => state.map((path) => path.at(-1)?.keys));
    assert.deepEqual(keys, [[["p1"]], [["p1"]]]);
  });

  it("follow the last of many changes of the device, and hold up no commit", async () => {
    const fixture = await wired();
    const { devices, edit, commit } = fixture;
    const dev1 = indexOf(fixture, "dev1");
    await settled(fixture);
    const heard = fixture.heard();

    for (let change = 0; change <= 5_000; change += 1) {
      devices.change(dev1, { running: change % 2 === 1 });
    }
    await commit(edit("merge", `${port("p2")}/peer`, "dev2"));

    assert.deepEqual(ports(fixture)["p1"], ["DOWN", dev1]);
    assert.equal(heard.filter(({ state }) => state.length > 0).length, 1);
  });

  it("find each other when it was gone for a moment only and has its index again", async () => {
    const fixture = await wired();
    const dev1 = indexOf(fixture, "dev1");

    fixture.devices.remove(dev1);
    fixture.devices.add("dev1", { ifindex: dev1 });
    await settled(fixture);

    assert.deepEqual(ports(fixture)["p1"], ["UP", dev1]);
    assert.equal(fixture.devices.byName("dev1")?.promiscuous, true);
    assert.deepEqual(fixture.errors, []);
  });

  it("find each other also where other services have no ports", async () => {
    const withoutPorts = transparent as object as Discovered;
    const fixture = await wired([withoutPorts, ...anyServices]);
    await settled(fixture);
    const heard = fixture.heard();

    fixture.devices.change(indexOf(fixture, "dev1"), { running: false });
    await settled(fixture);

    assert.deepEqual(fixture.errors, []);
    assert.equal(heard.length, 1);
  });

  it("find each other again when the device comes back under another index", async () => {
    const fixture = await wired();
    const dev2 = indexOf(fixture, "dev2");

    fixture.devices.remove(indexOf(fixture, "dev1"));
    await settled(fixture);
    const without = [ports(fixture), entries(fixture)];
    fixture.devices.add("dev1", { ifindex: 77 });
    await settled(fixture);

    assert.deepEqual(without, [{ p1: "DOWN", p2: ["UP", dev2] }, { [dev2]: 1 }]);
    assert.deepEqual(ports(fixture), { p1: ["UP", 77], p2: ["UP", dev2] });
    assert.deepEqual(entries(fixture), { [dev2]: 1, 77: 0 });
    assert.deepEqual(fixture.errors, []);
  });

  it("find each other when it was gone for a moment only", async () => {
    const fixture = await wired();

    fixture.devices.remove(indexOf(fixture, "dev1"));
    fixture.devices.add("dev1", { ifindex: 77 });
    await settled(fixture);

    assert.deepEqual(ports(fixture)["p1"], ["UP", 77]);
    assert.deepEqual(fixture.errors, []);
  });

  it("can be given up and taken by another port while the device is away", async () => {
    const fixture = await wired();
    const { edit, commit, devices } = fixture;
    devices.remove(indexOf(fixture, "dev1"));
    await settled(fixture);

    await commit(edit("delete", port("p1")));
    devices.add("dev1", { ifindex: 77 });
    await commit(edit("merge", `${port("p2")}/peer`, "dev1"));

    assert.deepEqual(ports(fixture), { p2: ["UP", 77] });
    assert.deepEqual(fixture.errors, []);
  });

  it("join after a restart once the device is there", async () => {
    const { root } = (await wired()).engine.snapshot();
    const fixture = await engineFixture({ stored: { root, id: 1 } });
    const before = ports(fixture);

    fixture.devices.add("dev2", { ifindex: 77 });
    await settled(fixture);

    assert.deepEqual(before, { p1: "DOWN", p2: "DOWN" });
    assert.deepEqual(ports(fixture), { p1: "DOWN", p2: ["UP", 77] });
    assert.deepEqual(fixture.errors, []);
  });

  it("need not both be there to be parted after a restart", async () => {
    const { root } = (await wired()).engine.snapshot();
    const fixture = await engineFixture({ stored: { root, id: 1 } });

    await fixture.commit(fixture.edit("delete", br0));

    assert.deepEqual(fixture.memory.objects(), ["recirculation"]);
  });

  it("are not connected where the device vanishes inside the commit, which is refused", async () => {
    const fixture = await engineFixture({
      devices: ["dev1", "dev2"],
      wrap: (dataplane) =>
        watchedDataplane(dataplane, (write) => {
          if (write.startsWith("attach")) fixture.devices.remove(indexOf(fixture, "dev2"));
        }),
    });
    const { edit, violations } = fixture;

    const found = await violations(
      edit("create", br0, { ports: [{ name: "p2", peer: "dev2" }, { name: "p3" }] }),
    );

    const faults = found.map(({ path, tag, appTag }) => [path, tag, appTag]);
    assert.deepEqual(faults, [[`${port("p2")}/peer`, "operation-failed", "instance-required"]]);
    assert.match(found[0]?.message ?? "", /vanished/);
    assert.deepEqual(fixture.memory.objects(), ["recirculation"]);
    assert.deepEqual(fixture.errors, []);
  });

  it("find each other although the device vanished while it was being connected", async () => {
    let isVanishing = false;
    const fixture = await engineFixture({
      devices: ["dev1"],
      wrap: (dataplane) =>
        watchedDataplane(dataplane, (write) => {
          if (!isVanishing || !write.startsWith("attach")) return;
          isVanishing = false;
          fixture.devices.remove(indexOf(fixture, "dev2"));
        }),
    });
    fixture.devices.add("dev2", { ifindex: 76 });
    const peers = [
      { name: "p1", peer: "dev1" },
      { name: "p2", peer: "dev2" },
    ];
    await fixture.commit(fixture.edit("create", br0, { ports: peers }));
    fixture.devices.remove(76);
    await settled(fixture);

    isVanishing = true;
    fixture.devices.add("dev2", { ifindex: 77 });
    await settled(fixture);
    const without = ports(fixture)["p2"];
    fixture.devices.add("dev2", { ifindex: 78 });
    await settled(fixture);

    assert.deepEqual([without, ports(fixture)["p2"]], ["DOWN", ["UP", 78]]);
    assert.deepEqual(fixture.errors, []);
  });
});
