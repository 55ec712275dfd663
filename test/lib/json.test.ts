import assert from "node:assert/strict";
import fc from "fast-check";
import { DuplicateMemberError, parseJson } from "../../src/lib/json.ts";

describe("parseJson", () => {
  const refused: readonly (readonly [text: string, places: readonly string[]])[] = [
    ['{"name":"a","name":"b"}', ["/name"]],
    ['{"name":"a","name":"a"}', ["/name"]],
    ['{"a" : 1, "b": [], "a"\n:2}', ["/a"]],
    ['{"a":1,"\\u0061":2}', ["/a"]],
    ['{"list":[{"x":1},{"x":1,"y":{"z":0,"z":1}}]}', ["/list[2]/y/z"]],
    ['[[1,{"k":1,"k":{"k":1,"k":2}}]]', ["[1][2]/k", "[1][2]/k/k"]],
    ['{"__proto__":1,"__proto__":2}', ["/__proto__"]],
    ['{"":1,"":2}', ["/"]],
    ['{"a":"\\":","a":"b"}', ["/a"]],
    ['{"a":1,"a":2,"a":3}', ["/a", "/a"]],
  ];
  for (const [text, places] of refused) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseJson(text), new DuplicateMemberError(places));
    });
  }

  const taken = [
    '{"a":"\\": \\":","b":"a\\":"}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":2}]',
    '{"a":"\\\\","b":"{\\"a\\":1,\\"a\\":2}"}',
    '"a\\":"',
    "null",
    '{"__proto__":{"x":1},"constructor":2}',
  ];
  for (const text of taken) {
    it(`takes ${text}`, () => {
      assert.deepEqual(parseJson(text), JSON.parse(text));
    });
  }

  it("says what is wrong with other text as JSON.parse does", () => {
    assert.throws(() => parseJson('{"a":1'), SyntaxError);
  });

  it("reads what is nested deeply", () => {
    const depth = 50_000;
    const text = `${'{"a":'.repeat(depth)}{"b":1,"b":2}${"}".repeat(depth)}`;

    assert.throws(() => parseJson(text), DuplicateMemberError);
  });

  it("reads arrays of any length", () => {
    const many = Array.from({ length: 300_000 }, () => ({}));

    assert.equal((parseJson(JSON.stringify(many)) as unknown[]).length, many.length);
  });

  it("takes any JSON that JSON.stringify wrote", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        assert.deepEqual(parseJson(text), JSON.parse(text));
      }),
    );
  });
});
