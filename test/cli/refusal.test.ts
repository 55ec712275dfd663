import assert from "node:assert/strict";
import { Unreachable } from "../../src/cli/refusal.ts";

const prefix = "No connection established. Last error:";

describe("a daemon that cannot be reached", () => {
  const cases: readonly [string, RegExp, RegExp][] = [
    [`${prefix} connect EACCES /s`, /^no permission .* at \/s$/, /sudo/],
    [`${prefix} connect ENOENT /s`, /^no daemon answers at \/s$/, /yangplaned.*--socket/],
    [`${prefix} connect ECONNREFUSED /s`, /^no daemon answers at \/s$/, /yangplaned/],
    ["Connection dropped", /connection to the daemon broke .* at \/s$/, /log.*show/],
  ];
  for (const [details, message, advice] of cases) {
    it(`after "${details}" is explained with what to do about it`, () => {
      const error = new Unreachable("/s", details);
      assert.match(error.message, message);
      assert.match(error.advice, advice);
    });
  }
});
