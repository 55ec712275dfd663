import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import {
  type DeltaRecord,
  deltaEdits,
  encodeDelta,
  stateRecords,
} from "../../../src/datamodel/codec/delta.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { type DataObject, emptyObject } from "../../../src/datamodel/tree/node.ts";
import { choice, container, irModule, leaf, leafList, list } from "../../support/ir.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { jsonOf, treeOf } from "../../support/tree.ts";

const schema = linkSchema([
  irModule("m", [
    list("cube", "name", [
      leaf("name", { base: "string", length: { intervals: [{ min: "1", max: "2" }] } }),
      leaf("color", "string", { default: "red" }),
      leafList("tag", "uint8"),
      container("inner", [
        leaf("size", "uint64"),
        list("row", "id", [leaf("id", "uint8"), leaf("text", "string")], { userOrdered: true }),
      ]),
      container("extra", [leaf("note", "string")], { presence: "extra" }),
      choice("how", { one: [leaf("a", "string")], two: [leaf("b", "empty")] }),
    ]),
    container("global", [leaf("on", "boolean")]),
  ]),
]);

function stored(records: Iterable<DeltaRecord>): DeltaRecord[] {
  return JSON.parse(JSON.stringify([...records]));
}

describe("delta", () => {
  const trees = arbitraryData(schema, { entriesMax: 5 }).map(
    (json) => decodeJson(schema.root, json) as DataObject,
  );

  it("turns the older version into the newer, whatever they are", () => {
    fc.assert(
      fc.property(trees, trees, (older, newer) => {
        const records = stored(encodeDelta(schema, older, newer));

        const replayed = applyEdits(older, deltaEdits(schema, records));

        assert.deepEqual(jsonOf(schema, replayed), jsonOf(schema, newer));
      }),
    );
  });

  it("is empty between a version and itself", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        assert.deepEqual(encodeDelta(schema, tree, tree), []);
      }),
    );
  });

  it("names the list of new entries once", () => {
    const older = treeOf(schema, { "m:cube": [{ name: "x" }] });
    const newer = treeOf(schema, {
      "m:cube": [{ name: "x", tag: [3] }, { name: "y" }, { name: "z" }],
    });

    assert.deepEqual(stored(encodeDelta(schema, older, newer)), [
      ["set", "/m:cube[name='x']/tag", [3]],
      ["add", "/m:cube", [{ name: "y" }, { name: "z" }]],
    ]);
  });
});

describe("stateRecords", () => {
  it("makes a whole configuration from nothing, long lists in pieces", () => {
    const rows = Array.from({ length: 256 }, (_, id) => ({ id, text: `row ${id}` }));
    const cubes = Array.from({ length: 700 }, (_, at) => ({ name: at.toString(36) }));
    const tree = treeOf(schema, {
      "m:cube": [...cubes, { name: "zz", inner: { size: "7", row: rows } }],
      "m:global": { on: true },
    });

    const records = stored(stateRecords(schema, tree));
    const rebuilt = applyEdits(emptyObject(schema.root), deltaEdits(schema, records));

    assert.deepEqual(jsonOf(schema, rebuilt), jsonOf(schema, tree));
    assert.ok(records.length >= 3, "more than one piece");
  });
});
