import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { CommitError, type ErrorTag, RequestError } from "../../src/datamodel/error.ts";
import { refusalOf, statusByTag } from "../../src/server/status.ts";

describe("docs/reference/errors.md", () => {
  it("lists exactly the tags of the catalogue with their status", () => {
    const text = readFileSync("docs/reference/errors.md", "utf8");
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| ([A-Z_]+) \|/gm)];
    assert.deepEqual(Object.fromEntries(rows.map(([, tag, code]) => [tag, code])), statusByTag);
  });
});

describe("refusalOf", () => {
  const violation = (tag: ErrorTag, appTag?: string) => ({
    path: "/x",
    tag,
    message: "no",
    ...(appTag === undefined ? {} : { appTag }),
  });
  const cases = [
    { error: new RequestError([violation("data-missing")]), status: "NOT_FOUND" },
    {
      error: new RequestError([violation("data-missing", "instance-required")]),
      status: "FAILED_PRECONDITION",
    },
    { error: new RequestError([violation("in-use", "if-match")]), status: "ABORTED" },
    {
      error: new RequestError([violation("data-exists"), violation("invalid-value")]),
      status: "INVALID_ARGUMENT",
    },
    {
      error: new RequestError([violation("unknown-element", "when-violation")]),
      status: "FAILED_PRECONDITION",
    },
    { error: new CommitError("kernel", "no room"), status: "INTERNAL" },
    { error: new CommitError("unavailable", "stopping"), status: "UNAVAILABLE" },
    { error: new RequestError([violation("unknown-element")]), status: "INVALID_ARGUMENT" },
    { error: new TypeError("a fault of ours"), status: undefined },
  ];
  for (const { error, status } of cases) {
    it(`makes ${status ?? "nothing"} of ${error.name} ${error.message}`, () => {
      assert.equal(refusalOf(error)?.status, status);
    });
  }
});
