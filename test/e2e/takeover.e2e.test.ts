import assert from "node:assert/strict";
import { describeKernel } from "../support/kernel.ts";
import { countedStream, Host, isPromiscuous, Lab } from "./forwarding-lab.ts";

const restarts = 5;

describeKernel("a daemon that is killed and started again", { since: "6.6" }, () => {
  let lab: Lab;
  let hosts: readonly [Host, Host, Host];

  beforeEach(async function () {
    this.timeout(30_000);
    lab = new Lab();
    hosts = [new Host(1), new Host(2), new Host(3)];
    await lab.start();
  });

  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  const restart = async (meanwhile: () => void = () => undefined) => {
    await lab.stop("SIGKILL");
    meanwhile();
    await lab.start();
  };

  for (const type of ["TC", "XDP_DRV"] as const) {
    it(`loses no datagram, no learned address and no count, in ${type}`, async () => {
      const [first, second, third] = hosts;
      await lab.bridge(type, first.device, second.device, third.device);
      await lab.addEntry(third.mac, "p3");
      let counted = 0;

      const { sent, arrived } = await countedStream(first, second, async () => {
        for (let round = 0; round < restarts; round++) {
          const before = await lab.received("p1");
          await restart();
          const after = await lab.received("p1");
          assert.ok(after > before && before >= counted, `${counted}, ${before}, ${after}`);
          counted = after;
        }
      });

      assert.deepEqual(
        arrived,
        Array.from({ length: sent }, (_, n) => n),
      );
      assert.ok(counted > 0 && counted <= sent + 10, `${counted} of ${sent}`);
      assert.deepEqual(await lab.learnedPorts(), {
        [first.mac]: "p1",
        [second.mac]: "p2",
        [third.mac]: "p3",
      });
    }).timeout(60_000);
  }

  it("goes on where another port's device vanished meanwhile, and gives devices back", async () => {
    const [first, second, third] = hosts;
    await lab.bridge("TC", first.device, second.device, third.device);
    assert.equal(isPromiscuous(first.device), true);

    const { sent, arrived } = await countedStream(first, second, async () => {
      await restart(() => third[Symbol.dispose]());
    });

    assert.equal(arrived.length, sent);
    assert.equal((await lab.port("p3")).status, "STATUS_DOWN");
    await lab.unbridge();
    assert.equal(isPromiscuous(first.device), false);
  }).timeout(60_000);
});
