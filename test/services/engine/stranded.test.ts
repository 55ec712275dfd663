import assert from "node:assert/strict";
import { restoredState } from "../../../src/services/engine/commit-log.ts";
import { MissingServiceError } from "../../../src/services/engine/stranded.ts";
import { anyServices, schemaOfServices } from "../../support/engine.ts";
import { jsonOf } from "../../support/tree.ts";

const schema = schemaOfServices(anyServices);

/** The configuration of a journal whose commits have these records. */
function restored(...commits: readonly unknown[][]) {
  const records = commits.map((delta, index) => {
    const lines = [{ id: index + 1, time: "", user: "local" }, ...delta];
    return Buffer.from(lines.map((line) => JSON.stringify(line)).join("\n"));
  });
  return restoredState(schema, { snapshot: undefined, records });
}

const bridge = ["add", "/simplebridge:simplebridge", [{ name: "br0" }]];
const made = ["add", "/nat:nat", [{ name: "n1" }, { name: "n2", rule: [{ id: 1 }] }]];
const changed = ["set", "/nat:nat[name='n1']/snat/enabled", true];
const cut = ["delete", "/nat:nat[name='n1']/rule[id='1']"];
const gone = ["delete", "/nat:nat[name='n1']"];
const placed = ["place", "/nat:nat[name='n1']/rule[id='1']", null];

describe("a journal with records of a service that is not loaded", () => {
  it("is read without them where its cubes were deleted", () => {
    const state = restored(
      [bridge, made],
      [changed, cut],
      [gone, ["delete", "/nat:nat[name='n2']"]],
    );

    assert.deepEqual(jsonOf(schema, state.root), {
      "simplebridge:simplebridge": [{ name: "br0" }],
    });
    assert.equal(state.id, 3);
  });

  it("is read without them where the whole list was deleted", () => {
    assert.equal(restored([made, changed], [["delete", "/nat:nat"]]).id, 2);
  });

  const refused = [
    { what: "some are left", commits: [[made], [gone]], says: /has a cube of service nat/ },
    { what: "all are left", commits: [[made], [cut, placed]], says: /has 2 cubes of service nat/ },
    {
      what: "one came back",
      commits: [[made], [["delete", "/nat:nat"]], [changed]],
      says: /a cube of/,
    },
  ];

  for (const { what, commits, says } of refused) {
    it(`is not read where ${what}`, () => {
      assert.throws(
        () => restored(...commits),
        (error: unknown) => {
          assert.ok(error instanceof MissingServiceError, String(error));
          assert.match(error.message, says);
          assert.equal(error.service, "nat");
          return true;
        },
      );
    });
  }
});
