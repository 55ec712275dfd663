import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import { encodeJson, type JsonObject } from "../../../src/datamodel/codec/encode.ts";
import { RequestError, type Violation } from "../../../src/datamodel/error.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { native } from "../../../tools/libyang/native.ts";
import { limit, runs } from "../../support/fuzz-runs.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { arbitraryMutant } from "../../support/random-mutant.ts";
import { fixtureContext, fixtureSchema } from "./fixture.ts";

interface Verdict {
  readonly violations: readonly Violation[];
  /** What was judged: the codec leaves out empty containers, which libyang takes for given. */
  readonly json: unknown;
}

const models = [
  { name: "validate-rules", usual: 500 },
  { name: "identifier-rules", usual: 500 },
  { name: "prune-rules", usual: 500 },
  { name: "torture", usual: 60 },
];
// libyang 2 takes no deref() in the path of a leafref.
if (native().major > 2) models.push({ name: "deref-rules", usual: 200 });

for (const { name, usual } of models) {
  describe(`the validator beside libyang, on ${name}`, () => {
    const schema = fixtureSchema(name);
    const validator = createValidator(schema);
    const context = fixtureContext(name);
    after(() => context[Symbol.dispose]());

    const arbitrary = arbitraryData(schema, { conditional: true, entriesMax: 4 });

    function verdict(json: JsonObject): Verdict {
      try {
        const root = decodeJson(schema.root, json);
        const validation = validator.validateAll(root);
        validation.discard();
        return { violations: validation.violations, json: encodeJson(schema.root, root) };
      } catch (error) {
        if (error instanceof RequestError) return { violations: error.violations, json };
        throw error;
      }
    }

    function assertSameVerdict(json: JsonObject): boolean {
      const { violations: ours, json: judged } = verdict(json);
      // libyang judges only the modules that have data.
      fc.pre(Object.keys(judged as object).length > 0);
      const theirs = context.validateJson(JSON.stringify(judged));
      const told = `libyang: ${theirs}\nours: ${JSON.stringify(ours)}\n${JSON.stringify(json)}`;
      assert.equal(ours.length > 0, theirs !== undefined, told);
      return theirs === undefined;
    }

    it("accepts and refuses the same random trees", () => {
      const seen = { valid: 0, invalid: 0 };
      fc.assert(
        fc.property(arbitrary, (json) => {
          seen[assertSameVerdict(json) ? "valid" : "invalid"] += 1;
        }),
        { numRuns: runs(usual) },
      );
      assert(seen.valid > 2 && seen.invalid > 20, JSON.stringify(seen));
    }).timeout(limit(60_000));

    it("accepts and refuses the same mutants", () => {
      fc.assert(
        fc.property(
          arbitrary.chain((json) => arbitraryMutant(schema, json)),
          ({ json }) => void assertSameVerdict(json),
        ),
        { numRuns: runs(usual) },
      );
    }).timeout(limit(60_000));
  });
}
