import assert from "node:assert/strict";
import { Unreachable, type Violation, violationLines } from "../../src/cli/refusal.ts";

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

describe("the lines of a refusal", () => {
  const at = "/b:b[name='br0']/entry";
  const dangling = (count: number): Violation[] =>
    Array.from({ length: count }, (_, index) => ({
      path: `${at}[address='${index}']/port`,
      message: "no p1",
      errorTag: "data-missing",
    }));
  const line = (index: number) => `${at}[address='${index}']/port: no p1 (data-missing)`;
  const other: Violation = { path: "", message: "too long", errorTag: "too-big" };

  it("are one for each of a few", () => {
    const lines = violationLines([...dangling(3), other], 4);
    assert.deepEqual(lines, [line(0), line(1), line(2), "request: too long (too-big)"]);
  });

  it("are one for many that differ by their keys alone", () => {
    const lines = violationLines([...dangling(4), other], 5);
    assert.deepEqual(lines, [`${line(0)}, and 3 more like it`, "request: too long (too-big)"]);
  });

  it("tell of those that were not told one by one", () => {
    const alike = violationLines(dangling(10), 100_000);
    assert.deepEqual(alike, [`${line(0)}, and 99999 more (the first 10 are alike)`]);
    const mixed = violationLines([...dangling(9), other], 100_000);
    assert.equal(mixed.at(-1), "… and 99990 more");
  });
});
