import assert from "node:assert/strict";
import { copiesOf, numbered } from "../support/frames.ts";
import { describeKernel } from "../support/kernel.ts";
import { ip } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { countedStream, eventually, Host, Lab, tcpDigests } from "./forwarding-lab.ts";

const WANDERER = "02:00:00:00:00:aa";

describeKernel("a simplebridge that forwards", { since: "6.6" }, () => {
  const lab = new Lab();
  let hosts: readonly [Host, Host, Host, Host];

  before(async function () {
    this.timeout(30_000);
    hosts = [new Host(1), new Host(2), new Host(3), new Host(4)];
    await lab.start();
  });

  after(async () => {
    await lab[Symbol.asyncDispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  afterEach(() => lab.unbridge());

  for (const type of ["TC", "XDP_DRV"] as const) {
    it(`loses no datagram of a pair while other ports come, change and go, in ${type}`, async () => {
      const [first, second, third, fourth] = hosts;
      await lab.bridge(type, first.device, second.device);

      const { sent, arrived } = await countedStream(first, second, async () => {
        for (let round = 0; round < 10; round++) {
          await lab.addPort("p3", third.device);
          await lab.repeer("p3", fourth.device);
          await lab.removePort("p3");
        }
      });

      assert.deepEqual(
        arrived,
        Array.from({ length: sent }, (_, n) => n),
      );
    });
  }

  it("follows a station that moves", async () => {
    const [first, second, third] = hosts;
    await lab.bridge("TC", first.device, second.device, third.device);
    const announce = () => packet().ethernet(WANDERER, second.mac).payload(numbered()).bytes();
    const call = () => packet().ethernet(second.mac, WANDERER).payload(numbered()).bytes();

    await copiesOf(announce(), [first, second, third]);
    const before = await copiesOf(call(), [second, first, third]);
    await copiesOf(announce(), [third, second, first]);
    const after = await copiesOf(call(), [second, first, third]);

    assert.deepEqual(before, [[], [undefined], []]);
    assert.deepEqual(after, [[], [], [undefined]]);
  });

  it("floods again to a station that was quiet for the aging time", async () => {
    const [first, second, third] = hosts;
    await lab.bridge("TC", first.device, second.device, third.device);
    await lab.age(1);
    const announce = packet().ethernet(WANDERER, first.mac).payload(numbered()).bytes();
    const call = () => packet().ethernet(first.mac, WANDERER).payload(numbered()).bytes();
    const heardByThird = async () => (await copiesOf(call(), [first, second, third]))[2]?.length;

    await copiesOf(announce, [second, first, third]);
    assert.equal(await heardByThird(), 0);

    await eventually("a flood", async () => (await heardByThird()) === 1);
    await eventually("the entry's end", async () => !(WANDERER in (await lab.learnedPorts())));
  });

  it("has a port down while its device is, and forwards when it is back", async () => {
    const [first, second] = hosts;
    await lab.bridge("TC", first.device, second.device);
    const statusIs = (status: string) => async () => (await lab.port("p2")).status === status;

    ip(`link set ${second.device} down`);
    await eventually("the port down", statusIs("STATUS_DOWN"));
    ip(`link set ${second.device} up`);
    await eventually("the port up", statusIs("STATUS_UP"));

    assert.match(await first.output(`ping -c 1 -W 5 ${second.address}`), /1 received/);
  });

  it("goes on without the daemon, and with the next one", async function () {
    this.timeout(60_000);
    const [first, second, third] = hosts;
    await lab.bridge("TC", first.device, second.device, third.device);
    const pingAnew = () => {
      for (const host of hosts) host.run("ip neighbour flush all");
      return first.output(`ping -c 3 -i 0.2 -W 5 ${second.address}`);
    };

    await lab.stop("SIGKILL");

    assert.match(await pingAnew(), /3 received/);
    const [sent, received] = await tcpDigests(first, third, 8);
    assert.equal(received, sent);
    await lab.start();
    assert.match(await pingAnew(), /3 received/);
    assert.equal((await lab.port("p3")).status, "STATUS_UP");
  });
});
