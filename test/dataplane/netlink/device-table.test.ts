import assert from "node:assert/strict";
import { DeviceTable } from "../../../src/dataplane/netlink/device-table.ts";
import type { Link } from "../../../src/dataplane/netlink/link-message.ts";

function link(ifindex: number, name: string, changes: Partial<Link> = {}): Link {
  return {
    ifindex,
    name,
    mac: "02:00:00:00:00:01",
    up: true,
    running: true,
    mtu: 1500,
    kind: "veth",
    loopback: false,
    promiscuous: false,
    ...changes,
  };
}

describe("device table", () => {
  let table: DeviceTable;

  function put(...links: readonly Link[]): void {
    for (const each of links) table.applyLink({ isPresent: true, link: each }, () => false);
  }

  function events(): string[] {
    return table.takeEvents().map(({ kind, device }) => `${kind} ${device.ifindex} ${device.name}`);
  }

  beforeEach(() => {
    table = new DeviceTable();
  });

  it("reports what is new, different or gone, once and in order", () => {
    put(link(1, "a"), link(1, "a"), link(1, "a", { mtu: 1400 }));
    table.applyLink({ isPresent: false, link: link(1, "a") }, () => false);
    table.applyLink({ isPresent: false, link: link(1, "a") }, () => false);

    assert.deepEqual(events(), ["added 1 a", "changed 1 a", "removed 1 a"]);
    assert.deepEqual(events(), []);
  });

  it("finds devices by their names of now when two swap them", () => {
    put(link(1, "a"), link(2, "b"), link(1, "c"), link(2, "a"), link(1, "b"));

    assert.equal(table.byName("a")?.ifindex, 2);
    assert.equal(table.byName("b")?.ifindex, 1);
    assert.equal(table.byName("c"), undefined);
  });

  it("takes a complete list over and reports only the differences", () => {
    put(link(1, "a"), link(2, "b"), link(3, "c"));
    events();

    const features = new Map([[4, true]]);
    table.replace([link(1, "a"), link(3, "c", { up: false }), link(4, "d")], features);

    assert.deepEqual(events(), ["removed 2 b", "changed 3 c", "added 4 d"]);
    assert.equal(table.byIndex(4)?.takesXdpFrames, true);
  });

  it("keeps XDP features over link messages, which do not carry them", () => {
    put(link(1, "a"));
    table.applyFeatures({ ifindex: 1, takesXdpFrames: true });
    table.applyFeatures({ ifindex: 9, takesXdpFrames: true });
    put(link(1, "a", { mtu: 9000 }));

    assert.equal(table.byIndex(1)?.takesXdpFrames, true);
    assert.deepEqual(events(), ["added 1 a", "changed 1 a", "changed 1 a"]);
  });
});
