import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { copiesOf, numbered } from "../support/frames.ts";
import { describeKernel } from "../support/kernel.ts";
import { ip, run } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { eventually, Host, Lab, type LabEdit, tcpDigests } from "./forwarding-lab.ts";

const hw0 = "/helloworld:helloworld[name='hw0']";
const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
const floodSize = 100_000;
const burst = 500;
/** Four times a Node process's own noise: a queue of the flood's frames would take as much. */
const growthMax = 64 << 20;

interface Passage {
  readonly "rx-packets": string;
  readonly "tx-packets": string;
  readonly drops?: readonly { readonly reason: string; readonly packets: string }[];
}

const create = (path: string, value: object): LabEdit => ({ operation: "CREATE", path, value });
const merge = (path: string, value: unknown): LabEdit => ({ operation: "MERGE", path, value });

describeKernel("frames that the daemon sends on", { since: "6.6" }, () => {
  let lab: Lab;
  let first: Host;
  let second: Host;

  beforeEach(async function () {
    this.timeout(30_000);
    lab = new Lab();
    first = new Host(1);
    second = new Host(2);
    await lab.start();
  });

  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
    first[Symbol.dispose]();
    second[Symbol.dispose]();
  });

  /** Whatever passes between the hosts goes up on its way in, and on its way out. */
  const build = (type: "TC" | "XDP_DRV", slowPath: object = bothWays) =>
    lab.apply(
      create(th0, { type, ...slowPath }),
      create(hw0, {
        type,
        action: "FORWARD",
        ports: [
          { name: "a", peer: first.device, tcubes: ["th0"] },
          { name: "b", peer: second.device },
        ],
      }),
    );

  const passage = async (way: "ingress" | "egress") => {
    const counters = (await lab.read(`${th0}/counters`)) as Record<"ingress" | "egress", Passage>;
    const { "rx-packets": rx, "tx-packets": tx, drops = [] } = counters[way];
    const reasons = Object.fromEntries(drops.map(({ reason, packets }) => [reason, +packets]));
    return { rx: Number(rx), tx: Number(tx), drops: reasons };
  };

  const ping = (host: Host, other: string) => host.run(`ping -c 3 -i 0.1 -W 2 -q ${other}`);

  for (const type of ["TC", "XDP_DRV"] as const) {
    it(`arrive whole: pings and TCP both ways, in ${type}`, async () => {
      await build(type);

      assert.match(ping(first, second.address), /3 received/);
      assert.match(ping(second, first.address), /3 received/);
      for (const [from, to] of [
        [first, second],
        [second, first],
      ] as const) {
        const [sent, received] = await tcpDigests(from, to, type === "TC" ? 8 : 1);
        assert.equal(sent, received);
      }
      const ingress = await passage("ingress");
      assert.ok(ingress.rx > 10 && ingress.tx > 10, JSON.stringify(ingress));
    }).timeout(90_000);
  }

  it("arrive with checksums that a device has to finish, because the sender did not", async () => {
    await build("TC");
    for (const { device } of [first, second]) run("ethtool", "-K", device, "tx", "off");

    const [sent, received] = await tcpDigests(first, second, 4);

    assert.equal(sent, received);
    // Each that is wrong is counted, and sent again.
    const errors = second.run("cat /proc/net/snmp").match(/^Tcp: (\d.*)$/m)?.[1];
    assert.equal(errors?.split(" ").at(-1), "0");
  }).timeout(60_000);

  it("keep the tag that stands beside them, and one more within", async () => {
    await build("TC");
    const way = packet().ethernet(first.mac, second.mac);

    for (const [frame, tag] of [
      [way.vlan(7, 5), 0xa007],
      [way.vlan(7, 5).vlan(8), 0xa007],
      [way, undefined],
    ] as const) {
      const [, copies] = await copiesOf(frame.payload(numbered()).bytes(), [first, second]);
      assert.deepEqual(copies, [tag]);
    }
  }).timeout(60_000);

  it("arrive again once a killed daemon has a successor", async () => {
    await build("TC");
    ping(first, second.address);

    await lab.stop("SIGKILL");
    assert.throws(() => ping(first, second.address));
    await lab.start();

    await eventually("pings pass", async () => /3 received/.test(ping(first, second.address)));
  }).timeout(60_000);

  it("and a flood of which the daemon is not to be seen unresponsive", async () => {
    await build("TC", { "ingress-action": "SLOWPATH", "egress-action": "PASS" });
    using socket = first.socket();
    const frame = packet()
      .ethernet(first.mac, second.mac)
      .ipv4(first.address, second.address)
      .udp(9, 9)
      .payload(new Uint8Array(1000))
      .bytes();
    const residentBefore = lab.resident;
    let slowest = 0;

    const began = Date.now();
    for (let sent = 0; sent < floodSize; sent += burst) {
      for (let count = 0; count < burst; count++) socket.send(frame);
      if (sent % (burst * 10) !== 0) continue;
      const asked = Date.now();
      await lab.apply(merge(`${th0}/loglevel`, sent % (burst * 20) === 0 ? "WARN" : "INFO"));
      slowest = Math.max(slowest, Date.now() - asked);
    }
    const seconds = (Date.now() - began) / 1000;

    await eventually("all is counted", async () => (await passage("ingress")).rx >= floodSize);
    const settled = async () => {
      const { rx, tx, drops } = await passage("ingress");
      const lost = Object.values(drops).reduce((sum, packets) => sum + packets, 0);
      return rx === tx + lost;
    };
    await eventually("each frame was sent on, or is among the drops", settled);
    const { tx, drops } = await passage("ingress");
    assert.ok((drops["slow-path-rate"] ?? 0) > floodSize / 2, JSON.stringify(drops));
    // 134 frames a window of 134 ms and CPU, and the windows that have begun.
    assert.ok(
      tx > 0 && tx < (seconds + 0.3) * 1000 * 1.05 * availableParallelism(),
      `${tx} in ${seconds} s`,
    );
    assert.ok(slowest < 1000, `a commit took ${slowest} ms`);
    assert.ok(lab.resident - residentBefore < growthMax, `${lab.resident} of ${residentBefore}`);
  }).timeout(90_000);

  it("may be cut short, lie about their lengths, or be giants: no harm is done", async () => {
    await build("TC");
    for (const host of [first, second]) {
      host.run(`ip link set ${host.eth} mtu 9000`);
      ip(`link set ${host.device} mtu 9000`);
    }
    using socket = first.socket();
    const whole = packet().ethernet(first.mac, second.mac).ipv4(first.address, second.address);
    const tcp = Buffer.from(whole.tcp(1, 2).payload(new Uint8Array(100)).bytes());

    for (const length of [14, 15, 18, 20, 33, 34, 35, 53]) socket.send(tcp.subarray(0, length));
    for (const [at, octet] of [
      [14, 0x4f],
      [14, 0x40],
      [16, 0xff],
      [17, 0x00],
      [46, 0xf0],
      [46, 0x00],
      [23, 17],
    ] as const) {
      const lying = Buffer.from(tcp);
      lying[at] = octet;
      socket.send(lying);
    }
    for (const length of [1514, 9014]) {
      socket.send(
        whole
          .udp(1, 2)
          .payload(new Uint8Array(length - 42))
          .bytes(),
      );
    }

    assert.match(ping(first, second.address), /3 received/);
    assert.match(first.run(`ping -c 1 -s 8000 -W 2 -q ${second.address}`), /1 received/);
    assert.doesNotMatch(lab.log, /failed/);
  }).timeout(60_000);

  it("are told of in the log, by the wire that hands them up and drops them", async () => {
    await build("TC", {});
    await lab.apply(merge(`${hw0}/action`, "SLOWPATH"), merge(`${hw0}/loglevel`, "DEBUG"));

    assert.throws(() => first.run(`ping -c 1 -W 1 -q ${second.address}`));

    const text = "Packet received from port a";
    const line = lab.log.split("\n").find((each) => each.includes(text));
    const { time, ...rest } = JSON.parse(line ?? "{}");
    assert.ok(Date.parse(time) > 0);
    const by = { service: "helloworld", cube: "hw0" };
    assert.deepEqual(rest, { level: "debug", message: "cube", cubeLevel: "debug", ...by, text });
  }).timeout(60_000);
});

const bothWays = { "ingress-action": "SLOWPATH", "egress-action": "SLOWPATH" };
