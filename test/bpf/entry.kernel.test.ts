import assert from "node:assert/strict";
import { entryObject } from "../../src/gen/bpf/entry.ts";
import { u32 } from "../../src/lib/codec.ts";
import { describeKernel } from "../support/kernel.ts";
import { packet } from "../support/packet.ts";
import { device, TC, TestBridge, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const DEVICE = 1;

const frame = packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2").udp(53, 53).bytes();

function entryDrops(bridge: TestBridge): Record<string, number> {
  const { counters } = entryObject.maps;
  const bytes = bridge.dataplane.lookup("devices/entry", counters.name, u32.encode(0));
  const names: Readonly<Record<number, string>> = entryObject.drops;
  const drops: Record<string, number> = {};
  for (let at = 0; at < (bytes?.length ?? 0); at += counters.value.size) {
    const row = counters.value.decode(bytes?.slice(at) ?? new Uint8Array());
    for (const [reason, count] of row.drops.entries()) {
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
    bridge.learned(B, 2).enterBy({ kind: "tail", arg: 1 });

    const out = bridge.xdpEntry(frame);

    assert.equal(out.verdict, XDP.redirect);
    assert.deepEqual(out.data, frame);
    assert.equal(bridge.learnedPorts()[A], 1);
  });

  it("hand an XDP frame on as it came if the cube leaves it to TC", () => {
    using bridge = new TestBridge().wire(device(DEVICE), device(DEVICE));
    bridge.learned(B, 1).enterBy({ kind: "tail", arg: 0 });

    const out = bridge.xdpEntry(frame);

    assert.equal(out.verdict, XDP.pass);
    assert.deepEqual(out.data, frame);
  });

  it("leave frames to the stack where the device has no cube", () => {
    using bridge = new TestBridge().enterBy({ kind: "next" });

    assert.equal(bridge.tcEntry(frame).verdict, TC.next);
    assert.equal(bridge.xdpEntry(frame).verdict, XDP.pass);
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
