import assert from "node:assert/strict";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import type { JsonObject } from "../../../src/datamodel/codec/encode.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { edit, treeOf } from "../../support/tree.ts";
import { fixtureContext, fixtureSchema } from "./fixture.ts";

const schema = fixtureSchema("identifier-rules");
const store = "/identifier-rules:store";

const stored = {
  box: [
    { row: 1, place: "left", tag: [1], inside: { weight: 2 } },
    { row: 2, place: "right" },
  ],
  note: 'it\'s "here"',
  lid: {},
};

const named = [
  { what: "an entry", at: `${store}/box[row='1'][place='left']` },
  { what: "an entry, its keys in another order", at: `${store}/box[place='left'][row='1']` },
  { what: "an entry, its key not in canonical form", at: `${store}/box[row='+1'][place='left']` },
  { what: "a leaf of an entry", at: `${store}/box[row='1'][place='left']/inside/weight` },
  { what: "a key of an entry", at: `${store}/box[row='1'][place='left']/row` },
  { what: "a value of a leaf-list", at: `${store}/box[row='1'][place='left']/tag[.='1']` },
  { what: "a default that a condition brings", at: `${store}/box[row='1'][place='left']/seal` },
  { what: "a container", at: store },
  { what: "a presence container", at: `${store}/lid` },
  { what: "itself", at: "/identifier-rules:label/at" },
];
const unnamed = [
  { what: "an entry that is not there", at: `${store}/box[row='1'][place='right']` },
  { what: "a leaf that is not there", at: `${store}/box[row='2'][place='right']/inside/weight` },
  { what: "a default without its condition", at: `${store}/box[row='2'][place='right']/seal` },
  { what: "a value that is not there", at: `${store}/box[row='1'][place='left']/tag[.='2']` },
  { what: "a node no model has", at: `${store}/shelf` },
  { what: "a module there is not", at: "/nowhere:store" },
  { what: "a list without keys", at: `${store}/box` },
  { what: "an entry by one of its keys", at: `${store}/box[row='1']` },
  { what: "an entry by its position", at: `${store}/box[1]` },
  { what: "an entry by a key given twice", at: `${store}/box[row='1'][row='1'][place='left']` },
  { what: "an entry by more than keys", at: `${store}/box[row='1'][place='left'][seal='1']` },
  { what: "an entry by keys and position", at: `${store}/box[row='1'][place='left'][1]` },
  { what: "a key outside its type", at: `${store}/box[row='7'][place='left']` },
  { what: "a leaf-list without value", at: `${store}/box[row='1'][place='left']/tag` },
  { what: "a value by its position", at: `${store}/box[row='1'][place='left']/tag[1]` },
  { what: "a leaf by its position", at: `${store}/note[1]` },
  { what: "a container by its position", at: `${store}[1]` },
  { what: "a node below a leaf", at: `${store}/note/more` },
];

function wrong(json: JsonObject): boolean {
  try {
    const validator = createValidator(schema);
    return validator.validateAll(decodeJson(schema.root, json)).total > 0;
  } catch (error) {
    if (error instanceof RequestError) return true;
    throw error;
  }
}

describe("an instance-identifier", () => {
  const context = fixtureContext("identifier-rules");
  after(() => context[Symbol.dispose]());

  for (const { what, at, isThere } of [
    ...named.map((one) => ({ ...one, isThere: true })),
    ...unnamed.map((one) => ({ ...one, isThere: false })),
  ]) {
    it(`${isThere ? "may" : "may not"} name ${what}, as libyang says`, () => {
      const json = { "identifier-rules:store": stored, "identifier-rules:label": { at } };

      assert.equal(wrong(json), !isThere);
      assert.equal(context.validateJson(JSON.stringify(json)) !== undefined, !isThere);
    });
  }

  const box = `${store}/box[row='1'][place='left']`;
  const removals = [
    { what: "the node itself", at: `${box}/tag[.='1']`, removed: `${box}/tag[.='1']` },
    { what: "the entry it is in", at: `${box}/inside/weight`, removed: box },
    { what: "all entries", at: box, removed: `${store}/box` },
    { what: "its container", at: `${store}/note`, removed: store },
    { what: "what its condition reads", at: `${box}/seal`, removed: `${box}/inside/weight` },
  ];
  const referrers = [
    { leaf: "at", given: (at: string) => at, path: "/at" },
    { leaf: "more", given: (at: string) => [at], path: undefined },
    { leaf: "either", given: (at: string) => at, path: "/either" },
  ];
  for (const { what, at, removed } of removals) {
    for (const { leaf, given } of referrers) {
      it(`is judged again in ${leaf} when ${what} goes`, () => {
        const label = { [leaf]: given(at) };
        const running = treeOf(schema, {
          "identifier-rules:store": stored,
          "identifier-rules:label": label,
        });
        const validator = createValidator(schema);
        validator.validateAll(running).accept();

        const without = applyEdits(running, [edit(schema, "remove", removed)]);
        const { violations, discard } = validator.validate(running, without);
        discard();

        assert.deepEqual(
          violations.map(({ appTag }) => appTag),
          ["instance-required"],
        );
        // What was dropped is forgotten: the same again is told again.
        assert.equal(validator.validate(running, without).total, 1);
      });
    }
  }

  it("lets go of a node when it names another one", () => {
    const running = treeOf(schema, {
      "identifier-rules:store": stored,
      "identifier-rules:label": { at: box },
    });
    const validator = createValidator(schema);
    validator.validateAll(running).accept();
    const moved = applyEdits(running, [
      edit(schema, "merge", "/identifier-rules:label/at", `${store}/note`),
    ]);
    validator.validate(running, moved).accept();

    const without = applyEdits(moved, [edit(schema, "remove", box)]);

    assert.equal(validator.validate(moved, without).total, 0);
  });

  it("is not judged where no instance is required", () => {
    assert.equal(wrong({ "identifier-rules:label": { loose: `${store}/note` } }), false);
  });
});
