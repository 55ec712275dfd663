import assert from "node:assert/strict";
import { describeKernel } from "../support/kernel.ts";
import { checksum, packet } from "../support/packet.ts";
import { device, TestBridge, tapDevice, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const C = "02:00:00:00:00:0c";
const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** No test run reaches the device of a unicast verdict: any index will do. */
const OUT = 1;

const frame = (source: string, destination: string) =>
  packet().ethernet(source, destination).ipv4("192.0.2.1", "192.0.2.2").udp(53, 53);

describeKernel("simplebridge in XDP", { since: "6.6" }, () => {
  it("sends known unicast to a device that takes XDP frames", () => {
    using bridge = new TestBridge().wire(xdpDevice(OUT), xdpDevice(OUT)).learned(B, 1);

    const out = bridge.xdp(0, frame(A, B).bytes());

    assert.equal(out.verdict, XDP.redirect);
    assert.deepEqual(out.data, frame(A, B).bytes());
    assert.deepEqual(bridge.learnedPorts(), { [A]: 0, [B]: 1 });
    assert.deepEqual([bridge.counters(0).rxPackets, bridge.counters(1).txPackets], [1n, 1n]);
  });

  const left = [
    { title: "broadcasts", data: frame(A, BROADCAST).bytes() },
    { title: "frames for unknown stations", data: frame(A, "02:00:00:00:00:99").bytes() },
    { title: "frames for devices that take none of XDP", data: frame(A, C).bytes() },
    {
      title: "frames that are not cut into segments yet",
      data: frame(A, B)
        .payload(new Uint8Array(1515 - 42))
        .bytes(),
    },
  ];

  for (const { title, data } of left) {
    it(`leaves ${title} to TC, neither counted nor learned from`, () => {
      using bridge = new TestBridge().wire(xdpDevice(OUT), xdpDevice(OUT), device(OUT));
      bridge.learned(B, 1).learned(C, 2);

      const out = bridge.xdp(0, data);

      assert.equal(out.verdict, XDP.pass);
      assert.deepEqual(out.data, data);
      assert.deepEqual(bridge.learnedPorts(), { [B]: 1, [C]: 2 });
      assert.equal(bridge.counters(0).rxPackets, 0n);
    });
  }

  it("takes frames of the full length of Ethernet", () => {
    using bridge = new TestBridge().wire(xdpDevice(OUT), xdpDevice(OUT)).learned(B, 1);
    const data = frame(A, B)
      .payload(new Uint8Array(1514 - 42))
      .bytes();

    assert.equal(data.length, 1514);
    assert.equal(bridge.xdp(0, data).verdict, XDP.redirect);
  });

  it("leaves frames to TC that come from a device whose frames XDP sees in part", () => {
    using bridge = new TestBridge().wire(device(OUT), xdpDevice(OUT)).learned(B, 1);

    assert.equal(bridge.xdp(0, frame(A, B).bytes()).verdict, XDP.pass);
    assert.deepEqual(bridge.learnedPorts(), { [B]: 1 });
  });

  it("leaves a frame that came by no entry program to the stack", () => {
    using bridge = new TestBridge().wire(xdpDevice(OUT), xdpDevice(OUT)).learned(B, 1);

    const { verdict } = bridge.dataplane.testRun("cubes/bridge", "xdp_ingress", {
      data: frame(A, B).bytes(),
    });

    assert.equal(verdict, XDP.pass);
  });

  const networks = [
    { title: "IPv4", network: packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2") },
    { title: "IPv6", network: packet().ethernet(A, B).ipv6("2001:db8::1", "2001:db8::2") },
    {
      title: "tagged IPv4",
      network: packet().ethernet(A, B).vlan(42).ipv4("192.0.2.1", "192.0.2.2"),
    },
    {
      title: "twice tagged IPv6",
      network: packet().ethernet(A, B).vlan(42).vlan(7).ipv6("2001:db8::1", "2001:db8::2"),
    },
  ];
  const transports = [
    { title: "TCP", add: (below: (typeof networks)[0]["network"]) => below.tcp(1, 2), at: 16 },
    { title: "UDP", add: (below: (typeof networks)[0]["network"]) => below.udp(1, 2), at: 6 },
  ];

  for (const { title, network } of networks) {
    for (const transport of transports) {
      it(`takes ${transport.title} over ${title} from a tap once its checksum is finished`, () => {
        using bridge = new TestBridge().wire(tapDevice(OUT), tapDevice(OUT)).learned(B, 1);
        for (const length of [0, 1, 2, 3, 31, 32, 33, 1000, 1400]) {
          const payload = Uint8Array.from({ length }, (_, index) => index * 7);
          const finished = transport.add(network).payload(payload).bytes();
          const unfinished = withPseudoSum(finished, headerSize(finished), transport.at);

          const verdicts = [finished, unfinished].map((data) => bridge.xdp(0, data));

          assert.deepEqual(
            verdicts.map(({ verdict }) => verdict),
            [XDP.redirect, XDP.pass],
            `payload of ${length}`,
          );
          assert.deepEqual(
            verdicts.map(({ data }) => data),
            [finished, unfinished],
          );
        }
      });
    }
  }

  const judged = [
    { title: "ARP", verdict: XDP.redirect, data: arp() },
    {
      title: "a wrong checksum, which stays wrong",
      verdict: XDP.redirect,
      data: corrupted(frame(A, B).payload("corrupt").bytes()),
    },
    {
      title: "UDP without a checksum, which may be a tunnel",
      verdict: XDP.pass,
      data: withoutChecksum(frame(A, B).bytes()),
    },
    {
      title: "a protocol it does not know",
      verdict: XDP.pass,
      data: packet().ethernet(A, B).payload("unknown").bytes(),
    },
    {
      title: "a segment that is cut off",
      verdict: XDP.pass,
      data: frame(A, B).payload(new Uint8Array(100)).bytes().slice(0, 100),
    },
  ];

  for (const { title, verdict, data } of judged) {
    it(`${verdict === XDP.pass ? "leaves to TC" : "takes"} from a tap ${title}`, () => {
      using bridge = new TestBridge().wire(tapDevice(OUT), tapDevice(OUT)).learned(B, 1);

      const out = bridge.xdp(0, data);

      assert.equal(out.verdict, verdict);
      assert.deepEqual(out.data, data);
    });
  }

  it("asks nothing about checksums of frames that come from hardware", () => {
    using bridge = new TestBridge().wire(xdpDevice(OUT), tapDevice(OUT)).learned(B, 1);

    assert.equal(bridge.xdp(0, withoutChecksum(frame(A, B).bytes())).verdict, XDP.redirect);
  });
});

function arp(): Uint8Array {
  return packet()
    .ethernet(A, B)
    .arp({ mac: A, ip: "192.0.2.1" }, { mac: B, ip: "192.0.2.2" })
    .bytes();
}

function corrupted(data: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(data);
  copy[48] = (copy[48] ?? 0) ^ 0xff;
  return copy;
}

/** Where the segment of a frame of the builder starts: its IPv4 headers have no options. */
function headerSize(data: Uint8Array): number {
  let at = 12;
  while (data[at] === 0x81) at += 4;
  return at + 2 + (data[at] === 0x08 ? 20 : 40);
}

/** As a sender leaves it that has its device finish checksums. */
function withPseudoSum(data: Uint8Array, start: number, at: number): Uint8Array {
  const copy = Uint8Array.from(data);
  const field = start + at;
  const end = segmentEnd(data, start);
  // The checksum covers pseudo header and segment, so what it lacks of the latter is the former.
  copy.set([0, 0], field);
  const segment = checksum(copy.slice(start, end));
  const whole = ((data[field] ?? 0) << 8) | (data[field + 1] ?? 0);
  const sum = ones(~whole & 0xffff, segment);
  copy.set([sum >> 8, sum & 0xff], field);
  return copy;
}

function ones(a: number, b: number): number {
  const sum = a + b;
  return (sum & 0xffff) + (sum >> 16);
}

/** The builder pads short frames; the padding is not the segment's. */
function segmentEnd(data: Uint8Array, start: number): number {
  const view = new DataView(data.buffer, data.byteOffset);
  const isIpv4 = start === 34 || view.getUint8(start - 20) >> 4 === 4;
  return isIpv4 ? start - 20 + view.getUint16(start - 18) : start + view.getUint16(start - 36);
}

function withoutChecksum(data: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(data);
  copy.set([0, 0], headerSize(data) + 6);
  return copy;
}
