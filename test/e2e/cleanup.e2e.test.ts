import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { recirculationNames } from "../../src/dataplane/recirculation-device.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { checkLeaks, expectGone } from "../support/leaks.ts";
import { ip } from "../support/network.ts";
import { Host, isPromiscuous } from "./forwarding-lab.ts";

const service = "yangplane.simplebridge.v1.SimplebridgeService";

describeKernel("yangplane cleanup", { since: "6.6" }, () => {
  checkLeaks();
  let home: DaemonHome;
  let hosts: readonly Host[];
  let daemon: DaemonProcess | undefined;

  beforeEach(async function () {
    this.timeout(20_000);
    home = new DaemonHome("kernel");
    hosts = [new Host(1), new Host(2)];
    daemon = await home.start();
  });

  afterEach(async () => {
    await daemon?.stop();
    for (const host of hosts) host[Symbol.dispose]();
    home[Symbol.dispose]();
  });

  const cleanup = (...words: readonly string[]) =>
    spawnSync("bin/yangplane", ["cleanup", "--pin-dir", home.pinDirectory, ...words], {
      encoding: "utf8",
    });

  const bridges = async () => {
    for (const [index, type] of ["TC", "XDP_DRV"].entries()) {
      const ports = [{ name: "p1", peer: hosts[index]?.device }];
      const simplebridge = { name: `br${index}`, type: `TYPE_${type}`, ports };
      await daemon?.client().call(`${service}/CreateSimplebridge`, { simplebridge });
    }
  };

  it("takes all that a daemon has left out of the kernel", async () => {
    await bridges();
    await daemon?.kill();
    daemon = undefined;
    expectGone(home.pinDirectory);

    const { status, stdout, stderr } = cleanup();

    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^took 5 objects and 5 attachments out of the kernel, and \/sys.*\n$/);
    assert.ok(!existsSync(home.pinDirectory));
    for (const { device } of hosts) {
      assert.equal(isPromiscuous(device), false);
      assert.doesNotMatch(ip(`-d link show ${device}`), /xdp/);
    }
    const links = ip("-o link show");
    for (const name of recirculationNames(home.pinDirectory)) assert.ok(!links.includes(name));
  }).timeout(20_000);

  it("leaves the configuration, which the next daemon makes anew", async () => {
    await bridges();
    await daemon?.kill();
    cleanup();

    daemon = await home.start();

    assert.equal(isPromiscuous(hosts[0]?.device ?? ""), true);
  }).timeout(20_000);

  it("is refused while a daemon runs, and says which", async () => {
    await bridges();

    const { status, stderr } = cleanup();

    assert.equal(status, 1);
    const whose = `the process with pid ${daemon?.child.pid} has its programs there`;
    assert.ok(stderr.includes(whose), stderr);
    assert.equal(isPromiscuous(hosts[0]?.device ?? ""), true);
  }).timeout(20_000);

  it("says so where there is nothing", async () => {
    await daemon?.stop();
    daemon = undefined;
    cleanup();

    const { status, stdout } = cleanup();

    assert.equal(status, 0);
    assert.match(stdout, /^there is nothing of a yangplaned in \/sys.*\n$/);
  }).timeout(20_000);

  it("refuses words that it does not know", () => {
    const { status, stderr } = cleanup("--all");

    assert.equal(status, 2);
    assert.match(stderr, /--all/);
  });
});
