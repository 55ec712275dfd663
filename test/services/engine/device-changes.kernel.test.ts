import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { eventually } from "../../e2e/forwarding-lab.ts";
import { anyServices } from "../../support/engine.ts";
import { describeKernel } from "../../support/kernel.ts";
import { KernelEngine } from "../../support/kernel-engine.ts";
import { ip, type Namespace, namespace } from "../../support/network.ts";
import { PluggedHost } from "../../support/plugged-host.ts";

const services = [...anyServices, ...([transparenthelloworld, netdev] as object as Discovered[])];
const br0 = "/simplebridge:simplebridge[name='br0']";
const th = (name: string) => `/transparenthelloworld:transparenthelloworld[name='${name}']`;
const netdevOf = (device: string) => `/netdev:netdev[name='${device}']`;

type Role = "a port" | "what a cube is attached to" | "both";

interface DeviceState {
  readonly ifindex?: number;
  readonly "oper-status"?: string;
  readonly "mac-address"?: string;
  readonly port?: string;
}

describeKernel("a device that changes in the kernel", { since: "6.6" }, () => {
  let engine: KernelEngine;
  let elsewhere: Namespace;
  let hosts: readonly [PluggedHost, PluggedHost];

  beforeEach(async () => {
    hosts = [new PluggedHost("192.0.2.1"), new PluggedHost("192.0.2.2")];
    elsewhere = namespace();
    engine = await new KernelEngine(services).start();
  });

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    elsewhere[Symbol.dispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  /** The second host's device is `role`; the first host's is a port. */
  const build = async (role: Role) => {
    const [first, second] = hosts;
    const tcubes = role === "a port" ? [] : ["th1"];
    const ports = [
      { name: "p1", peer: first.device },
      { name: "p2", peer: role === "what a cube is attached to" ? "" : second.device },
    ];
    await engine.calls.commit(
      engine.edit("create", th("th1"), {}),
      engine.edit("create", br0, { ports }),
      engine.edit("create", netdevOf(second.device), { tcubes }),
    );
  };

  const stateOf = (device: string) => engine.calls.read(netdevOf(device)) as DeviceState;
  const portStatus = () =>
    (engine.calls.read(`${br0}/ports[name='p2']`) as { readonly status: string }).status;
  const passed = (way: string) =>
    Number(engine.calls.read(`${th("th1")}/counters/${way}/tx-packets`));
  const attachedTo = (ifindex: number) =>
    engine.dataplane.attachments().filter((one) => one.ifindex === ifindex);

  /** That frames pass what is on the device, and get to where they should. */
  const works = async (role: Role) => {
    const [first, second] = hosts;
    const before = [passed("ingress"), passed("egress")];
    if (role === "what a cube is attached to") {
      await eventually("th1 is attached", async () => {
        return attachedTo(stateOf(second.device).ifindex ?? 0).length > 0;
      });
      // Nobody has the address: what is seen here are questions for it.
      second.run("sh", "-c", "ping -c 1 -W 1 192.0.2.99 || true");
      assert.ok(passed("ingress") > Number(before[0]), "th1 is passed by what comes in");
      return;
    }
    await eventually("the port is up", async () => portStatus() === "UP");
    first.ping(second);
    if (role === "a port") return;
    assert.ok(passed("ingress") > Number(before[0]), "th1 is passed by what comes in");
    assert.ok(passed("egress") > Number(before[1]), "th1 is passed by what goes out");
  };

  const cases = [
    {
      title: "is deleted, and comes back under another index",
      away: (host: PluggedHost) => host.cutOff(),
      back: (host: PluggedHost) => host.plugIn(),
    },
    {
      title: "has another name for a while",
      away: ({ device }: PluggedHost) => void ip(`link set ${device} name ${device}x`),
      back: ({ device }: PluggedHost) => void ip(`link set ${device}x name ${device}`),
    },
    {
      title: "is in another namespace for a while",
      away: ({ device }: PluggedHost) => void ip(`link set ${device} netns ${elsewhere.name}`),
      back: ({ device }: PluggedHost) => {
        elsewhere.run("ip", "link", "set", device, "netns", String(process.pid));
        ip(`link set ${device} up`);
      },
    },
  ];

  for (const role of ["a port", "what a cube is attached to", "both"] as const) {
    for (const { title, away, back } of cases) {
      it(`as ${role}: ${title}`, async () => {
        const [, second] = hosts;
        await build(role);
        await works(role);
        const { ifindex = 0 } = stateOf(second.device);

        away(second);
        await eventually("it is absent", async () => {
          return portStatus() === "DOWN" && attachedTo(ifindex).length === 0;
        });
        assert.equal(stateOf(second.device).ifindex, undefined);
        back(second);

        await works(role);
        assert.equal(stateOf(second.device)["oper-status"], "UP");
      }).timeout(30_000);
    }

    it(`as ${role}: is down for a while`, async () => {
      const [, { device }] = hosts;
      await build(role);

      ip(`link set ${device} down`);
      await eventually("it is down", async () => stateOf(device)["oper-status"] === "DOWN");
      assert.equal(portStatus(), "DOWN");
      ip(`link set ${device} up`);

      await works(role);
    }).timeout(30_000);

    it(`as ${role}: gets other addresses`, async () => {
      const [, { device }] = hosts;
      await build(role);
      const mac = "02:00:00:00:00:77";

      ip(`link set ${device} address ${mac}`);
      ip(`address add 192.0.2.200/32 dev ${device}`);
      await eventually("it has them", async () => stateOf(device)["mac-address"] === mac);

      await works(role);
    }).timeout(30_000);
  }

  it("swaps its name with another's: what is said of the name goes along", async () => {
    const [first, second] = hosts;
    await build("both");
    const [one = 0, other = 0] = hosts.map(({ device }) => stateOf(device).ifindex);
    const hooks = (ifindex: number) => attachedTo(ifindex).map(({ hook }) => hook);
    assert.deepEqual(hooks(one), ["tcx-ingress"]);

    ip(`link set ${first.device} name ${first.device}x`);
    ip(`link set ${second.device} name ${first.device}`);
    ip(`link set ${first.device}x name ${second.device}`);
    await eventually("each is what the other was", async () => {
      const [now, then] = hosts.map(({ device }) => stateOf(device));
      return now?.port === "br0:p1" && now.ifindex === other && then?.port === "br0:p2";
    });

    // Only where a transparent cube is attached something is done with what leaves.
    await eventually("each has the hooks that the other had", async () => {
      return hooks(one).length === 2 && hooks(other).length === 1;
    });
    first.ping(second);
    assert.ok(passed("ingress") > 0 && passed("egress") > 0);
  }).timeout(30_000);

  it("has the index and the name of another elsewhere, which is nothing to it", async () => {
    const [, { device }] = hosts;
    await build("both");
    await works("both");
    const { ifindex = 0 } = stateOf(device);
    const heard = engine.calls.heard();

    for (const line of [
      `link add name ${device} index ${ifindex} type veth peer name other`,
      `link set ${device} up`,
      `link set ${device} address 02:00:00:00:00:88`,
      `link set ${device} name another`,
      "link delete another",
    ]) {
      elsewhere.run("ip", ...line.split(" "));
    }
    await works("both");

    const told = heard.flatMap(({ state }) => state.map((path) => path.at(-1)?.keys));
    assert.deepEqual(
      told.filter((keys) => keys?.includes(device) || keys?.includes("p2")),
      [],
    );
    assert.equal(attachedTo(ifindex).length, 2);
  }).timeout(30_000);

  it("vanishes while a commit is about it, which is done or refused whole", async () => {
    const [, second] = hosts;
    await build("both");
    const set = (tcubes: readonly string[], peer: string) =>
      engine.calls.commit(
        engine.edit("replace", netdevOf(second.device), { tcubes }),
        engine.edit("merge", `${br0}/ports[name='p2']/peer`, peer),
      );

    for (let round = 0; round < 30; round++) {
      const vanished = once(spawn("ip", ["link", "delete", second.device]), "close");
      // Some time in the first milliseconds of that.
      for (let turn = 0; turn < 20 * round; turn++) await new Promise(setImmediate);
      const [tcubes, peer] = round % 2 === 0 ? [[], ""] : [["th1"], second.device];
      await set(tcubes, peer).catch((error: Error) => {
        assert.match(error.message, /instance-required/);
      });
      await vanished;
      second.plugIn();
    }
    await set(["th1"], second.device);

    await works("both");
  }).timeout(60_000);
});
