import assert from "node:assert/strict";
import { commitLines } from "../../src/daemon/commit-line.ts";
import { CommitError, RequestError } from "../../src/datamodel/error.ts";
import type { CommitReport } from "../../src/services/engine/commit-report.ts";

const path = "/simplebridge:simplebridge[name='br0']";
const report: CommitReport = {
  user: "CN=ann",
  call: "grpc TransactionService/Apply",
  subject: { pathCount: 7, paths: [path] },
  outcome: "committed",
  id: "12",
  appliedMs: 1.23456,
  durableMs: 2.5,
};
const who = { user: "CN=ann", call: report.call, pathCount: 7, paths: [path] };

function linesOf(...reports: CommitReport[]): unknown[][] {
  const lines: unknown[][] = [];
  const write = commitLines((...line) => void lines.push(line));
  for (const one of reports) write(one);
  return lines;
}

function ended(outcome: CommitReport["outcome"], error?: unknown): CommitReport {
  const { id: _, durableMs: __, ...undecided } = report;
  return { ...undecided, outcome, ...(error === undefined ? {} : { error }) };
}

describe("the log line of a commit", () => {
  it("tells who, what, how it ended and how long it took", () => {
    assert.deepEqual(linesOf(report), [
      [
        "info",
        "commit",
        { ...who, outcome: "committed", id: "12", appliedMs: 1.235, durableMs: 2.5 },
      ],
    ]);
  });

  it("is not written for a dry run", () => {
    assert.deepEqual(linesOf(ended("planned")), []);
  });

  it("tells the first reasons of a refusal, and how many there are", () => {
    const violation = { path, tag: "data-missing", message: "does not exist" } as const;
    const error = new RequestError(Array.from({ length: 5 }, () => violation));

    assert.deepEqual(linesOf(ended("refused", error)), [
      [
        "info",
        "commit",
        {
          ...who,
          outcome: "refused",
          appliedMs: 1.235,
          violationCount: 5,
          violations: [violation, violation, violation],
        },
      ],
    ]);
  });

  const failures: [string, "info" | "error", unknown][] = [
    ["the kernel refused", "error", new CommitError("kernel", "x", { cause: new Error("ENOSPC") })],
    ["the disk is full", "error", new CommitError("unavailable", "x", { cause: new Error("") })],
    ["we are wrong", "error", new TypeError("x is not a function")],
    ["the caller gave up", "info", new CommitError("unavailable", "the caller gave up")],
  ];
  for (const [title, level, error] of failures) {
    it(`is of level ${level} when ${title}`, () => {
      const [line = []] = linesOf(ended("failed", error));

      assert.equal(line[0], level);
      assert.equal((line[2] as { error?: unknown }).error, error);
    });
  }
});
