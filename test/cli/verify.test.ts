import assert from "node:assert/strict";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import type { Verification } from "../../src/cli/daemon.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { verificationJson, verificationLines } from "../../src/cli/verify.ts";

const row = {
  cube: "br0",
  thing: "THING_ROW",
  kind: "KIND_MISSING",
  target: "static_fdb",
  key: '{"address":"02:00:00:00:00:01"}',
  expected: '{"port":1}',
  found: "",
  cause: "/simplebridge:simplebridge[name='br0']/fdb/entry[address='02:00:00:00:00:01']",
};

const drifted: Verification = { drifts: [row], total: 1, isRepaired: false, commitId: "3" };

describe("what verify prints", () => {
  it("is one line where all is as configured", () => {
    assert.deepEqual(verificationLines({ ...drifted, drifts: [], total: 0 }, 80), [
      "the data plane is as configured (commit 3)",
    ]);
  });

  it("is a line for each drift, and what can be done", () => {
    assert.deepEqual(verificationLines(drifted, undefined), [
      "cube  thing  is       target      key                        expected  because of",
      "br0   row    missing  static_fdb  address=02:00:00:00:00:01  port=1    fdb/entry[address='02:00:00:00:00:01']",
      "",
      "1 thing is not as configured; verify --repair mends that",
    ]);
  });

  it("says how many more there are, and that they were repaired", () => {
    const lines = verificationLines({ ...drifted, total: 1200, isRepaired: true }, undefined);

    assert.deepEqual(lines.slice(-3), [
      "and 1199 more",
      "",
      "1200 things are not as configured; repaired",
    ]);
  });

  it("is data for a program", () => {
    const { expected: _, found: __, ...rest } = row;
    assert.deepEqual(verificationJson(drifted), {
      "commit-id": "3",
      total: 1,
      repaired: false,
      drifts: [
        {
          ...rest,
          thing: "row",
          kind: "missing",
          key: { address: "02:00:00:00:00:01" },
          expected: { port: 1 },
        },
      ],
    });
  });
});

describe("--repair", () => {
  it("goes with verify", () => {
    assert.equal(parseCommandLine(["verify", "--repair"]).isRepair, true);
    assert.equal(parseCommandLine(["verify"]).isRepair, false);
  });

  it("has no meaning elsewhere", () => {
    assert.throws(() => parseCommandLine(["br0", "show", "--repair"]), UsageError);
  });
});
