import assert from "node:assert/strict";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service } from "../../../src/services/helloworld/service.ts";
import { describeKernel } from "../../support/kernel.ts";
import { KernelEngine } from "../../support/kernel-engine.ts";
import { type VethPair, vethPair } from "../../support/network.ts";
import { packet } from "../../support/packet.ts";

const services = [service] as object as readonly Discovered[];
const hw0 = "/helloworld:helloworld[name='hw0']";
const frame = packet()
  .ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b")
  .ipv4("192.0.2.1", "192.0.2.2")
  .udp(1, 2)
  .bytes();

interface Counters {
  readonly "rx-packets": string;
  readonly "tx-packets": string;
  readonly drops?: readonly object[];
}

describeKernel("a wire in the kernel", { since: "6.6" }, () => {
  let one: VethPair;
  let other: VethPair;

  before(() => {
    [one, other] = [vethPair(), vethPair()];
  });
  after(() => {
    one[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  async function wire(config: object): Promise<KernelEngine> {
    const engine = await new KernelEngine(services).start();
    const ports = [
      { name: "a", peer: one.name },
      { name: "b", peer: other.name },
    ];
    await engine.calls.commit(engine.edit("create", hw0, { ports, ...config }));
    return engine;
  }

  const counters = ({ calls }: KernelEngine, port: string) => {
    const read = calls.read(`${hw0}/ports[name='${port}']/counters`) as Counters;
    const { "rx-packets": rx, "tx-packets": tx, drops = [] } = read;
    return { rx, tx, drops };
  };

  it("drops what comes in, and says why", async () => {
    await using engine = await wire({});

    assert.equal(engine.tc(one.ifindex, frame), "drop");

    const drops = [{ reason: "action", packets: "1" }];
    assert.deepEqual(counters(engine, "a"), { rx: "1", tx: "0", drops });
  });

  it("sends frames from either end out of the other", async () => {
    await using engine = await wire({ action: "FORWARD" });

    assert.equal(engine.tc(one.ifindex, frame), "redirect");
    assert.equal(engine.tc(other.ifindex, frame), "redirect");

    assert.deepEqual(counters(engine, "a"), { rx: "1", tx: "1", drops: [] });
    assert.deepEqual(counters(engine, "b"), { rx: "1", tx: "1", drops: [] });
  });

  it("is cut and joined while frames pass", async () => {
    await using engine = await wire({ action: "FORWARD" });
    const { calls } = engine;

    await calls.commit(engine.edit("merge", `${hw0}/action`, "DROP"));
    const cut = engine.tc(one.ifindex, frame);
    await calls.commit(engine.edit("merge", `${hw0}/action`, "FORWARD"));

    assert.deepEqual([cut, engine.tc(one.ifindex, frame)], ["drop", "redirect"]);
  });

  it("drops what it would send out of an end that is not there", async () => {
    await using engine = await wire({ action: "FORWARD" });
    await engine.calls.commit(engine.edit("delete", `${hw0}/ports[name='b']`));

    assert.equal(engine.tc(one.ifindex, frame), "drop");

    const drops = [{ reason: "no-peer", packets: "1" }];
    assert.deepEqual(counters(engine, "a"), { rx: "1", tx: "0", drops });
  });

  it("drops in XDP, and leaves frames for a veth to TC", async () => {
    await using engine = await wire({ type: "XDP_DRV" });
    const dropped = engine.xdp(one.ifindex, frame);
    await engine.calls.commit(engine.edit("merge", `${hw0}/action`, "FORWARD"));

    assert.deepEqual([dropped, engine.xdp(one.ifindex, frame)], ["drop", "pass"]);
  });
});
