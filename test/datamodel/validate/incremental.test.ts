import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import type { Violation } from "../../../src/datamodel/error.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { fixtureSchema } from "./fixture.ts";
import { arbitraryEdit, edited } from "./random-edits.ts";

const schema = fixtureSchema("validate-rules");

describe("incremental validation", () => {
  const whole = createValidator(schema);
  const arbitraryTree = arbitraryData(schema, { conditional: true, entriesMax: 3 })
    .map((json) => decodeJson(schema.root, json))
    .filter((root) => {
      const validation = whole.validateAll(root);
      validation.discard();
      return validation.violations.length === 0;
    });
  const arbitrarySeries = fc.array(
    fc.array(arbitraryEdit(schema), { minLength: 1, maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );

  it("agrees with a validation of the whole tree after every commit of a series", () => {
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(arbitraryTree, arbitrarySeries, (start, series) => {
        const validator = createValidator(schema);
        validator.validateAll(start).accept();
        let running = start;
        for (const edits of series) {
          const candidate = edited(running, edits);
          if (candidate === undefined) continue;
          const ours = validator.validate(running, candidate);
          const all = whole.validateAll(candidate);
          all.discard();
          assertAgree(ours.violations, all.violations);
          seen[ours.total === 0 ? "valid" : "invalid"] += 1;
          if (ours.total > 0) ours.discard();
          else {
            ours.accept();
            running = candidate;
          }
        }
      }),
      { numRuns: 300 },
    );
    assert(seen.valid > 100 && seen.invalid > 100, JSON.stringify(seen));
  });
});

/** Of entries that are not unique only those that changed are named, so ours may be fewer. */
function assertAgree(ours: readonly Violation[], all: readonly Violation[]): void {
  const told = JSON.stringify({ ours, all }, undefined, 1);
  assert.equal(ours.length > 0, all.length > 0, told);
  const texts = (violations: readonly Violation[]): string[] =>
    violations
      .filter(({ appTag }) => appTag !== "data-not-unique")
      .map(({ path, message }) => `${path}: ${message}`)
      .sort();
  assert.deepEqual(texts(ours), texts(all), told);
}
