import assert from "node:assert/strict";
import { on } from "node:events";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel, uniqueName } from "../support/kernel.ts";
import { ip } from "../support/network.ts";
import { PluggedHost } from "../support/plugged-host.ts";

const scope = "yangplane.simplebridge.v1";
const service = `${scope}.SimplebridgeService`;

/** Tells the status of ports as a watcher hears of it. */
function watchStatus(daemon: DaemonProcess) {
  const client = daemon.client();
  const stream = client.watch(`${service}/WatchPorts`, { simplebridgeName: "br0" });
  stream.on("error", () => undefined);
  const messages = on(stream, "data");
  return {
    async until(port: string, status: string): Promise<void> {
      for (;;) {
        const { value } = await messages.next();
        const reply = client.decode(`${scope}.WatchPortsResponse`, value[0]);
        const changes = (reply["changes"] ?? []) as { ports?: { name: string; status: string } }[];
        if (changes.some(({ ports }) => ports?.name === port && ports.status === status)) return;
      }
    },
    end: () => stream.cancel(),
  };
}

describeKernel("a port whose device is deleted", { since: "6.6" }, () => {
  let home: DaemonHome;
  let hosts: readonly [PluggedHost, PluggedHost];

  beforeEach(() => {
    home = new DaemonHome("kernel");
    hosts = [new PluggedHost("192.0.2.1"), new PluggedHost("192.0.2.2")];
  });

  afterEach(() => {
    home[Symbol.dispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  const create = async (daemon: DaemonProcess, type: string) => {
    const ports = hosts.map(({ device }, index) => ({ name: `p${index + 1}`, peer: device }));
    const simplebridge = { name: "br0", type: `TYPE_${type}`, ports };
    await daemon.client().call(`${service}/CreateSimplebridge`, { simplebridge });
  };

  for (const type of ["TC", "XDP_DRV"]) {
    it(`is down until it returns, and then packets pass again, in ${type}`, async () => {
      const [first, second] = hosts;
      await using daemon = await home.start();
      await create(daemon, type);
      second.ping(first);
      const watch = watchStatus(daemon);

      first.cutOff();
      await watch.until("p1", "STATUS_DOWN");
      first.plugIn();
      await watch.until("p1", "STATUS_UP");

      second.ping(first);
      first.ping(second);
      watch.end();
    }).timeout(30_000);
  }

  it("is down while the device has another name", async () => {
    const [first, second] = hosts;
    await using daemon = await home.start();
    await create(daemon, "TC");
    const watch = watchStatus(daemon);
    const other = uniqueName("d");

    ip(`link set ${first.device} name ${other}`);
    await watch.until("p1", "STATUS_DOWN");
    ip(`link set ${other} name ${first.device}`);
    await watch.until("p1", "STATUS_UP");

    second.ping(first);
    watch.end();
  }).timeout(30_000);

  it("is down when the next daemon starts without the device, and joins when it appears", async () => {
    const [first, second] = hosts;
    const before = await home.start();
    await create(before, "TC");
    await before.kill();
    first.cutOff();
    await using daemon = await home.start();
    const watch = watchStatus(daemon);

    await watch.until("p1", "STATUS_DOWN");
    first.plugIn();
    await watch.until("p1", "STATUS_UP");

    second.ping(first);
    watch.end();
  }).timeout(30_000);

  it("can be deleted, and given another device", async () => {
    const [first, second] = hosts;
    await using daemon = await home.start();
    await create(daemon, "XDP_DRV");
    const client = daemon.client();

    first.cutOff();
    await client.call(`${service}/UpdatePorts`, {
      simplebridgeName: "br0",
      ports: { name: "p1", peer: "" },
    });
    first.plugIn();
    await client.call(`${service}/UpdatePorts`, {
      simplebridgeName: "br0",
      ports: { name: "p1", peer: first.device },
    });
    second.ping(first);
    first.cutOff();
    await client.call(`${service}/DeleteSimplebridge`, { simplebridgeName: "br0" });

    const list = await client.call("yangplane.core.v1.CubeService/ListCubes", {});
    assert.equal(list["cubes"], undefined);
    assert.doesNotMatch(daemon.errors, /"level":"error"/);
  }).timeout(30_000);
});
