import assert from "node:assert/strict";
import { readSummary } from "../../tools/run-tests.ts";

describe("the summary of a mocha run", () => {
  const cases = [
    {
      title: "counts what passed, failed and was skipped",
      output: "  3 passing (1s)\n  1 pending\n  2 failing\n",
      exitCode: 2,
      expected: { passed: 3, failed: 2, skipped: 1 },
    },
    {
      title: "takes the last summary, not a line that a test printed",
      output: "  9 passing of something\n\n  3 passing (10ms)\n",
      exitCode: 0,
      expected: { passed: 3, failed: 0, skipped: 0 },
    },
    {
      title: "counts a crash before the summary as a failure",
      output: "Error: cannot load\n",
      exitCode: 1,
      expected: { passed: 0, failed: 1, skipped: 0 },
    },
    {
      title: "counts an exit that belies the summary as a failure",
      output: "  3 passing (1s)\n",
      exitCode: 1,
      expected: { passed: 3, failed: 1, skipped: 0 },
    },
    {
      title: "counts a run without any test as a failure",
      output: "  0 passing (1ms)\n",
      exitCode: 0,
      expected: { passed: 0, failed: 1, skipped: 0 },
    },
  ];

  for (const { title, output, exitCode, expected } of cases) {
    it(title, () => {
      assert.deepEqual(readSummary(output, exitCode), expected);
    });
  }
});
