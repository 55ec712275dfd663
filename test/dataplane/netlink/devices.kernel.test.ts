import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  type Device,
  type DeviceEvent,
  type Devices,
  KernelError,
} from "../../../src/dataplane/dataplane.ts";
import { openDevices } from "../../../src/dataplane/netlink/devices.ts";
import { describeKernel } from "../../support/kernel.ts";
import { ip, namespace, run, type VethPair, vethPair } from "../../support/network.ts";

/** The first event about a device for which `matches` holds; mocha's time limit bounds the wait. */
function eventOf(
  devices: Devices,
  ifindex: number,
  matches: (event: DeviceEvent) => boolean,
): Promise<Device> {
  return new Promise((resolve) => {
    const subscription = devices.subscribe((event) => {
      if (event.device.ifindex !== ifindex || !matches(event)) return;
      subscription[Symbol.dispose]();
      resolve(event.device);
    });
  });
}

/** The device once its carrier is there: the kernel says so a little after `ip link set up`. */
async function running(devices: Devices, veth: VethPair): Promise<Device> {
  const device = devices.byName(veth.name);
  if (!device?.running) {
    return await eventOf(devices, veth.ifindex, ({ device: { running } }) => running);
  }
  // What was read on the way is told in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  return device;
}

describeKernel("devices from netlink", { since: "6.3" }, () => {
  let devices: Devices;

  beforeEach(() => {
    devices = openDevices();
  });

  afterEach(() => devices[Symbol.dispose]());

  it("are all there from the start", async () => {
    using veth = vethPair();
    await running(devices, veth);
    using opened = openDevices();
    const device = opened.byName(veth.name);

    assert.ok(device);
    const { mac, ...rest } = device;
    assert.match(mac, /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    assert.deepEqual(rest, {
      ifindex: veth.ifindex,
      name: veth.name,
      up: true,
      running: true,
      mtu: 1500,
      kind: "veth",
      loopback: false,
      promiscuous: false,
      takesXdpFrames: false,
    });
    assert.equal(opened.byName("lo")?.loopback, true);
  });

  it("are found the moment they exist, and reported", async () => {
    using veth = vethPair();

    const found = devices.byName(veth.name);
    const added = await eventOf(devices, veth.ifindex, ({ kind }) => kind === "added");

    assert.equal(found?.ifindex, veth.ifindex);
    assert.equal(added.name, veth.name);
  });

  const changes: {
    title: string;
    change: (name: string, peer: string) => void;
    shows: (device: Device) => boolean;
  }[] = [
    {
      title: "another name",
      change: (name) => ip(`link set ${name} name ${name}x`),
      shows: ({ name }) => name.endsWith("x"),
    },
    {
      title: "another MTU",
      change: (name) => ip(`link set ${name} mtu 1300`),
      shows: ({ mtu }) => mtu === 1300,
    },
    {
      title: "being down",
      change: (name) => ip(`link set ${name} down`),
      shows: ({ up, running }) => !up && !running,
    },
    {
      title: "its carrier lost",
      change: (_, peer) => ip(`link set ${peer} down`),
      shows: ({ up, running }) => up && !running,
    },
    {
      title: "that it takes XDP frames",
      change: (_, peer) => run("ethtool", "-K", peer, "gro", "on"),
      shows: ({ takesXdpFrames }) => takesXdpFrames,
    },
  ];

  for (const { title, change, shows } of changes) {
    it(`report of a device ${title}`, async () => {
      using veth = vethPair();
      await running(devices, veth);

      const seen = eventOf(devices, veth.ifindex, ({ device }) => shows(device));
      change(veth.name, veth.peer);
      const device = await seen;

      assert.deepEqual(devices.byIndex(veth.ifindex), device);
      // Disposing deletes by the name it was made with.
      if (device.name !== veth.name) ip(`link set ${device.name} name ${veth.name}`);
    });
  }

  it("are gone when deleted or moved to another namespace", async () => {
    using away = namespace();
    using moved = vethPair();
    const deleted = vethPair();
    assert.ok(devices.byName(moved.name) && devices.byName(deleted.name));
    const removed = ({ kind }: DeviceEvent) => kind === "removed";
    const both = [moved, deleted].map(({ ifindex }) => eventOf(devices, ifindex, removed));

    ip(`link set ${moved.name} netns ${away.name}`);
    deleted[Symbol.dispose]();
    await Promise.all(both);

    assert.equal(devices.byName(moved.name), undefined);
    assert.equal(devices.byIndex(deleted.ifindex), undefined);
  });

  it("stay while they leave a Linux bridge", async () => {
    using veth = vethPair();
    const bridge = `${veth.name}b`;
    ip(`link add ${bridge} type bridge`);
    try {
      ip(`link set ${veth.name} master ${bridge}`);
      assert.ok(devices.byName(veth.name));
      ip(`link set ${veth.name} nomaster`);
      const seen = eventOf(devices, veth.ifindex, ({ device }) => device.mtu === 1200);
      ip(`link set ${veth.name} mtu 1200`);
      await seen;

      assert.equal(devices.byIndex(veth.ifindex)?.name, veth.name);
    } finally {
      ip(`link delete ${bridge}`);
    }
  });

  it("are put into promiscuous mode and out of it", () => {
    using veth = vethPair();
    assert.ok(devices.byName(veth.name));

    devices.setPromiscuous(veth.ifindex, true);
    assert.equal(devices.byIndex(veth.ifindex)?.promiscuous, true);
    assert.match(ip(`link show ${veth.name}`), /PROMISC/);
    devices.setPromiscuous(veth.ifindex, false);
    assert.equal(devices.byIndex(veth.ifindex)?.promiscuous, false);

    assert.throws(
      () => devices.setPromiscuous(2_000_000_000, true),
      (error) => error instanceof KernelError && error.code === "ENODEV",
    );
  });

  it("are right again after more events than the kernel keeps", async () => {
    using veth = vethPair();
    assert.ok(devices.byName(veth.name));
    const flips = Array.from(
      { length: 3000 },
      (_, index) => `link set ${veth.name} mtu ${1000 + (index % 7)}`,
    );

    const seen = eventOf(devices, veth.ifindex, ({ device }) => device.mtu === 1280);
    const input = [...flips, `link set ${veth.name} mtu 1280`].join("\n");
    execFileSync("ip", ["-batch", "-"], { input });
    await seen;

    assert.equal(devices.byIndex(veth.ifindex)?.mtu, 1280);
  });
});
