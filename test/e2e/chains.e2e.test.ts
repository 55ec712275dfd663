import assert from "node:assert/strict";
import { describeKernel } from "../support/kernel.ts";
import {
  countedStream,
  Host,
  Lab,
  type LabEdit,
  tcpDigests,
  tcpDigestsDuring,
} from "./forwarding-lab.ts";

const changes = 1000;
const br0 = "/simplebridge:simplebridge[name='br0']";
const wire = (name: string) => `/helloworld:helloworld[name='${name}']`;
const portOf = (cube: string, name: string) => `${cube}/ports[name='${name}']`;
const th = (number: number) => `/transparenthelloworld:transparenthelloworld[name='th${number}']`;
const create = (path: string, value: object = {}): LabEdit => ({
  operation: "CREATE",
  path,
  value,
});
const replace = (path: string, value: unknown): LabEdit => ({ operation: "REPLACE", path, value });
const merge = (path: string, value: unknown): LabEdit => ({ operation: "MERGE", path, value });

describeKernel("host - transparent cube - wire - bridge - host", { since: "6.6" }, () => {
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

  /** The chain, and beside it what can be attached and connected without being on the way. */
  const build = (type: "TC" | "XDP_DRV") =>
    lab.apply(
      ...[1, 2, 3].map((number) => create(th(number), { type })),
      create(wire("hw0"), {
        type,
        action: "FORWARD",
        ports: [
          { name: "a", peer: first.device, tcubes: ["th1"] },
          { name: "b", peer: "br0:p1" },
        ],
      }),
      create(wire("hw1"), { type, action: "FORWARD", ports: [{ name: "a" }, { name: "b" }] }),
      create(br0, {
        type,
        ports: [{ name: "p1", peer: "hw0:b" }, { name: "p2", peer: second.device }, { name: "p3" }],
      }),
    );

  for (const type of ["TC", "XDP_DRV"] as const) {
    it(`passes TCP whole in both directions, in ${type}`, async () => {
      await build(type);

      const there = await tcpDigests(first, second, 32);
      const back = await tcpDigests(second, first, 32);

      assert.equal(there[0], there[1]);
      assert.equal(back[0], back[1]);
    }).timeout(60_000);
  }

  it("stops where any of them drops, and goes on afterwards", async () => {
    await build("TC");
    const isPassing = () => {
      try {
        first.run(`ping -c 1 -W 1 ${second.address}`);
        return true;
      } catch {
        return false;
      }
    };

    const states = [isPassing()];
    for (const [leaf, stop, go] of [
      [`${th(1)}/ingress-action`, "DROP", "PASS"],
      [`${th(1)}/egress-action`, "DROP", "PASS"],
      [`${wire("hw0")}/action`, "DROP", "FORWARD"],
    ] as const) {
      await lab.apply(merge(leaf, stop));
      states.push(isPassing());
      await lab.apply(merge(leaf, go));
      states.push(isPassing());
    }

    assert.deepEqual(states, [true, false, true, false, true, false, true]);
  }).timeout(60_000);

  it("loses nothing while the daemon is killed and started again", async () => {
    await build("TC");

    const { sent, arrived } = await countedStream(first, second, async () => {
      await lab.stop("SIGKILL");
      await lab.start();
    });

    assert.equal(arrived.length, sent);
  }).timeout(60_000);

  for (const type of ["TC", "XDP_DRV"] as const) {
    it(`loses nothing while ${changes} times the topology changes, in ${type}`, async () => {
      await build(type);
      const chains = [[], ["th2"], ["th2", "th3"], ["th3", "th2"], ["th3"]];
      let state = 1;
      const random = (below: number) => {
        state = (state * 48_271) % 2_147_483_647;
        return state % below;
      };
      const change = (): readonly LabEdit[] => {
        if (random(3) === 0) {
          const [here, there] = random(2) === 0 ? ["br0:p3", "hw1:a"] : ["", ""];
          return [
            merge(`${portOf(br0, "p3")}/peer`, there),
            merge(`${portOf(wire("hw1"), "a")}/peer`, here),
          ];
        }
        const place = random(4);
        const at = (number: number) => (number === place ? chains[random(chains.length)] : []);
        return [
          replace(`${portOf(br0, "p1")}/tcubes`, at(0)),
          replace(`${portOf(wire("hw0"), "b")}/tcubes`, at(1)),
          replace(`${portOf(br0, "p2")}/tcubes`, at(2)),
          replace(`/netdev:netdev[name='${first.device}']`, { tcubes: at(3) }),
        ];
      };
      const before = lab.programIds();
      let stream: Awaited<ReturnType<typeof countedStream>> | undefined;

      const [sent, received] = await tcpDigestsDuring([second, first], async () => {
        stream = await countedStream(first, second, async () => {
          for (let count = 0; count < changes; count++) await lab.apply(...change());
        });
      });

      // What native XDP takes from a veth may overtake what another CPU does.
      const arrived = type === "TC" ? stream?.arrived : stream?.arrived.toSorted((a, b) => a - b);
      assert.deepEqual(
        arrived,
        Array.from({ length: stream?.sent ?? 0 }, (_, n) => n),
      );
      assert.equal(received, sent);
      assert.deepEqual(lab.programIds(), before);
    }).timeout(180_000);
  }
});
