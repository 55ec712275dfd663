import assert from "node:assert/strict";
import { KernelError } from "../../src/dataplane/dataplane.ts";
import { MemoryDevices } from "../../src/dataplane/memory-devices.ts";

describe("devices in memory", () => {
  it("tell what happens to them, until nobody listens", () => {
    const devices = new MemoryDevices();
    const events: string[] = [];
    const subscription = devices.subscribe(({ kind, device }) =>
      events.push(`${kind} ${device.name}`),
    );

    const { ifindex } = devices.add("veth0");
    devices.change(ifindex, { name: "veth1" });
    devices.setPromiscuous(ifindex, true);
    devices.setPromiscuous(ifindex, true);
    devices.remove(ifindex);
    subscription[Symbol.dispose]();
    devices.add("veth2");

    const expected = ["added veth0", "changed veth1", "changed veth1", "removed veth1"];
    assert.deepEqual(events, expected);
  });

  it("never give an ifindex twice", () => {
    const devices = new MemoryDevices();

    const first = devices.add("veth0", { ifindex: 9 });
    devices.remove(first.ifindex);
    const second = devices.add("veth0");

    assert.equal(second.ifindex, 10);
    assert.equal(devices.byName("veth0")?.ifindex, 10);
  });

  it("refuse what the kernel refuses", () => {
    const devices = new MemoryDevices();
    devices.add("veth0");
    const refuses = (code: string, action: () => void) =>
      assert.throws(action, (error) => error instanceof KernelError && error.code === code);

    refuses("EEXIST", () => devices.add("veth0"));
    refuses("ENODEV", () => devices.setPromiscuous(99, true));
    refuses("ENODEV", () => devices.remove(99));
  });
});
