import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BPF_LINK_CREATE, bpf } from "../../src/dataplane/bpf-syscall.ts";
import { libbpf } from "../../src/dataplane/libbpf.ts";
import { libc } from "../../src/dataplane/libc.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel, uniqueName } from "../support/kernel.ts";
import { ip, run, type VethPair, vethPair } from "../support/network.ts";

const service = "yangplane.simplebridge.v1.SimplebridgeService";

describeKernel("two daemons on one host", { since: "6.6" }, () => {
  let homes: readonly [DaemonHome, DaemonHome];
  let daemons: readonly DaemonProcess[];
  let veth: VethPair;

  beforeEach(async function () {
    this.timeout(20_000);
    homes = [new DaemonHome("kernel"), new DaemonHome("kernel")];
    veth = vethPair();
    daemons = await Promise.all(homes.map((home) => home.start()));
  });

  afterEach(async () => {
    for (const daemon of daemons) await daemon.stop();
    veth[Symbol.dispose]();
    for (const home of homes) home[Symbol.dispose]();
  });

  const bridge = () => ({
    simplebridge: { name: "br0", ports: [{ name: "p1", peer: veth.name }] },
  });

  it("do not share a device: the second is refused, and told where the first is", async () => {
    const [first, second] = daemons.map((daemon) => daemon.client());
    await first?.call(`${service}/CreateSimplebridge`, bridge());

    const refused = await second?.refused(`${service}/CreateSimplebridge`, bridge());

    assert.equal(refused?.code, "FAILED_PRECONDITION");
    const whose = `the device is in use by the yangplaned with pins in ${homes[0].pinDirectory}`;
    assert.ok(refused.details.includes(whose), refused.details);
    assert.ok(refused.details.includes("ports[name='p1']"), refused.details);
    await first?.call(`${service}/DeleteSimplebridge`, { simplebridgeName: "br0" });
    await second?.call(`${service}/CreateSimplebridge`, bridge());
  }).timeout(20_000);

  it("do not share a folder of pins", async () => {
    const [first, second] = homes;
    await daemons[1]?.stop();

    const { errors } = await second.spawn({ args: ["--pin-dir", first.pinDirectory] }).ended;

    const { child } = daemons[0] ?? {};
    const whose = `EBUSY: the process with pid ${child?.pid} has its programs there`;
    assert.equal(errors, `yangplaned: opening ${first.pinDirectory}: ${whose}\n`);
  }).timeout(20_000);

  it("share a device with other tools", async () => {
    using _ = otherTool(homes[0].directory, veth);

    await daemons[0]?.client().call(`${service}/CreateSimplebridge`, bridge());
  }).timeout(20_000);
});

/** Attaches a program that has nothing to do with a daemon. */
function otherTool(directory: string, { name }: VethPair): Disposable {
  const [source, object] = [join(directory, "other.c"), join(directory, "other.o")];
  const pin = join("/sys/fs/bpf", uniqueName("other"));
  writeFileSync(source, `__attribute__((section("tc"))) int pass(void *ctx) { return -1; }`);
  run("clang", "-O2", "-target", "bpf", "-c", source, "-o", object);
  run("bpftool", "prog", "load", object, pin);
  const program = libbpf().openPin(pin);
  rmSync(pin);
  const link = bpf(BPF_LINK_CREATE, tcxIngress(program, indexOf(name)), "attaching another tool");
  return {
    [Symbol.dispose]: () => {
      for (const fd of [link, program]) libc().close(fd);
    },
  };
}

function tcxIngress(program: number, ifindex: number): Buffer {
  const words = [program, ifindex, 46];
  const attributes = Buffer.alloc(64);
  for (const [index, word] of words.entries()) attributes.writeUInt32LE(word, 4 * index);
  return attributes;
}

function indexOf(device: string): number {
  return Number(ip(`-o link show ${device}`).split(":")[0]);
}
