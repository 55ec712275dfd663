import assert from "node:assert/strict";
import { engineFixture } from "../../support/engine.ts";
import { br0, entries, indexOf, port, ports, settled, wired } from "../../support/wired-bridge.ts";

describe("a port and who has the name of its device", () => {
  it("part when the device is renamed; who has the name now takes its place", async () => {
    const fixture = await wired();
    const dev1 = indexOf(fixture, "dev1");

    fixture.devices.change(dev1, { name: "other" });
    await settled(fixture);
    const renamed = ports(fixture)["p1"];
    fixture.devices.add("dev1", { ifindex: 77 });
    await settled(fixture);

    assert.deepEqual([renamed, ports(fixture)["p1"]], ["DOWN", ["UP", 77]]);
    assert.equal(fixture.devices.byName("other")?.promiscuous, false);
    assert.equal(entries(fixture)[dev1], undefined);
  });

  it("follow their names when two devices swap them", async () => {
    const fixture = await engineFixture({});
    for (const name of ["dev1", "dev2"]) fixture.devices.add(name, { promiscuous: true });
    const [one, two] = [indexOf(fixture, "dev1"), indexOf(fixture, "dev2")];
    const peers = [
      { name: "p1", peer: "dev1" },
      { name: "p2", peer: "dev2" },
    ];
    await fixture.commit(fixture.edit("create", br0, { ports: peers }));

    fixture.devices.change(one, { name: "aside" });
    fixture.devices.change(two, { name: "dev1" });
    fixture.devices.change(one, { name: "dev2" });
    await settled(fixture);

    assert.deepEqual(ports(fixture), { p1: ["UP", two], p2: ["UP", one] });
    assert.deepEqual(entries(fixture), { [one]: 1, [two]: 0 });
  });

  it("are parted when another device has the name before anything was done about it", async () => {
    const fixture = await wired();
    const [dev1, dev2] = [indexOf(fixture, "dev1"), indexOf(fixture, "dev2")];

    const heard = fixture.heard();
    fixture.devices.change(dev1, { name: "tmp" });
    fixture.devices.change(dev2, { name: "dev1" });
    await settled(fixture);

    assert.deepEqual(ports(fixture), { p1: ["UP", dev2], p2: "DOWN" });
    const keys = heard.flatMap(({ state }) => state.map((path) => path.at(-1)?.keys?.[0]));
    assert.deepEqual(new Set(keys), new Set(["p1", "p2"]));
    assert.deepEqual(entries(fixture), { [dev2]: 0 });
  });

  it("are parted when a commit gives the device, by its new name, to another port", async () => {
    const fixture = await wired();
    const { edit, commit, devices } = fixture;
    const dev2 = indexOf(fixture, "dev2");

    const committed = commit(edit("create", port("p3"), { peer: "dev3" }));
    devices.change(dev2, { name: "dev3" });
    await committed;
    await settled(fixture);

    assert.deepEqual(ports(fixture)["p2"], "DOWN");
    assert.deepEqual(ports(fixture)["p3"], ["UP", dev2]);
  });
});
