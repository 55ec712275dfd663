import assert from "node:assert/strict";
import { once } from "node:events";
import { fitBody } from "../../src/cli/body.ts";
import { parseInput } from "../../src/cli/input.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { type Build, container, leaf, leafList, list, schemaOf } from "../support/ir.ts";

const leaves: readonly Build[] = [
  leaf("text", "string"),
  leaf("number", "uint32"),
  leaf("long", "uint64"),
  leaf("flag", "boolean"),
  leaf("there", "empty"),
  leafList("texts", "string"),
  list("entry", "name", [leaf("name", "string")]),
];
const schema = schemaOf([container("top", leaves)]);
const top = schema.root.children[0];
assert(top?.kind === "container");

const fitted = async (text: string) => fitBody(top, await parseInput(text));

describe("a body of YAML", () => {
  const cases: readonly (readonly [yaml: string, body: object])[] = [
    ["text: 0123", { text: "0123" }],
    ["text: 1e3", { text: "1e3" }],
    ["text: 1.0", { text: "1.0" }],
    ["text: 0x1F", { text: "0x1F" }],
    ["text: no", { text: "no" }],
    ["text: True", { text: "True" }],
    ["text: null", { text: "null" }],
    ["text:", { text: "" }],
    ["text: ~", { text: "~" }],
    ["text: 2026-11-25", { text: "2026-11-25" }],
    ["text: 12:34:56", { text: "12:34:56" }],
    ["text: '0123'", { text: "0123" }],
    ["text: !!str 0123", { text: "0123" }],
    ["text: |\n  0123\n", { text: "0123\n" }],
    ["{text: 0123, number: 60}", { text: "0123", number: 60 }],
    ["number: 60", { number: 60 }],
    ['number: "60"', { number: 60 }],
    ["long: 18446744073709551615", { long: "18446744073709551615" }],
    ["flag: TRUE", { flag: true }],
    ["there:", { there: [null] }],
    ["there: [null]", { there: [null] }],
    ["texts: [01, 1e3, yes]", { texts: ["01", "1e3", "yes"] }],
    ["entry:\n- name: 007\n- {name: 1.50}", { entry: [{ name: "007" }, { name: "1.50" }] }],
    ["text: &a 0123\ntexts: [*a]", { text: "0123", texts: ["0123"] }],
    ["number: many", { number: "many" }],
    ["number: 1.5", { number: 1.5 }],
    ["unknown: {deep: [0123, no]}", { unknown: { deep: [123, "no"] } }],
    ["0123: x", { "0123": "x" }],
  ];
  for (const [yaml, body] of cases) {
    it(`of ${JSON.stringify(yaml)} keeps what is written as the model wants it`, async () => {
      assert.deepEqual(await fitted(yaml), body);
    });
  }

  const refused: readonly (readonly [text: string, why: RegExp])[] = [
    ["text: a\ntext: b", /not YAML: Map keys must be unique/],
    ['{"text":"a","text":"b"}', /^the input has members given twice: \/text$/],
    ['[{"entry":[{"name":"a","name":"b"}]}]', /: \[1\]\/entry\[1\]\/name$/],
    ["text: !secret x", /not YAML: Unresolved tag: !secret/],
    ["? [a, b]\n: x", /a key that is no text/],
    ["text: *nowhere", /not YAML: Unresolved alias/],
    ["a: 1\n---\nb: 2", /not YAML: /],
    ['{"text": ', /not JSON: /],
    ["a: &a [*a]", /^the input is not YAML: alias a stands in what it names$/],
    ["a: &a {b: [*a, *a]}", /^the input is not YAML: alias a stands in what it names$/],
  ];
  for (const [text, why] of refused) {
    it(`of ${JSON.stringify(text)} is refused in one line`, async () => {
      await assert.rejects(parseInput(text), (error) => {
        assert(error instanceof UsageError);
        assert.match(error.message, why);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  const deep: Readonly<Record<string, string>> = {
    "JSON that closes": "[".repeat(20_000) + "]".repeat(20_000),
    "JSON of 60 MB that does not": "[".repeat(60_000_000),
    "JSON of objects": '{"a":'.repeat(20_000),
    "YAML in brackets": `a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    "YAML in lines": Array.from({ length: 3000 }, (_, depth) => `${" ".repeat(depth)}a:`).join(
      "\n",
    ),
    "YAML of dashes": "- ".repeat(5_000_000),
  };
  for (const [title, text] of Object.entries(deep)) {
    it(`nested too deep is refused at once: ${title}`, async () => {
      const begun = performance.now();
      await assert.rejects(parseInput(text), new UsageError("the input is nested too deep"));
      assert.ok(performance.now() - begun < 2000);
    });
  }

  it("may have brackets in texts, as many as it likes", async () => {
    const text = "[{".repeat(5000);
    assert.deepEqual(await fitted(JSON.stringify({ text: `"${text}` })), { text: `"${text}` });
    assert.deepEqual(await fitted(`text: '${text}'`), { text });
  });

  it("makes no warning on the terminal", async () => {
    const warned = once(process, "warning", { signal: AbortSignal.timeout(50) });

    await assert.rejects(parseInput("? {a: 1}\n: x\nb: !c d"), UsageError);

    await assert.rejects(warned, { name: "AbortError" });
  });
});
