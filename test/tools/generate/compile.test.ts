import assert from "node:assert/strict";
import { compileBody } from "./compile-text.ts";
import { statementCases } from "./statement-cases.ts";

describe("compiling YANG to the IR", () => {
  for (const { title, body, features, pick, expected } of statementCases) {
    it(title, () => {
      assert.deepEqual(pick(compileBody(body, features)), expected);
    });
  }
});
