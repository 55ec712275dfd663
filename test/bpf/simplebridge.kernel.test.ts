import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { simplebridgeFdbEvent, simplebridgeObject } from "../../src/gen/bpf/simplebridge.ts";
import { describeKernel } from "../support/kernel.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { cube, device, macText, TC, TestBridge, XDP, xdpDevice } from "./bridge.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";
const C = "02:00:00:00:00:0c";
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const IPV4_MULTICAST = "01:00:5e:00:00:fb";
const NULL_ADDRESS = "00:00:00:00:00:00";

/** No test run reaches the device of a unicast verdict: any index will do. */
const OUT = 1;

const frame = (source: string, destination: string) =>
  packet().ethernet(source, destination).ipv4("192.0.2.1", "192.0.2.2").udp(53, 53);

describeKernel("simplebridge programs", { since: "6.6" }, () => {
  describe("in TC", () => {
    it("sends a frame to the port its destination was learned on", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.tc(2, frame(B, A).bytes());

      const out = bridge.tc(0, frame(A, B).bytes());

      assert.deepEqual([out.verdict, out.port], [TC.redirect, 2]);
      assert.deepEqual(out.data, frame(A, B).bytes());
    });

    it("counts a frame once at the port it enters by and once at the port it leaves by", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(B, 1);

      bridge.tc(0, frame(A, B).bytes());

      const [into, out] = [bridge.counters(0), bridge.counters(1)];
      assert.deepEqual([into.rxPackets, into.rxBytes, into.txPackets], [1n, 60n, 0n]);
      assert.deepEqual([out.txPackets, out.txBytes, out.rxPackets], [1n, 60n, 0n]);
      assert.deepEqual(bridge.drops(0), {});
    });

    it("leaves neither mark nor priority on what it sends", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(B, 1);

      const out = bridge.tc(0, frame(A, B).bytes(), { mark: 0x1234, priority: 5 });

      assert.deepEqual([out.verdict, out.mark, out.priority], [TC.redirect, 0, 0]);
    });

    const drops = [
      { title: "from a group address", from: "03:00:00:00:00:01", to: B, reason: "invalid-source" },
      { title: "from the broadcast address", from: BROADCAST, to: B, reason: "invalid-source" },
      { title: "from the null address", from: NULL_ADDRESS, to: B, reason: "invalid-source" },
      { title: "for its own port", from: A, to: C, reason: "same-port" },
      { title: "for 802.3 flow control", from: A, to: "01:80:c2:00:00:01", reason: "link-local" },
      { title: "for LLDP", from: A, to: "01:80:c2:00:00:0e", reason: "link-local" },
      {
        title: "for the last address of a link",
        from: A,
        to: "01:80:c2:00:00:0f",
        reason: "link-local",
      },
      { title: "for a port that is down", from: A, to: B, reason: "no-peer" },
    ];

    for (const { title, from, to, reason } of drops) {
      for (const family of ["tc", "xdp"] as const) {
        if (family === "xdp" && reason === "no-peer") continue;
        it(`drops a frame ${title}, in ${family}`, () => {
          using bridge = new TestBridge().wire(xdpDevice(OUT), {}).learned(B, 1).learned(C, 0);

          const { verdict } = bridge[family](0, frame(from, to).bytes());

          assert.equal(verdict, family === "tc" ? TC.drop : XDP.drop);
          assert.deepEqual(bridge.drops(0), { [reason]: 1 });
          assert.equal(bridge.counters(0).rxPackets, 1n);
        });
      }
    }

    for (const { from, to } of drops.slice(0, 6).filter(({ reason }) => reason !== "same-port")) {
      it(`learns nothing from a frame from ${from} to ${to}`, () => {
        using bridge = new TestBridge().wire(device(OUT), device(OUT));

        bridge.tc(0, frame(from, to).bytes());

        assert.deepEqual(bridge.learnedPorts(), {});
      });
    }

    const flooded = [
      { title: "an unknown address", to: B },
      { title: "the broadcast address", to: BROADCAST },
      { title: "a multicast address", to: IPV4_MULTICAST },
      { title: "the spanning tree", to: "01:80:c2:00:00:00" },
      { title: "the first group address past the link's", to: "01:80:c2:00:00:10" },
    ];

    for (const { title, to } of flooded) {
      it(`floods a frame for ${title}`, () => {
        using bridge = new TestBridge().wire(device(OUT), device(OUT));

        const out = bridge.tc(0, frame(A, to).bytes());

        assert.deepEqual([out.verdict, out.port], [TC.redirect, 1]);
      });
    }

    it("drops a flood that nobody else is there for", () => {
      using bridge = new TestBridge().wire(device(OUT), {}, { kind: "next" });

      const { verdict } = bridge.tc(0, frame(A, BROADCAST).bytes());

      assert.equal(verdict, TC.drop);
      assert.deepEqual(bridge.drops(0), { "no-peer": 1 });
    });

    it("looks for targets of a flood in no port past the end", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.put(simplebridgeObject.maps.cube, 0, { portsEnd: 2, slot: 0, logLevel: "off" });

      const { port } = bridge.tc(0, frame(A, BROADCAST).bytes());

      assert.equal(port, 1);
      assert.equal(bridge.counters(2).txPackets, 0n);
    });

    it("floods out of the last of 128 ports", () => {
      const ports = Array.from({ length: 128 }, (_, port) => (port === 127 ? device(OUT) : {}));
      using bridge = new TestBridge().wire(...ports);

      const out = bridge.tc(0, frame(A, BROADCAST).bytes());

      assert.deepEqual([out.verdict, out.port], [TC.redirect, 127]);
    });

    it("passes tagged frames unchanged and learns from them", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(B, 1);
      const tagged = packet()
        .ethernet(A, B)
        .vlan(42, 3)
        .ipv4("192.0.2.1", "192.0.2.2")
        .udp(53, 53)
        .bytes();

      const out = bridge.tc(0, tagged);

      assert.deepEqual([out.verdict, out.port], [TC.redirect, 1]);
      assert.deepEqual(out.data, tagged);
      assert.equal(bridge.learnedPorts()[A], 0);
    });

    it("forwards frames of every length the kernel accepts", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(B, 1);
      const whole = packet().ethernet(A, B).payload(new Uint8Array(50)).bytes();

      for (let length = 14; length <= 64; length++) {
        const out = bridge.tc(0, whole.slice(0, length));
        assert.deepEqual([length, out.verdict, out.port], [length, TC.redirect, 1]);
      }
    });
  });

  describe("learning", () => {
    it("tells of a new station and of its move", async () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));

      const records = await bridge.events(() => {
        bridge.tc(0, frame(A, B).bytes());
        bridge.tc(0, frame(A, B).bytes());
        bridge.tc(1, frame(A, B).bytes());
      });

      const told = records.map((record) => simplebridgeFdbEvent.decode(record));
      assert.deepEqual(
        told.map(({ change, port, address }) => [change, port, macText(address)]),
        [
          ["learned", 0, A],
          ["moved", 1, A],
        ],
      );
      assert.deepEqual(bridge.learnedPorts(), { [A]: 1 });
    });

    it("counts the events that find no room", () => {
      using bridge = new TestBridge({ fdb_events: 4096 }).wire(device(OUT), device(OUT));
      const stations = 4096 / (16 + 8) + 10;

      for (let station = 0; station < stations; station++) {
        bridge.tc(0, frame(stationAddress(station), BROADCAST).bytes());
      }

      const lost = bridge.get(simplebridgeObject.maps.eventsLost, 0) ?? 0n;
      assert.ok(lost >= 10n && lost <= 12n, `${lost} lost`);
    });

    it("does not touch the row of a station that was just heard", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(A, 0, 0.02);
      const before = bridge.lastSeenNs(A);

      bridge.tc(0, frame(A, B).bytes());

      assert.equal(bridge.lastSeenNs(A), before);
    });

    it("refreshes the row of a station that was quiet", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT)).learned(A, 0, 10);
      const before = bridge.lastSeenNs(A) ?? 0n;

      bridge.tc(0, frame(A, B).bytes());

      assert.ok((bridge.lastSeenNs(A) ?? 0n) - before > 9_000_000_000n);
    });

    it("keeps the newest stations when the table is full", () => {
      using bridge = new TestBridge({ learned_fdb: 64 }).wire(device(OUT), device(OUT));

      for (let station = 0; station < 500; station++) {
        bridge.tc(0, frame(stationAddress(station), BROADCAST).bytes());
      }

      const learned = bridge.learnedPorts();
      assert.ok(Object.keys(learned).length <= 64);
      assert.equal(learned[stationAddress(499)], 0);
    });
  });

  describe("ageing", () => {
    const ages = [
      { seconds: 59, port: 2, title: "sends to a station that is not yet too old" },
      { seconds: 61, port: 3, title: "floods to a station that is too old" },
    ];

    for (const { seconds, port, title } of ages) {
      it(title, () => {
        using bridge = new TestBridge().wire(device(OUT), {}, device(OUT), device(OUT));
        bridge.age(60).learned(B, 2, seconds);

        const out = bridge.tc(0, frame(A, B).bytes());

        assert.equal(out.port, port);
      });
    }

    it("uses a new aging time at once", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.age(60).learned(B, 1, 61);
      assert.equal(bridge.tc(0, frame(A, B).bytes()).port, 2);

      bridge.age(300);

      assert.equal(bridge.tc(0, frame(A, B).bytes()).port, 1);
    });

    it("does not age static entries", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.age(1).fix(B, 1);

      assert.equal(bridge.tc(0, frame(A, B).bytes()).port, 1);
    });
  });

  describe("static entries", () => {
    it("win over learned ones", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.learned(B, 1).fix(B, 2);

      assert.equal(bridge.tc(0, frame(A, B).bytes()).port, 2);
    });

    it("keep their station from being learned elsewhere", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT)).fix(A, 2);

      bridge.tc(0, frame(A, B).bytes());

      assert.deepEqual(bridge.learnedPorts(), {});
    });

    it("keep a station learned before from moving", () => {
      using bridge = new TestBridge().wire(device(OUT), device(OUT), device(OUT));
      bridge.learned(A, 2).fix(A, 2);

      bridge.tc(0, frame(A, B).bytes());

      assert.deepEqual(bridge.learnedPorts(), { [A]: 2 });
    });
  });

  describe("towards other cubes", () => {
    it("calls the cube behind a port with its port in cb[0]", () => {
      using bridge = new TestBridge().wire(device(OUT), cube(9, 5)).neighbour(9).learned(B, 1);

      const out = bridge.tc(0, frame(A, B).bytes());

      assert.deepEqual([out.verdict, out.port], [TC.next, 5]);
      assert.equal(bridge.counters(1).txPackets, 1n);
    });

    it("drops a frame for a cube that has no program", () => {
      using bridge = new TestBridge().wire(device(OUT), cube(9, 5)).learned(B, 1);

      assert.equal(bridge.tc(0, frame(A, B).bytes()).verdict, TC.drop);
      assert.deepEqual(bridge.drops(0), { "empty-slot": 1 });
      const { txPackets, txBytes } = bridge.counters(1);
      assert.deepEqual([txPackets, txBytes], [0n, 0n]);
    });

    it("says of a copy for a cube that it could not be made without a recirculation device", () => {
      using bridge = new TestBridge().wire(device(OUT), cube(9, 5), cube(9, 6)).neighbour(9);

      const out = bridge.tc(0, frame(A, BROADCAST).bytes());

      assert.deepEqual([out.verdict, out.port], [TC.next, 6]);
      assert.deepEqual(bridge.drops(0), { "no-peer": 1 });
    });
  });

  describe("flooding to devices", () => {
    const veths: VethPair[] = [];

    before(() => {
      for (let port = 0; port < 3; port++) veths.push(vethPair());
    });

    after(() => {
      for (const veth of veths) veth[Symbol.dispose]();
    });

    it("sends one copy to each port but the one the frame came by", () => {
      using bridge = new TestBridge().wire(...veths.map(({ ifindex }) => device(ifindex)), {});
      const before = veths.map(transmitted);

      const out = bridge.tc(0, frame(A, BROADCAST).bytes());

      // The last copy is the frame itself: a test run ends before it is sent.
      assert.deepEqual([out.verdict, out.port], [TC.redirect, 2]);
      const sent = veths.map((veth, port) => transmitted(veth) - (before[port] ?? 0));
      assert.deepEqual(sent, [0, 1, 0]);
      const counted = veths.map((_, port) => bridge.counters(port).txPackets);
      assert.deepEqual(counted, [0n, 1n, 1n]);
    });

    it("gives devices copies before the frame itself goes on to a cube", () => {
      const [first, , last] = veths.map(({ ifindex }) => device(ifindex));
      using bridge = new TestBridge().wire(first ?? {}, cube(9, 5), last ?? {}).neighbour(9);
      const before = veths.map(transmitted);

      const out = bridge.tc(0, frame(A, BROADCAST).bytes());

      assert.deepEqual([out.verdict, out.port], [TC.next, 5]);
      const sent = veths.map((veth, port) => transmitted(veth) - (before[port] ?? 0));
      assert.deepEqual(sent, [0, 0, 1]);
    });
  });
});

function stationAddress(station: number): string {
  const [high, low] = [station >> 8, station & 0xff];
  return `02:00:00:01:${[high, low].map((octet) => octet.toString(16).padStart(2, "0")).join(":")}`;
}

function transmitted({ name }: VethPair): number {
  return Number(readFileSync(`/sys/class/net/${name}/statistics/tx_packets`, "utf8"));
}
