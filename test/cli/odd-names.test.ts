import assert from "node:assert/strict";
import { entriesOf, fitBody } from "../../src/cli/body.ts";
import { listEdits, predicatesOf } from "../../src/cli/creation.ts";
import { parseInput } from "../../src/cli/input.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { oddEntry, oddNames } from "../support/odd-names.ts";

const schema = linkSchema([oddNames()]);
const list = schema.root.children[0];
assert(list?.kind === "list");
const entry = list.childByName.get("entry");
assert(entry?.kind === "list");

describe("bodies with nodes named as what objects inherit", () => {
  for (const [language, text] of [
    ["JSON", oddEntry],
    ["YAML", `- ${oddEntry.replaceAll("\n", " ")}`],
  ] as const) {
    it(`of ${language} keep all members`, async () => {
      const [body] = entriesOf(list, await parseInput(text));

      assert.deepEqual(JSON.stringify(fitBody(list, body)), JSON.stringify(JSON.parse(oddEntry)));
    });
  }

  it("have keys of their own only", async () => {
    const [body] = entriesOf(entry, await parseInput('{"__proto__":"k"}'));
    assert(body);

    assert.equal(predicatesOf(entry, body), "[__proto__='k']");
    assert.throws(() => predicatesOf(entry, {}), /has no key __proto__/);
    const unnamed = JSON.parse('{"__proto__":null}');
    assert.throws(() => predicatesOf(entry, unnamed), /null for key __proto__, which is no value$/);
    assert.deepEqual(
      listEdits({ operation: "MERGE", path: "/x" }, entry, [body]).map(({ json }) => json),
      ['[{"__proto__":"k"}]'],
    );
  });
});
