import assert from "node:assert/strict";
import {
  hopFlag,
  type TraceFilter,
  type TraceRecord,
  traceCounts,
  traceField,
  traceRecord,
} from "../../src/gen/bpf/core.ts";
import { recirculationObject } from "../../src/gen/bpf/recirculation.ts";
import { u32 } from "../../src/lib/codec.ts";
import { recirculationId } from "../../src/services/engine/recirculation.ts";
import { noFilter } from "../../src/services/engine/trace-filter.ts";
import { describeKernel } from "../support/kernel.ts";
import { type Packet, packet } from "../support/packet.ts";
import { cube, device, SLOT, TC, TestBridge, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const NEXT_SLOT = 9;
const OUT = 1;

const { traceFilter, traces, traceCounts: counts } = recirculationObject.maps;
const traced = { kind: "tail", arg: 0, flags: hopFlag.trace } as const;

const toB = packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2").udp(53, 5353);

/** A line of two bridges to a device, with B at its end; frames enter by a hop that is traced. */
function line(filter: Partial<TraceFilter> = {}): TestBridge {
  const bridge = new TestBridge()
    .recirculating()
    .wire(device(7), cube(NEXT_SLOT, 0))
    .fix(B, 1)
    .besides(NEXT_SLOT, device(8), device(OUT))
    .learnedBeside(NEXT_SLOT, B, 1)
    .enterBy(traced);
  return setFilter(bridge, filter);
}

function setFilter(bridge: TestBridge, filter: Partial<TraceFilter>): TestBridge {
  const inAMinute = process.hrtime.bigint() + 60_000_000_000n;
  const value = traceFilter.value.encode({ ...noFilter, untilNs: inAMinute, ...filter });
  bridge.dataplane.putRows(recirculationId, traceFilter.name, [{ key: u32.encode(0), value }]);
  return bridge;
}

/** What the programs tell while the callback runs. */
async function told(bridge: TestBridge, run: () => void): Promise<TraceRecord[]> {
  const records: TraceRecord[] = [];
  using _ = bridge.dataplane.subscribe(recirculationId, traces.name, (record) => {
    records.push(traceRecord.decode(record));
  });
  run();
  // Between two of these the event loop has looked at the ring buffer.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  return records;
}

function short({ event, slot, hop, reason }: TraceRecord): unknown[] {
  if (event === "dropped") return [event, slot, reason];
  return [event, slot, hop.kind, hop.slot, hop.arg];
}

describeKernel("a trace", { since: "6.6" }, () => {
  it("tells where a frame was first looked at, and what each cube decided", async () => {
    using bridge = line();

    const records = await told(bridge, () => bridge.tcEntry(toB.bytes()));

    assert.deepEqual(records.map(short), [
      ["entered", 0xffff, "tail", SLOT, 0],
      ["sent", SLOT, "tail", NEXT_SLOT, 0],
      ["sent", NEXT_SLOT, "device", 0, OUT],
    ]);
    assert.deepEqual(
      records.map(({ frame, length }) => [frame, length]),
      Array.from({ length: 3 }, () => [1, toB.bytes().length]),
    );
    const head = Buffer.alloc(64);
    head.set(toB.bytes());
    assert.deepEqual(Buffer.from(records[0]?.head ?? []), head);
  });

  it("tells of drops by the cube that dropped, with the reason", async () => {
    using bridge = line();
    const linkLocal = packet()
      .ethernet(A, "01:80:c2:00:00:0e")
      .ipv4("192.0.2.1", "192.0.2.2")
      .udp(1, 1);

    const records = await told(bridge, () => bridge.tcEntry(linkLocal.bytes()));

    assert.deepEqual(records.map(short).slice(1), [["dropped", SLOT, 9]]);
  });

  it("tells of each copy of a flood", async () => {
    using bridge = setFilter(
      new TestBridge().recirculating().wire(device(7), device(5), device(6)).enterBy(traced),
      {},
    );

    const records = await told(bridge, () => bridge.tcEntry(toB.bytes()));

    assert.deepEqual(records.map(short).slice(1), [
      ["copied", SLOT, "device", 0, 5],
      ["sent", SLOT, "device", 0, 6],
    ]);
  });

  it("goes on over recirculation, with the number of the frame", async () => {
    using bridge = line();
    // The bridge leads into itself, so that the frame is sent round.
    bridge.wire(cube(SLOT, 1), cube(SLOT, 0)).fix(B, 1);
    let cb: readonly number[] = [];

    const records = await told(bridge, () => {
      cb = bridge.tcEntry(toB.bytes()).cb;
      bridge.wire(device(7), device(OUT));
      bridge.tcRecirculation(toB.bytes(), cb);
    });

    assert.equal(records.length, 1 + 28 + 1);
    assert.deepEqual(records.slice(-1).map(short), [["sent", SLOT, "device", 0, OUT]]);
    assert.deepEqual([...new Set(records.map(({ frame }) => frame))], [1]);
  });

  it("begins where a cube sends to a port that is traced", async () => {
    using bridge = line().enterBy({ kind: "tail", arg: 0 });
    bridge.wire(device(7), { ...cube(NEXT_SLOT, 0), flags: hopFlag.trace });

    const records = await told(bridge, () => bridge.tcEntry(toB.bytes()));

    assert.deepEqual(records.map(short), [
      ["entered", 0xffff, "tail", NEXT_SLOT, 0],
      ["sent", NEXT_SLOT, "device", 0, OUT],
    ]);
  });

  const quiet: { title: string; bridge: () => TestBridge }[] = [
    { title: "of hops without the flag", bridge: () => line().enterBy({ kind: "tail", arg: 0 }) },
    { title: "when its time is over", bridge: () => line({ untilNs: process.hrtime.bigint() }) },
  ];
  for (const { title, bridge: made } of quiet) {
    it(`tells nothing ${title}`, async () => {
      using bridge = made();

      assert.deepEqual(await told(bridge, () => bridge.tcEntry(toB.bytes())), []);
    });
  }

  it("never tells of a frame that a stranger has numbered", async () => {
    using bridge = line().enterBy({ kind: "none" }, { withPrograms: false });

    const records = await told(bridge, () => {
      bridge.tcEntry(toB.bytes());
      bridge.tcRecirculation(toB.bytes(), [0, SLOT, 0, 0x100, 0]);
    });

    assert.deepEqual(records, []);
  });

  it("leaves frames of an XDP cube to TC", () => {
    using bridge = line();
    bridge.wire(xdpDevice(7), xdpDevice(OUT));
    const flags = hopFlag.xdp | hopFlag.resume;
    bridge.enterBy({ ...traced, flags });
    const before = bridge.xdpEntry(toB.bytes()).verdict;

    bridge.enterBy({ ...traced, flags: flags | hopFlag.trace });

    assert.deepEqual([before, bridge.xdpEntry(toB.bytes()).verdict], [XDP.redirect, XDP.pass]);
    assert.equal(bridge.tcEntry(toB.bytes()).verdict, TC.redirect);
  });

  it("counts what finds no room", async () => {
    using bridge = line();

    bridge.tcEntry(toB.bytes(), { repeat: 2000 });

    const row = bridge.dataplane.lookup(recirculationId, counts.name, u32.encode(0));
    const { frames, lost } = traceCounts.decode(row ?? new Uint8Array(8));
    // Of 256 KiB each record takes 104 bytes.
    assert.deepEqual({ frames, lost }, { frames: 2000, lost: 6000 - Math.floor(262_144 / 104) });
  });

  const ip = (...octets: number[]) => Uint8Array.from([...Array(10).fill(0), 255, 255, ...octets]);
  const ip6 = (last: number) =>
    Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
  const macOf = (last: number) => Uint8Array.of(2, 0, 0, 0, 0, last);
  const v6 = packet().ethernet(A, B).ipv6("2001:db8::1", "2001:db8::2").udp(53, 5353);
  const filters: { title: string; filter: Partial<TraceFilter>; frame?: Packet; is: boolean }[] = [
    { title: "its source MAC", filter: { fields: traceField.mac, mac: macOf(10) }, is: true },
    { title: "its destination MAC", filter: { fields: traceField.mac, mac: macOf(11) }, is: true },
    { title: "another MAC", filter: { fields: traceField.mac, mac: macOf(12) }, is: false },
    {
      title: "its source IP",
      filter: { fields: traceField.address, address: ip(192, 0, 2, 1) },
      is: true,
    },
    {
      title: "its destination IP",
      filter: { fields: traceField.address, address: ip(192, 0, 2, 2) },
      is: true,
    },
    {
      title: "another IP",
      filter: { fields: traceField.address, address: ip(192, 0, 2, 3) },
      is: false,
    },
    {
      title: "its IPv6 address",
      filter: { fields: traceField.address, address: ip6(2) },
      frame: v6,
      is: true,
    },
    {
      title: "another IPv6 address",
      filter: { fields: traceField.address, address: ip6(3) },
      frame: v6,
      is: false,
    },
    { title: "its protocol", filter: { fields: traceField.protocol, protocol: 17 }, is: true },
    { title: "another protocol", filter: { fields: traceField.protocol, protocol: 6 }, is: false },
    { title: "its port", filter: { fields: traceField.port, port: 5353 }, is: true },
    {
      title: "its port over IPv6",
      filter: { fields: traceField.port, port: 53 },
      frame: v6,
      is: true,
    },
    { title: "another port", filter: { fields: traceField.port, port: 54 }, is: false },
    {
      title: "its ethertype",
      filter: { fields: traceField.ethertype, ethertype: 0x0800 },
      is: true,
    },
    {
      title: "another ethertype",
      filter: { fields: traceField.ethertype, ethertype: 0x0806 },
      is: false,
    },
    {
      title: "one of two fields",
      filter: { fields: traceField.port | traceField.protocol, port: 53, protocol: 6 },
      is: false,
    },
  ];
  for (const { title, filter, frame = toB, is } of filters) {
    it(`${is ? "tells" : "does not tell"} of a frame when asked for ${title}`, async () => {
      using bridge = line(filter);

      const records = await told(bridge, () => bridge.tcEntry(frame.bytes()));

      assert.equal(records.length > 0, is);
    });
  }
});
