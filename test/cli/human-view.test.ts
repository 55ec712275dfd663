import assert from "node:assert/strict";
import type { Format } from "../../src/cli/command-line.ts";
import { humanLines } from "../../src/cli/human-view.ts";
import { planLines } from "../../src/cli/plan-view.ts";

const bridge = {
  name: "br0",
  loglevel: "INFO",
  fdb: { "aging-time": 300, entry: [{ address: "02:00:00:00:00:01", port: "p1" }] },
  ports: [
    { name: "p1", peer: "veth1", counters: { "rx-packets": "7", drops: [] } },
    { name: "port2", status: "DOWN", tcubes: ["fw", "nat"], "other:note": "a" },
  ],
};

function view(data: unknown, format: Format = "normal", hidden: readonly string[] = []): string {
  return humanLines(data, { format, hidden, width: undefined }).join("\n");
}

describe("data for people", () => {
  it("says how much of a long list is not shown, and counts what there is", () => {
    const [ports, entry] = [[{ name: "p1" }, { name: "p2" }], [{ address: "a" }]];
    const lengths = new Map<readonly unknown[], number>([
      [ports, 1402],
      [entry, 100_000],
    ]);
    const bridges = [{ name: "br0", entry }];
    const show = (data: unknown, format: Format) =>
      humanLines(data, { format, hidden: [], width: undefined, lengths });
    assert.deepEqual(show(ports, "normal"), ["name", "p1", "p2", "… and 1,400 more"]);
    assert.deepEqual(show({ ports }, "brief"), ["ports: [1,402 items]"]);
    assert.deepEqual(show(bridges, "normal"), ["name  entry", "br0   [100,000 items]"]);
  });

  it("has scalars first, then containers, then lists as tables", () => {
    assert.equal(
      view(bridge),
      `name: br0
loglevel: INFO
fdb:
 aging-time: 300

 entry:
  address            port
  02:00:00:00:00:01  p1

ports:
 name   peer   status  tcubes   note
 p1     veth1
 port2         DOWN    fw, nat  a`,
    );
  });

  it("is brief with -brief: lists are counted", () => {
    assert.equal(
      view(bridge, "brief"),
      "name: br0\nloglevel: INFO\nfdb:\n aging-time: 300\n entry: [1 item]\nports: [2 items]",
    );
  });

  it("shows containers and lists inside entries with -verbose", () => {
    const cubes = [
      { name: "br0", ports: [{ name: "p1", counters: { rx: "7" } }, { name: "p2" }] },
      { name: "br1", fdb: { size: 64 } },
    ];

    assert.equal(
      view(cubes, "verbose"),
      `name  name (ports)  counters.rx (ports)  fdb.size
br0   p1            7
      p2
br1                                      64`,
    );
    assert.equal(view(cubes), "name  ports\nbr0   [2 items]\nbr1");
  });

  it("leaves out what is hidden, in tables the column", () => {
    assert.equal(
      view(bridge, "normal", ["fdb", "loglevel", "ports.peer", "ports.tcubes", "ports.note"]),
      `name: br0

ports:
 name   status
 p1
 port2  DOWN`,
    );
  });

  const values: [unknown, string][] = [
    [5, "5"],
    ["text", "text"],
    [["a", "b"], "a\nb"],
    [[null], "set"],
    ["\u001b[2Jx\n", "\\u001b[2Jx\\n"],
    [[], "(none)"],
    [{}, ""],
  ];
  for (const [value, text] of values) {
    it(`of ${JSON.stringify(value)} is ${JSON.stringify(text)}`, () => {
      assert.equal(view(value), text);
    });
  }
});

describe("a plan for people", () => {
  it("names each write and why it is made", () => {
    const cube = "/x:y[name='a\"/]b']";
    const step = { cube: "br0", operation: "OPERATION_PUT", target: "hops" };
    const steps = [
      { ...step, key: "1", value: '{"kind":1,"slot":3}', cause: `${cube}/ports[name='p1']/peer` },
      { ...step, operation: "OPERATION_SET_PROGRAM", key: "", value: "", cause: cube },
    ];

    assert.deepEqual(planLines(steps, undefined), [
      "cube  operation    target  key  value          because of",
      "br0   put          hops    1    kind=1 slot=3  ports[name='p1']/peer",
      "br0   set-program  hops                        the cube",
      "",
      "2 steps; nothing has been changed",
    ]);
  });
});
