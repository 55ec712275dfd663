import assert from "node:assert/strict";
import { coverageFaults } from "../../tools/coverage.ts";

describe("the threshold of coverage", () => {
  const least = { lines: 90, branches: 80, functions: 70 };
  const cases = [
    { title: "is met by as much", measured: least, says: [] },
    { title: "leaves random tests some room", measured: { ...least, lines: 91.9 }, says: [] },
    {
      title: "is missed by less of one kind",
      measured: { ...least, branches: 79.99 },
      says: ["the unit tests run 79.99 % of branches, and ran 80 % before"],
    },
    {
      title: "has to keep up",
      measured: { ...least, lines: 92.5 },
      says: ["test/coverage.json: the unit tests run 92.5 % of lines: raise it to 91"],
    },
  ];
  for (const { title, measured, says } of cases) {
    it(title, () => assert.deepEqual(coverageFaults(measured, least), says));
  }

  it("may only rise", () => {
    const before = { ...least, functions: 71 };

    assert.deepEqual(coverageFaults(least, least, before), [
      "test/coverage.json: functions was 71 and may only rise",
    ]);
    assert.deepEqual(coverageFaults({ ...least, lines: 91 }, { ...least, lines: 91 }, least), []);
  });
});
