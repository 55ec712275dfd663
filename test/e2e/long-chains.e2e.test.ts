import assert from "node:assert/strict";
import { programsLimit } from "../../src/gen/bpf/core.ts";
import { copiesOf, numbered } from "../support/frames.ts";
import { describeKernel } from "../support/kernel.ts";
import { packet } from "../support/packet.ts";
import { eventually, Host, Lab, type LabEdit, tcpDigests } from "./forwarding-lab.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const UNKNOWN = "02:00:00:00:00:99";
const MEBIBYTES = 64;
const limit = programsLimit.max;

type Peers = Readonly<Record<string, string>>;

function cube(service: "simplebridge" | "helloworld", name: string, peers: Peers): LabEdit {
  const ports = Object.entries(peers).map(([port, peer]) => ({ name: port, peer }));
  const action = service === "helloworld" ? { action: "FORWARD" } : {};
  const path = `/${service}:${service}[name='${name}']`;
  return { operation: "CREATE", path, value: { ports, ...action } };
}

function peerOf(name: string, port: string, service = "simplebridge"): string {
  return `/${service}:${service}[name='${name}']/ports[name='${port}']/peer`;
}

const ofType = (type: string, { value, ...edit }: LabEdit): LabEdit => {
  return { ...edit, value: { ...(value as object), type } };
};

describeKernel("long chains and rings of cubes", { since: "6.6" }, () => {
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

  /** 20 bridges in a line, and another beside the sixth; hosts at both ends and at the other. */
  const line = (type: string): LabEdit[] => {
    const [first, second, third] = hosts;
    const count = 20;
    const bridges = Array.from({ length: count }, (_, at) => {
      const l = at === 0 ? first.device : `br${at - 1}:r`;
      const r = at === count - 1 ? second.device : `br${at + 1}:l`;
      return cube("simplebridge", `br${at}`, { l, r, ...(at === 5 ? { side: "aside:l" } : {}) });
    });
    const aside = cube("simplebridge", "aside", { l: "br5:side", r: third.device });
    return [...bridges, aside].map((edit) => ofType(type, edit));
  };

  for (const type of ["TC", "XDP_DRV"]) {
    describe(`20 bridges in a line, in ${type}`, () => {
      beforeEach(() => lab.apply(...line(type)));

      it("pass pings, the first too, and TCP in both directions", async () => {
        const [first, second] = hosts;

        const output = await first.output(`ping -c 5 -i 0.2 -W 5 ${second.address}`);
        const [there, back] = [
          await tcpDigests(first, second, MEBIBYTES),
          await tcpDigests(second, first, MEBIBYTES),
        ];

        assert.match(output, /5 packets transmitted, 5 received/);
        assert.equal(there[1], there[0]);
        assert.equal(back[1], back[0]);
      }).timeout(120_000);

      for (const to of [BROADCAST, UNKNOWN]) {
        it(`give each host one copy of what is for ${to}`, async () => {
          const [first, second, third] = hosts;
          const frame = ({ mac }: Host) => packet().ethernet(mac, to).payload(numbered()).bytes();

          const fromFirst = await copiesOf(frame(first), [first, second, third]);
          const fromThird = await copiesOf(frame(third), [third, first, second]);

          for (const copies of [fromFirst, fromThird]) {
            assert.deepEqual(copies, [[], [undefined], [undefined]]);
          }
        }).timeout(60_000);
      }
    });

    it(`a ring of bridges ends a broadcast by the hop limit, in ${type}`, async () => {
      const [first, second] = hosts;
      await lab.apply(...ring.map((edit) => ofType(type, edit)));
      const toHosts = [
        { operation: "MERGE", path: peerOf("br1", "h"), value: first.device },
        { operation: "MERGE", path: peerOf("br2", "h"), value: second.device },
      ] as const;
      await lab.apply(...toHosts);
      using socket = first.socket();

      socket.send(packet().ethernet(first.mac, BROADCAST).payload(numbered()).bytes());
      await eventually("both copies are dropped", async () => {
        return (await sum(lab.samples(/_port_dropped_packets_total\{.*reason="hop-limit"/))) === 2;
      });

      // One round of three goes one way and one the other; each passes every third bridge.
      const [sent] = await lab.samples(/_transmit_packets_total\{.*cube="br2",port="h"/);
      assert.equal(sent, Math.ceil((limit - 1) / 3) + Math.floor(limit / 3));
      assert.deepEqual(await lab.drops("r"), { "hop-limit": 1 });

      await lab.apply({ operation: "REMOVE", path: peerOf("br0", "l") });
      const pings = await first.output(`ping -c 3 -i 0.2 -W 5 ${second.address}`);
      assert.match(pings, /3 packets transmitted, 3 received/);
    }).timeout(60_000);
  }

  it("as many wires as a frame may pass let it through whole, and one more is refused", async () => {
    const [first, second] = hosts;
    const count = limit - 1;
    const wires = Array.from({ length: count }, (_, at) => {
      const a = at === 0 ? first.device : `hw${at - 1}:b`;
      const b = at === count - 1 ? second.device : `hw${at + 1}:a`;
      return cube("helloworld", `hw${at}`, { a, b });
    });
    await lab.apply(...wires);

    const [sent, received] = await tcpDigests(first, second, 1);

    assert.equal(received, sent);
    await assert.rejects(
      lab.apply(cube("helloworld", "more", { a: `hw${count - 1}:b`, b: second.device }), {
        operation: "MERGE",
        path: peerOf(`hw${count - 1}`, "b", "helloworld"),
        value: "more:a",
      }),
      /frames pass 201 programs, of at most 200/,
    );
  }).timeout(120_000);
});

/** Each bridge is connected with both others. */
const ring = [
  cube("simplebridge", "br0", { l: "br2:r", r: "br1:l" }),
  cube("simplebridge", "br1", { l: "br0:r", r: "br2:l", h: "" }),
  cube("simplebridge", "br2", { l: "br1:r", r: "br0:l", h: "" }),
];

async function sum(values: Promise<readonly number[]>): Promise<number> {
  return (await values).reduce((total, value) => total + value, 0);
}
