import assert from "node:assert/strict";
import { join } from "node:path";
import { printed } from "../../bench/process.ts";
import { copiesOf, numbered } from "../support/frames.ts";
import { describeKernel, fixtureDirectory } from "../support/kernel.ts";
import { run } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { type CubeType, Host, Lab, tcpDigests } from "./forwarding-lab.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const UNKNOWN = "02:00:00:00:00:99";
const MEBIBYTES = 64;

describeKernel("hosts behind a simplebridge", { since: "6.6" }, () => {
  const lab = new Lab();
  let hosts: readonly [Host, Host, Host];

  before(async function () {
    this.timeout(30_000);
    hosts = [new Host(1), new Host(2), new Host(3)];
    await lab.start();
  });

  after(async () => {
    await lab[Symbol.asyncDispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  const variants: { type: CubeType; gro: "on" | "off" }[] = [
    { type: "TC", gro: "off" },
    { type: "XDP_DRV", gro: "off" },
    // The devices here take XDP frames then.
    { type: "XDP_DRV", gro: "on" },
  ];

  for (const { type, gro } of variants) {
    describe(`in ${type}, GRO in the hosts ${gro}`, () => {
      before(async () => {
        for (const host of hosts) host.run(`ethtool -K ${host.eth} gro ${gro}`);
        await lab.bridge(type, ...hosts.map(({ device }) => device));
      });

      after(() => lab.unbridge());

      it("are connected where the type says, and the ports tell how frames go", async () => {
        const [{ device }] = hosts;
        const link = run("ip", "-d", "link", "show", device);
        assert.equal(/prog\/xdp id \d+/.test(link), type === "XDP_DRV");
        const { status, forwardingPath } = await lab.port("p1");
        assert.deepEqual([status, forwardingPath], ["STATUS_UP", "FORWARDING_PATH_TC"]);
      });

      it("lose not even the first ping", async () => {
        const [first, second] = hosts;
        first.run("ip neighbour flush all");

        const output = await first.output(`ping -c 5 -i 0.2 -W 5 ${second.address}`);

        assert.match(output, /5 packets transmitted, 5 received/);
        const { [first.mac]: one, [second.mac]: two } = await lab.learnedPorts();
        assert.deepEqual([one, two], ["p1", "p2"]);
      });

      for (const offload of ["on", "off"] as const) {
        const title = `with checksum offload ${offload} on the devices between`;
        it(`get over TCP what was sent, ${title}`, async function () {
          this.timeout(60_000);
          const [first, second] = hosts;
          for (const { device } of hosts) run("ethtool", "-K", device, "tx", offload);
          try {
            const [sent, received] = await tcpDigests(first, second, MEBIBYTES);

            assert.equal(received, sent);
          } finally {
            for (const { device } of hosts) run("ethtool", "-K", device, "tx", "on");
          }
        });
      }

      it("lose no UDP datagram", async () => {
        const [first, second] = hosts;
        const server = second.start("iperf3", "-s", "-1", "--forceflush");
        await printed(server, "Server listening");
        const before = second.udpRcvbufErrors();
        const report = await first.output(`iperf3 -u -c ${second.address} -b 20M -n 2M -J`);
        const { packets, lost_packets: lost } = JSON.parse(report).end.sum;
        const unread = second.udpRcvbufErrors() - before;
        assert.deepEqual([packets > 1000, lost - unread], [true, 0]);
      });

      const frames = [
        { title: "broadcasts", to: BROADCAST, tagged: false },
        { title: "tagged broadcasts", to: BROADCAST, tagged: true },
        { title: "frames for unknown stations", to: UNKNOWN, tagged: false },
        { title: "tagged frames for unknown stations", to: UNKNOWN, tagged: true },
      ];

      for (const { title, to, tagged } of frames) {
        it(`all get one copy of ${title}, but the sender`, async () => {
          const [first] = hosts;
          const start = packet().ethernet(first.mac, to);
          const frame = (tagged ? start.vlan(42, 3) : start).payload(numbered()).bytes();

          const copies = await copiesOf(frame, hosts);

          const tci = tagged ? (3 << 13) | 42 : undefined;
          assert.deepEqual(copies, [[], [tci], [tci]]);
        });
      }

      for (const tagged of [false, true]) {
        it(`get ${tagged ? "tagged frames" : "frames"} meant for them alone`, async () => {
          const [first, second] = hosts;
          const start = packet().ethernet(first.mac, second.mac);
          const frame = (tagged ? start.vlan(7) : start).payload(numbered()).bytes();

          const copies = await copiesOf(frame, hosts);

          assert.deepEqual(copies, [[], [tagged ? 7 : undefined], []]);
        });
      }

      it("get the tag that a sender has left to hardware", async () => {
        const [first, second] = hosts;
        const object = join(fixtureDirectory(), "push-vlan.bpf.o");
        first.run(`tc qdisc add dev ${first.eth} clsact`);
        try {
          first.run(`tc filter add dev ${first.eth} egress bpf da obj ${object} sec tc`);
          const frame = packet().ethernet(first.mac, second.mac).payload(numbered()).bytes();

          const copies = await copiesOf(frame, hosts);

          assert.deepEqual(copies, [[], [42], []]);
        } finally {
          first.run(`tc qdisc del dev ${first.eth} clsact`);
        }
      });
    });
  }

  it("are refused in generic XDP, with the reason", async () => {
    const devices = hosts.map(({ device }) => device);
    await assert.rejects(lab.bridge("XDP_SKB", ...devices), /is a veth: generic XDP/);
  });
});
