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

  it("hands frames to the daemon, in TC, and drops them", async () => {
    await using engine = await wire({ action: "SLOWPATH", loglevel: "DEBUG" });

    assert.equal(engine.tc(one.ifindex, frame), "drop");
    await engine.until(() => engine.lines.length >= 3);

    const texts = [
      "Packet received from port a",
      "Sending packet from port 0 to slow path",
      "[INGRESS] Receiving packet from port 0",
    ];
    // Lines of the program and of the service come by two ring buffers.
    assert.deepEqual([...engine.texts].sort(), [...texts].sort());
    assert.deepEqual(counters(engine, "a"), { rx: "1", tx: "0", drops: [] });
  });

  it("leaves frames for the daemon to TC, in XDP, and says nothing of them before", async () => {
    await using engine = await wire({ type: "XDP_DRV", action: "SLOWPATH", loglevel: "DEBUG" });

    assert.equal(engine.xdp(one.ifindex, frame), "pass");
    await engine.calls.commit(engine.edit("merge", `${hw0}/action`, "DROP"));
    assert.equal(engine.xdp(one.ifindex, frame), "drop");
    await engine.until(() => engine.lines.length >= 2);

    const texts = ["[INGRESS] Receiving packet from port 0", "Dropping packet from port 0"];
    assert.deepEqual(engine.texts, texts);
    assert.equal(counters(engine, "a").rx, "1");
  });

  it("logs what it does as soon as it is told to, and no longer", async () => {
    await using engine = await wire({ action: "FORWARD" });
    const setLevel = (level: string) =>
      engine.calls.commit(engine.edit("merge", `${hw0}/loglevel`, level));

    engine.tc(one.ifindex, frame);
    await setLevel("DEBUG");
    engine.tc(other.ifindex, frame);
    await setLevel("OFF");
    engine.tc(one.ifindex, frame);
    await setLevel("TRACE");
    engine.tc(one.ifindex, frame);
    await engine.until(() => engine.lines.length >= 6);

    const through = (from: number, to: number) => [
      `[INGRESS] Receiving packet from port ${from}`,
      `Forwarding packet from port ${from} to port ${to}`,
      `[EGRESS] Sending packet to port ${to}`,
    ];
    assert.deepEqual(engine.texts, [...through(1, 0), ...through(0, 1)]);
    const [line] = engine.lines;
    const by = { service: "helloworld", cube: "hw0", level: "debug" };
    assert.deepEqual(line, { ...by, text: "[INGRESS] Receiving packet from port 1" });
  });

  it("takes frames of the daemon as if it had sent them, or as if they had come", async () => {
    await using engine = await wire({ action: "FORWARD" });
    const { dataplane } = engine;
    const slotOf = (program: string) =>
      dataplane.programs().find((each) => each.program === program)?.slot ?? -1;
    const send = (slot: number, arg: number) =>
      dataplane.sendFrame({ data: frame, segmentSize: 0, slot, arg });

    send(slotOf("packet_out"), 1);
    assert.deepEqual(counters(engine, "a"), { rx: "0", tx: "0", drops: [] });
    assert.deepEqual(counters(engine, "b"), { rx: "0", tx: "1", drops: [] });

    send(slotOf("ingress"), 0);
    assert.deepEqual(counters(engine, "a"), { rx: "1", tx: "0", drops: [] });
    assert.deepEqual(counters(engine, "b"), { rx: "0", tx: "2", drops: [] });
  });

  it("takes no frame of the daemon for a port or a cube that is not there", async () => {
    await using engine = await wire({ action: "FORWARD" });
    const { dataplane } = engine;
    const slot = dataplane.programs().find((each) => each.program === "packet_out")?.slot ?? -1;

    for (const [at, arg] of [
      [slot, 7],
      [slot, 255],
      [16_383, 0],
    ] as const) {
      const send = () => dataplane.sendFrame({ data: frame, segmentSize: 0, slot: at, arg });
      assert.throws(send, /sending a frame: ENOBUFS/);
    }

    assert.equal(counters(engine, "a").tx, "0");
    assert.equal(counters(engine, "b").tx, "0");
  });

  it("hands the daemon no more than it may, and counts the rest", async () => {
    await using engine = await wire({ action: "SLOWPATH" });
    const count = 2000;

    for (let sent = 0; sent < count; sent++) engine.tc(one.ifindex, frame);

    const { rx, drops } = counters(engine, "a");
    const [drop] = drops as readonly { readonly reason: string; readonly packets: string }[];
    assert.deepEqual([rx, drop?.reason], [String(count), "slow-path-rate"]);
    // A bound for each CPU and window of 134 ms; the loop may move to another CPU or window.
    const taken = count - Number(drop?.packets);
    assert.ok(taken >= 134 && taken <= 134 * 12, `${taken} were taken`);
  });

  it("hands up whole frames of any length", async () => {
    await using engine = await wire({ action: "SLOWPATH" });
    const lengths: number[] = [];
    using _ = engine.dataplane.subscribe("recirculation", "punts", (record) => {
      const length = Buffer.from(record.buffer, record.byteOffset).readUInt32LE(0);
      const bytes = record.subarray(16, 16 + length);
      if (Buffer.compare(bytes, longFrame(length)) === 0) lengths.push(length);
    });
    const wanted = [60, 239, 240, 241, 2031, 2032, 2033, 3000];

    for (const length of wanted) engine.tc(one.ifindex, longFrame(length));
    await engine.until(() => lengths.length === wanted.length);

    assert.deepEqual(lengths, wanted);
  });
});

function longFrame(length: number): Uint8Array {
  const bytes = new Uint8Array(length).map((_, at) => at % 251);
  bytes.set(frame.subarray(0, 14));
  return bytes;
}
