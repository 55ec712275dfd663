import assert from "node:assert/strict";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service } from "../../../src/services/transparenthelloworld/service.ts";
import { isCopy, RawSocket } from "../../support/frames.ts";
import { describeKernel } from "../../support/kernel.ts";
import { KernelEngine } from "../../support/kernel-engine.ts";
import { type VethPair, vethPair } from "../../support/network.ts";
import { packet } from "../../support/packet.ts";

const services = [service, netdev, helloworld] as object as readonly Discovered[];
const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
const hw0 = "/helloworld:helloworld[name='hw0']";
const frame = packet()
  .ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b")
  .ipv4("192.0.2.1", "192.0.2.2")
  .udp(1, 2)
  .bytes();

interface Passage {
  readonly "rx-packets": string;
  readonly "tx-packets": string;
  readonly drops?: readonly { readonly reason: string }[];
}

describeKernel("a transparent cube in the kernel", { since: "6.6" }, () => {
  let one: VethPair;
  let other: VethPair;

  before(() => {
    [one, other] = [vethPair(), vethPair()];
  });
  after(() => {
    one[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  const counters = ({ calls }: KernelEngine, way: "ingress" | "egress") => {
    const read = calls.read(`${th0}/counters/${way}`) as Passage;
    const { "rx-packets": rx, "tx-packets": tx, drops = [] } = read;
    return [rx, tx, ...drops.map(({ reason }) => reason)];
  };

  async function onDevice(config: object): Promise<KernelEngine> {
    const engine = await new KernelEngine(services).start();
    const device = `/netdev:netdev[name='${one.name}']`;
    await engine.calls.commit(
      engine.edit("create", th0, config),
      engine.edit("create", device, { tcubes: ["th0"] }),
    );
    assert.deepEqual(
      engine.lines.splice(0).map(({ text }) => text),
      [`Attached to ${one.name}`],
    );
    return engine;
  }

  it("on a device passes frames on to the stack and to the wire", async () => {
    await using engine = await onDevice({});

    assert.equal(engine.tc(one.ifindex, frame, "ingress"), "next");
    assert.equal(engine.tc(one.ifindex, frame, "egress"), "next");

    assert.deepEqual(counters(engine, "ingress"), ["1", "1"]);
    assert.deepEqual(counters(engine, "egress"), ["1", "1"]);
  });

  for (const [way, otherWay] of [
    ["ingress", "egress"],
    ["egress", "ingress"],
  ] as const) {
    it(`drops at ${way} alone when told to`, async () => {
      await using engine = await onDevice({ [`${way}-action`]: "DROP" });

      assert.equal(engine.tc(one.ifindex, frame, way), "drop");
      assert.equal(engine.tc(one.ifindex, frame, otherWay), "next");

      assert.deepEqual(counters(engine, way), ["1", "0", "action"]);
    });
  }

  it("on a port is passed on the way in and on the way out", async () => {
    await using engine = await new KernelEngine(services).start();
    const ports = [
      { name: "a", peer: one.name, tcubes: ["th0"] },
      { name: "b", peer: other.name },
    ];
    await engine.calls.commit(
      engine.edit("create", th0, {}),
      engine.edit("create", hw0, { ports, action: "FORWARD" }),
    );

    assert.equal(engine.tc(one.ifindex, frame), "redirect");
    assert.deepEqual(
      [counters(engine, "ingress"), counters(engine, "egress")],
      [
        ["1", "1"],
        ["0", "0"],
      ],
    );
    assert.equal(engine.tc(other.ifindex, frame), "redirect");
    assert.deepEqual(counters(engine, "egress"), ["1", "1"]);
  });

  it("drops in XDP what comes in", async () => {
    await using engine = await onDevice({ type: "XDP_DRV", "ingress-action": "DROP" });
    const dropped = engine.xdp(one.ifindex, frame);
    await engine.calls.commit(engine.edit("merge", `${th0}/ingress-action`, "PASS"));

    assert.deepEqual([dropped, engine.xdp(one.ifindex, frame)], ["drop", "pass"]);
    assert.deepEqual(counters(engine, "ingress"), ["2", "1", "action"]);
  });

  for (const way of ["ingress", "egress"] as const) {
    it(`has the daemon send frames on at ${way}, and says what it does`, async () => {
      await using engine = await onDevice({ [`${way}-action`]: "SLOWPATH", loglevel: "DEBUG" });

      using beyond = new RawSocket({ device: way === "ingress" ? one.name : one.peer });

      assert.equal(engine.tc(one.ifindex, frame, way), "drop");
      await engine.until(() => engine.lines.length > 0);
      await beyond.upTo(isCopy(frame));

      assert.deepEqual(counters(engine, way), ["1", "1"]);
      assert.deepEqual(engine.texts, [`[${way.toUpperCase()}] sending packet to slow path`]);
    });
  }

  for (const map of ["punts", "logs"]) {
    it(`has the daemon send frames on, and logs, after ${map} was lost and mended`, async () => {
      await using engine = await onDevice({ "ingress-action": "SLOWPATH", loglevel: "DEBUG" });

      await engine.loseSharedMap(map);
      const isIn = ({ objectId }: { objectId: string }) => objectId.startsWith("devices/");
      const entry = engine.dataplane.attachments().find(isIn)?.objectId ?? "";
      engine.dataplane.testRun(entry, "ingress", { data: frame });
      await engine.until(() => engine.lines.length > 0 && counters(engine, "ingress")[1] === "1");

      assert.deepEqual(engine.texts, ["[INGRESS] sending packet to slow path"]);
    });
  }

  it("leaves frames for the daemon to TC, in XDP", async () => {
    await using engine = await onDevice({ type: "XDP_DRV", "ingress-action": "SLOWPATH" });

    assert.equal(engine.xdp(one.ifindex, frame), "pass");
    assert.deepEqual(counters(engine, "ingress"), ["0", "0"]);
  });

  it("says in XDP and in TC that it passes or drops", async () => {
    const actions = { "ingress-action": "PASS", "egress-action": "DROP" };
    await using engine = await onDevice({ type: "XDP_DRV", loglevel: "DEBUG", ...actions });

    engine.xdp(one.ifindex, frame);
    engine.tc(one.ifindex, frame, "ingress");
    engine.tc(one.ifindex, frame, "egress");
    await engine.until(() => engine.lines.length >= 3);

    const passes = "[INGRESS] passing packet";
    assert.deepEqual(engine.texts, [passes, passes, "[EGRESS] dropping packet"]);
  });
});
