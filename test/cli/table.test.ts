import assert from "node:assert/strict";
import { tableLines } from "../../src/cli/table.ts";

const uuid = "076467dd-47ba-46bc-814e-9dc16c721da2";

describe("a table", () => {
  it("is as wide as its cells where nobody limits it", () => {
    assert.deepEqual(tableLines(["name", "uuid", "x"], [["p1", uuid, "1"], ["port2"]]), [
      "name   uuid                                  x",
      `p1     ${uuid}  1`,
      "port2",
    ]);
  });

  it("wraps the widest columns at blanks to the width of a terminal", () => {
    const rows = [["p1", "the quick brown fox jumps", "x"]];

    assert.deepEqual(tableLines(["name", "what", "y"], rows, { width: 24, indent: 1 }), [
      " name  what            y",
      " p1    the quick       x",
      "       brown fox",
      "       jumps",
    ]);
  });

  it("goes on below with the first column again rather than break a word", () => {
    const header = ["name", "uuid", "index", "status", "forwarding-path"];
    const rows = [
      ["toveth1", uuid, "0", "DOWN", "TC"],
      ["toveth2", uuid, "1", "UP", "XDP"],
    ];

    assert.deepEqual(tableLines(header, rows, { width: 64, indent: 1 }), [
      " name     uuid                                  index  status",
      ` toveth1  ${uuid}  0      DOWN`,
      ` toveth2  ${uuid}  1      UP`,
      "",
      " name     forwarding-path",
      " toveth1  TC",
      " toveth2  XDP",
    ]);
  });

  it("breaks paths between their nodes, and choices behind their bars", () => {
    const rows = [["ports[name='p1']/peer", "TC|XDP_SKB|XDP_DRV", "02:00:00:00:00:01"]];

    assert.deepEqual(tableLines(["path", "type", "mac"], rows, { width: 50 }), [
      "path              type           mac",
      "ports[name='p1']  TC|XDP_SKB     02:00:00:00:00:01",
      "/peer             |XDP_DRV",
    ]);
  });

  it("breaks words only where one is wider than the terminal", () => {
    const rows = [["a", "abcdefghijklmnopqrstuvwxyz"]];

    assert.deepEqual(tableLines(["k", "v"], rows, { width: 20 }), [
      "k  v",
      "a  abcdefghijklmnopq",
      "   rstuvwxyz",
    ]);
  });

  it("keeps the lines of a cell", () => {
    assert.deepEqual(tableLines(["k", "v"], [["a", "one\ntwo three"]], { width: 9 }), [
      "k  v",
      "a  one",
      "   two",
      "   three",
    ]);
  });

  it("takes as many rows as a full list has", () => {
    const rows = Array.from({ length: 131_072 }, (_, index) => [String(index)]);

    assert.equal(tableLines(["n"], rows).length, 131_073);
  });
});
