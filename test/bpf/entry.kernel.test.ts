import assert from "node:assert/strict";
import { hopFlag } from "../../src/gen/bpf/core.ts";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { u32 } from "../../src/lib/codec.ts";
import { describeKernel } from "../support/kernel.ts";
import { packet } from "../support/packet.ts";
import { cube, device, SLOT, TC, TestBridge, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const DEVICE = 1;

const frame = packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2").udp(53, 53).bytes();

function entryDrops(bridge: TestBridge, row = 0): Record<string, number> {
  const { counters } = entryObject.maps;
  const bytes = bridge.dataplane.lookup("devices/entry", counters.name, u32.encode(row));
  const names: Readonly<Record<number, string>> = entryObject.drops;
  const drops: Record<string, number> = {};
  for (let at = 0; at < (bytes?.length ?? 0); at += counters.value.size) {
    const counts = counters.value.decode(bytes?.slice(at) ?? new Uint8Array());
    for (const [reason, count] of counts.drops.entries()) {
      if (count > 0n) drops[names[reason] ?? ""] = Number(count);
    }
  }
  return drops;
}

describeKernel("entry programs", { since: "6.6" }, () => {
  it("enter a TC cube by the port of the device, whatever cb[] holds", () => {
    using bridge = new TestBridge().wire(device(DEVICE), device(DEVICE), device(DEVICE));
    bridge.learned(B, 2).enterBy({ kind: "tail", arg: 1 });

    const out = bridge.tcEntry(frame);

    assert.deepEqual([out.verdict, out.port], [TC.redirect, 2]);
    assert.equal(bridge.learnedPorts()[A], 1);
  });

  it("enter an XDP cube by the port of the device", () => {
    using bridge = new TestBridge().wire(xdpDevice(DEVICE), xdpDevice(DEVICE), xdpDevice(DEVICE));
    bridge.learned(B, 2).enterBy({ kind: "tail", flags: hopFlag.xdp, arg: 1 });

    const out = bridge.xdpEntry(frame);

    assert.equal(out.verdict, XDP.redirect);
    assert.deepEqual(out.data, frame);
    assert.equal(bridge.learnedPorts()[A], 1);
  });

  it("hand an XDP frame on as it came, with its position, if the cube leaves it to TC", () => {
    using bridge = new TestBridge().recirculating().wire(device(DEVICE), device(DEVICE));
    bridge.learned(B, 1).enterBy({ kind: "tail", arg: 0 });

    const out = bridge.xdpEntry(frame);

    assert.equal(out.verdict, XDP.pass);
    assert.deepEqual(out.data, frame);
    assert.deepEqual(out.position, { nonce: bridge.recirculation.nonce, hop: cube(SLOT, 0) });
  });

  it("hand an XDP frame to TC if the cube has no XDP program", () => {
    using bridge = new TestBridge().recirculating();
    bridge.enterBy({ kind: "tail", slot: 9, arg: 3 }, { withPrograms: false });

    const out = bridge.xdpEntry(frame);

    assert.deepEqual([out.verdict, out.data], [XDP.pass, frame]);
    assert.deepEqual(out.position?.hop, cube(9, 3));
  });

  it("leave frames to the stack where the device has no cube", () => {
    using bridge = new TestBridge().enterBy({ kind: "next" });

    assert.equal(bridge.tcEntry(frame).verdict, TC.next);
    assert.equal(bridge.xdpEntry(frame).verdict, XDP.pass);
  });

  for (const way of ["ingress", "egress"] as const) {
    it(`let a frame pass at ${way} that comes back to its device, once`, () => {
      using bridge = new TestBridge().recirculating().enterBy({ kind: "tail" });
      const cb = [0, 0, 0, 0, bridge.recirculation.nonce];

      const returned = bridge.tcEntry(frame, { cb }, way);

      assert.deepEqual([returned.verdict, returned.cb[4]], [TC.next, 0]);
    });

    it(`take no frame at ${way} for one that comes back by what a stranger left in cb[]`, () => {
      using bridge = new TestBridge().recirculating().enterBy({ kind: "none" });

      assert.equal(bridge.tcEntry(frame, {}, way).verdict, TC.drop);
    });
  }

  it("count frames that go out and that come in apart", () => {
    using bridge = new TestBridge().enterBy({ kind: "none" });

    bridge.tcEntry(frame, {}, "egress");
    bridge.tcEntry(frame);
    bridge.tcEntry(frame);

    assert.deepEqual(
      [0, 1].map((row) => entryDrops(bridge, row)),
      [{ "no-peer": 2 }, { "no-peer": 1 }],
    );
  });

  const drops = [
    { title: "before a port is known", hop: { kind: "none" }, reason: "no-peer" },
    { title: "for a cube without a program", hop: { kind: "tail" }, reason: "empty-slot" },
  ] as const;

  for (const { title, hop, reason } of drops) {
    it(`drop frames ${title}, once, in TC`, () => {
      using bridge = new TestBridge().enterBy(hop, { withPrograms: false });

      assert.equal(bridge.xdpEntry(frame).verdict, XDP.pass);
      assert.equal(bridge.tcEntry(frame).verdict, TC.drop);
      assert.deepEqual(entryDrops(bridge), { [reason]: 1 });
    });
  }
});
