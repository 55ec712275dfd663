import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describeKernel } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { cube, device, SLOT, TC, type TcOutcome, TestBridge, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const OUT = 1;
const OTHER = 9;

const frame = (destination: string) =>
  packet().ethernet(A, destination).ipv4("192.0.2.1", "192.0.2.2").udp(53, 53).bytes();

const toB = frame(B);

/** Words of cb[]. */
const [SLOT_WORD, PROGRAMS, NESTING, NONCE] = [1, 2, 3, 4];

/** A bridge whose port 1, where B is, leads back into its port 0. */
function loop(): TestBridge {
  return new TestBridge()
    .recirculating()
    .wire(device(OUT), cube(SLOT, 0))
    .learned(B, 1)
    .enterBy({ kind: "tail", arg: 0 });
}

/** Runs that a frame has in the loop until it is gone, recirculations done by hand. */
function lastOf(bridge: TestBridge): { readonly rounds: number; readonly last: TcOutcome } {
  let last = bridge.tcEntry(toB);
  let rounds = 0;
  for (; last.verdict === TC.redirect && rounds < 50; rounds++) {
    last = bridge.tcRecirculation(toB, last.cb);
  }
  return { rounds, last };
}

describeKernel("frames that pass many programs", { since: "6.6" }, () => {
  it("go round by the recirculation device after 28 in a row", () => {
    using bridge = loop();

    const out = bridge.tcEntry(toB);

    assert.equal(out.verdict, TC.redirect);
    assert.equal(bridge.counters(0).rxPackets, 28n);
    assert.deepEqual(
      [SLOT_WORD, PROGRAMS, NESTING, NONCE].map((word) => out.cb[word]),
      [SLOT, 29, 1, bridge.recirculation.nonce],
    );
  });

  it("are dropped, and counted, at the end of 200", () => {
    using bridge = loop();

    const { rounds, last } = lastOf(bridge);

    assert.equal(last.verdict, TC.drop);
    assert.equal(bridge.counters(0).rxPackets, 200n);
    assert.deepEqual(bridge.drops(0), { "hop-limit": 1 });
    assert.equal(bridge.counters(1).txPackets, 199n);
    assert.equal(rounds, 6);
  });

  it("leave no nonce in what the recirculation device hands on", () => {
    using bridge = loop().wire(device(OUT), cube(SLOT, 0), device(OUT));
    const around = bridge.tcEntry(toB);
    bridge.learned(B, 2);

    const out = bridge.tcRecirculation(toB, around.cb);

    assert.deepEqual([out.verdict, out.port, out.cb[NONCE]], [TC.redirect, 2, 0]);
  });

  it("are let into no cube by the recirculation device if a stranger sent them", () => {
    using bridge = loop();

    const out = bridge.tcRecirculation(toB, [0, SLOT, 0, 0, 0xdeadbeef]);

    assert.equal(out.verdict, TC.drop);
    assert.equal(bridge.counters(0).rxPackets, 0n);
  });
});

describeKernel("floods into cubes", { since: "6.6" }, () => {
  let veth: VethPair;

  before(() => {
    veth = vethPair();
  });

  after(() => veth[Symbol.dispose]());

  it("reach each cube, one of them with the frame itself", () => {
    using bridge = new TestBridge()
      .recirculating()
      .wire(device(OUT), cube(OTHER, 0), cube(OTHER, 1))
      .besides(OTHER, {}, {}, device(veth.ifindex));
    const before = transmitted(veth);

    const out = bridge.tc(0, frame(BROADCAST));

    assert.deepEqual([out.verdict, out.port], [TC.redirect, 2]);
    assert.equal(transmitted(veth) - before, 1);
    const entered = [0, 1].map((port) => bridge.counters(port, OTHER).rxPackets);
    assert.deepEqual(entered, [1n, 1n]);
    assert.deepEqual([bridge.drops(0), out.cb[NESTING], out.cb[NONCE]], [{}, 0, 0]);
  });

  it("send nothing, and count so, at the end of 200", () => {
    using bridge = new TestBridge()
      .recirculating()
      .wire({}, cube(OTHER, 0), cube(OTHER, 1))
      .enterBy(cube(SLOT, 0));
    const last = [0, SLOT, 200, 1, bridge.recirculation.nonce];

    const out = bridge.tcRecirculation(frame(BROADCAST), last);

    assert.equal(out.verdict, TC.drop);
    assert.deepEqual(bridge.drops(0), { "hop-limit": 2 });
    const sent = [1, 2].map((port) => bridge.counters(port));
    assert.deepEqual(
      sent.flatMap(({ txPackets, txBytes }) => [txPackets, txBytes]),
      [0n, 0n, 0n, 0n],
    );
  });

  it("end in a ring, and are counted there", async () => {
    using bridge = new TestBridge()
      .recirculating()
      .wire({}, cube(OTHER, 0), cube(OTHER, 1))
      .enterBy(cube(SLOT, 0))
      .besides(OTHER, cube(SLOT, 1), cube(SLOT, 2));

    bridge.tc(0, frame(BROADCAST));

    const dropped = () =>
      [bridge.counters(1), bridge.counters(2), bridge.counters(0, OTHER), bridge.counters(1, OTHER)]
        .map(({ drops }) => Number(drops[HOP_LIMIT]))
        .reduce((sum, count) => sum + count);
    const deadline = Date.now() + 10_000;
    while (dropped() === 0 && Date.now() < deadline) await new Promise(setImmediate);
    assert.ok(dropped() > 0);
  });
});

describeKernel("frames between XDP cubes", { since: "6.6" }, () => {
  const devices = [xdpDevice(OUT), xdpDevice(OUT)] as const;

  it("pass through both and out of a device", () => {
    using bridge = new TestBridge()
      .recirculating()
      .wire(devices[0], cube(OTHER, 0))
      .learned(B, 1)
      .besides(OTHER, cube(SLOT, 1), devices[1]);
    bridge.learnedBeside(OTHER, B, 1);

    const out = bridge.xdp(0, toB);

    assert.deepEqual([out.verdict, out.data], [XDP.redirect, toB]);
    assert.equal(bridge.counters(1, OTHER).txPackets, 1n);
  });

  it("go on in TC where XDP ended, counted by no cube twice", () => {
    using bridge = new TestBridge()
      .recirculating()
      .wire(devices[0], cube(OTHER, 0))
      .learned(B, 1)
      .besides(OTHER, cube(SLOT, 1), devices[1]);

    const out = bridge.xdp(0, toB);

    assert.deepEqual([out.verdict, out.data], [XDP.pass, toB]);
    assert.deepEqual(out.position?.hop, { ...cube(OTHER, 0), flags: devices[0].flags });
    assert.equal(bridge.counters(0).rxPackets, 1n);
    assert.equal(bridge.counters(0, OTHER).rxPackets, 0n);
  });

  it("go on in TC after as many programs as the kernel calls in a row", () => {
    using bridge = new TestBridge().recirculating().wire(devices[0], cube(SLOT, 0)).learned(B, 1);
    bridge.enterBy({ ...cube(SLOT, 0), flags: devices[0].flags });

    const out = bridge.xdpEntry(toB);

    assert.equal(out.verdict, XDP.pass);
    assert.equal(out.position?.nonce, bridge.recirculation.nonce);
    assert.equal(bridge.counters(0).rxPackets, 33n);
  });
});

const HOP_LIMIT = 4;

function transmitted({ name }: VethPair): number {
  return Number(readFileSync(`/sys/class/net/${name}/statistics/tx_packets`, "utf8"));
}
