import assert from "node:assert/strict";
import { decodeJson } from "../../src/datamodel/codec/decode.ts";
import { deltaEdits, encodeDelta } from "../../src/datamodel/codec/delta.ts";
import { encodeJson } from "../../src/datamodel/codec/encode.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../src/datamodel/tree/edit.ts";
import { emptyObject } from "../../src/datamodel/tree/node.ts";
import { createValidator } from "../../src/datamodel/validate/validator.ts";
import { oddEntry, oddNames } from "../support/odd-names.ts";
import { edit } from "../support/tree.ts";

const schema = linkSchema([oddNames()]);
const json: unknown = JSON.parse(`{"names:names":[${oddEntry}]}`);

/** Members in one order; `__proto__` among them, which deepEqual overlooks. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .map(([name, inner]) => [name, canonical(inner)])
    .sort();
}

describe("nodes named as what all JavaScript objects have", () => {
  const root = decodeJson(schema.root, json);

  it("are read and written as JSON", () => {
    assert.deepEqual(canonical(encodeJson(schema.root, root)), canonical(json));
  });

  it("are valid, edited by path and journalled", () => {
    const entry = "/names:names[name='__proto__']";
    const edits = [
      edit(schema, "create", entry, JSON.parse(oddEntry)),
      edit(schema, "merge", `${entry}/__proto__`, "changed"),
      edit(schema, "remove", `${entry}/constructor`),
      edit(schema, "remove", `${entry}/entry[__proto__='constructor']`),
    ];
    const empty = emptyObject(schema.root);
    const newer = applyEdits(empty, edits);

    assert.equal(createValidator(schema).validateAll(newer).total, 0);
    const journalled = JSON.stringify(encodeDelta(schema, empty, newer));
    const replayed = applyEdits(empty, deltaEdits(schema, JSON.parse(journalled)));
    assert.deepEqual(
      canonical(encodeJson(schema.root, replayed)),
      canonical(encodeJson(schema.root, newer)),
    );
  });
});
