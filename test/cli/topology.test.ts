import assert from "node:assert/strict";
import type { CubeInfo } from "../../src/cli/daemon.ts";
import { Refusal } from "../../src/cli/refusal.ts";
import {
  around,
  type Cube,
  type Device,
  namesIn,
  type Port,
  topologyOf,
} from "../../src/cli/topology.ts";
import { readTopology } from "../../src/cli/topology-reader.ts";
import { topologyLines } from "../../src/cli/topology-view.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";
import { irModule, leaf, list } from "../support/ir.ts";

function port(name: string, peer?: string, more: Partial<Port> = {}): Port {
  return { name, peer, status: "UP", tcubes: [], ...more };
}

function cube(name: string, service: string, ports?: readonly Port[]): Cube {
  return { name, service, type: "TC", ports };
}

const cubes = [
  cube("br0", "simplebridge", [
    port("p1", "veth1", { tcubes: ["fw0", "nat0"] }),
    port("to_r1", "r1:to_br0"),
    port("p2", "veth2", { status: "DOWN" }),
    port("p3", undefined, { status: "DOWN" }),
  ]),
  cube("r1", "router", [
    port("to_br0", "br0:to_r1", { tcubes: ["in", "out"] }),
    port("wan", "eth0", { tcubes: ["mid"] }),
  ]),
  cube("alone", "simplebridge", []),
  ...["fw0", "nat0", "in", "out", "mid", "d0", "d1"].map((name) => cube(name, "firewall")),
  cube("idle", "firewall"),
];
const devices: Device[] = [
  { name: "eth0", tcubes: ["d0", "d1"] },
  { name: "eth9", tcubes: ["d0"] },
  { name: "lo", tcubes: [] },
];
const topology = topologyOf(cubes, devices);

describe("the topology", () => {
  it("lists a chain from the cube outwards, with what the far end has", () => {
    const links = topology.cubes.flatMap(({ name, ports }) =>
      ports.map((link) => [`${name}:${link.name}`, link.chain]),
    );

    assert.deepEqual(Object.fromEntries(links), {
      "br0:p1": ["fw0", "nat0"],
      "br0:to_r1": ["out", "in"],
      "br0:p2": [],
      "br0:p3": [],
      "r1:to_br0": ["in", "out"],
      "r1:wan": ["mid", "d1", "d0"],
    });
  });

  it("has devices with cubes that are no peer, and where transparent cubes are", () => {
    assert.deepEqual(topology.host, [{ name: "eth9", chain: ["d0"] }]);
    const attached = topology.transparent.map(({ name, attached: at }) => [name, at]);
    assert.deepEqual(Object.fromEntries(attached), {
      fw0: ["br0:p1"],
      nat0: ["br0:p1"],
      in: ["r1:to_br0"],
      out: ["r1:to_br0"],
      mid: ["r1:wan"],
      d0: ["eth0", "eth9"],
      d1: ["eth0"],
      idle: [],
    });
  });

  const reaches: [string, string[]][] = [
    ["alone", ["alone"]],
    ["veth2", ["br0", "r1"]],
    ["mid", ["br0", "r1"]],
    ["eth9", ["br0", "r1"]],
    ["idle", []],
  ];
  for (const [start, expected] of reaches) {
    it(`around ${start} has ${expected.join(" and ") || "no cube with ports"}`, () => {
      const names = around(topology, start).cubes.map(({ name }) => name);

      assert.deepEqual(names, expected);
      assert(namesIn(topology).has(start));
    });
  }
});

describe("the picture of the topology", () => {
  it("has a box for each cube, and lines with chains that lead to peers", () => {
    assert.deepEqual(topologyLines(topology, 80), [
      "┌─────┐",
      "│ br0 │ simplebridge, TC",
      "└┬────┘",
      " ├─ p1 ─────[fw0]──[nat0]── veth1",
      " ├─ to_r1 ──[out]──[in]──── r1:to_br0",
      " ├─ p2 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ veth2  down",
      " └─ p3",
      "",
      "┌────┐",
      "│ r1 │ router, TC",
      "└┬───┘",
      " ├─ to_br0 ──[in]──[out]──────── br0:to_r1",
      " └─ wan ─────[mid]──[d1]──[d0]── eth0",
      "",
      "┌───────┐",
      "│ alone │ simplebridge, TC",
      "└───────┘",
      "",
      "┌──────┐",
      "│ host │ devices no cube uses",
      "└┬─────┘",
      " └─ eth9 ──[d0]── the wire",
      "",
      "attached to nothing: idle (firewall)",
      "",
      "frames that come in pass [cubes] from right to left, others from left to right",
    ]);
  });

  it("wraps a chain that is longer than the terminal, and lets the others stay aligned", () => {
    const tcubes = ["first", "second", "third", "fourth"];
    const long = topologyOf(
      [cube("br0", "simplebridge", [port("p1", "veth1", { tcubes }), port("p2", "veth2")])],
      [],
    );

    const lines = topologyLines(long, 36);

    assert.deepEqual(lines.slice(3, 6), [
      " ├─ p1 ──[first]──[second]──",
      " │     ──[third]──[fourth]── veth1",
      " └─ p2 ── veth2",
    ]);
  });

  it("of nothing says so", () => {
    assert.deepEqual(topologyLines(topologyOf([], devices.slice(2)), 80), ["there are no cubes"]);
  });
});

describe("reading the topology", () => {
  const info = (name: string, service: string): CubeInfo => {
    const path = `/${service}:${service}[name='${name}']`;
    return { name, service, type: "TC", uuid: "", path };
  };
  const firewallIr = irModule("firewall", [list("firewall", "name", [leaf("name", "string")])]);
  const models = new Map([simplebridgeIr, firewallIr].map((ir) => [ir.name, ir]));

  it("asks for the ports of cubes that have any, and forgets a cube deleted meanwhile", async () => {
    const asked: string[] = [];
    const gone = new Refusal("NOT_FOUND", "", { violations: [], total: 0 });
    const answers: Record<string, unknown> = {
      "/netdev:netdev": [{ name: "eth0", tcubes: ["fw0"] }, { name: "lo" }],
      "/simplebridge:simplebridge[name='br0']/ports": [
        { name: "p1", status: "UP", peer: "eth0" },
        { name: "p2", peer: "" },
      ],
    };

    const read = await readTopology({
      cubes: async () => [
        info("br0", "simplebridge"),
        info("br1", "simplebridge"),
        info("fw0", "firewall"),
      ],
      model: async (name) => models.get(name) ?? assert.fail(name),
      read: async (path) => {
        asked.push(path);
        if (answers[path] === undefined) throw gone;
        return answers[path];
      },
    });

    assert.deepEqual(read.cubes, [
      {
        name: "br0",
        service: "simplebridge",
        type: "TC",
        ports: [
          { name: "p1", status: "UP", peer: "eth0", chain: ["fw0"] },
          { name: "p2", status: "DOWN", peer: undefined, chain: [] },
        ],
      },
    ]);
    assert.deepEqual(
      read.transparent.map(({ name, attached }) => [name, attached]),
      [["fw0", ["eth0"]]],
    );
    assert.equal(asked.length, 3);
  });
});
