import assert from "node:assert/strict";
import fc from "fast-check";
import type { Violation } from "../../../src/datamodel/error.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { limit, runs } from "../../support/fuzz-runs.ts";
import { treeOf } from "../../support/tree.ts";
import { fixtureSchema } from "./fixture.ts";
import { arbitraryEdit, edited } from "./random-edits.ts";

const box = "/identifier-rules:store/box[row='1'][place='left']";

const models = [
  {
    name: "validate-rules",
    json: {
      "validate-rules:net": {
        chosen: { gate: 1, extra: { needed: 1 } },
        port: [{ name: "a", address: 1 }, { name: "b" }],
        entry: [{ vlan: 1, name: "a", port: "a" }],
        service: { kind: "square", at: "/validate-rules:net/port[name='b']" },
      },
    },
  },
  {
    name: "identifier-rules",
    json: {
      "identifier-rules:store": {
        box: [{ row: 1, place: "left", tag: [1], inside: { weight: 2 } }],
        lid: {},
      },
      "identifier-rules:label": {
        at: box,
        more: [`${box}/tag[.='1']`, "/identifier-rules:store/lid"],
        heavy: true,
      },
    },
  },
];

for (const { name, json } of models)
  describe(`incremental validation of ${name}`, () => {
    const schema = fixtureSchema(name);
    const whole = createValidator(schema);
    const start = treeOf(schema, json);
    const arbitrarySeries = fc.array(
      fc.array(arbitraryEdit(schema), { minLength: 1, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 15,
      },
    );

    it("agrees with a validation of the whole tree after every commit of a series", () => {
      const seen = { valid: 0, invalid: 0 };
      fc.assert(
        fc.property(arbitrarySeries, (series) => {
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
        { numRuns: runs(60) },
      );
      assert(seen.valid > 20 && seen.invalid > 20, JSON.stringify(seen));
    }).timeout(limit(60_000));
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
