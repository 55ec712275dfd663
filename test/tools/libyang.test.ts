import assert from "node:assert/strict";
import { validateJson, YangContext, YangError } from "../../tools/libyang/libyang.ts";

describe("libyang", () => {
  const context = new YangContext({ searchDirs: ["yang", "yang/base"] });

  before(() => context.load("simplebridge"));
  after(() => context[Symbol.dispose]());

  it("accepts valid data", () => {
    const data = {
      "simplebridge:simplebridge": [
        {
          name: "br0",
          ports: [{ name: "p1" }],
          fdb: { entry: [{ address: "02:00:00:00:00:01", port: "p1" }] },
        },
      ],
    };

    assert.equal(validateJson(context, JSON.stringify(data)), undefined);
  });

  const refused = [
    { what: "a dangling leafref", entry: { address: "02:00:00:00:00:01", port: "p9" }, says: /p9/ },
    { what: "a group address", entry: { address: "01:00:00:00:00:01", port: "p1" }, says: /group/ },
    { what: "a missing port", entry: { address: "02:00:00:00:00:01" }, says: /port/ },
    { what: "an unknown leaf", entry: { address: "02:00:00:00:00:01", prt: "p1" }, says: /prt/ },
  ];
  for (const { what, entry, says } of refused) {
    it(`names the first error for ${what}`, () => {
      const cube = { name: "br0", ports: [{ name: "p1" }], fdb: { entry: [entry] } };
      const data = { "simplebridge:simplebridge": [cube] };

      assert.match(validateJson(context, JSON.stringify(data)) ?? "valid", says);
    });
  }

  it("names file and line of a module it refuses", () => {
    using broken = new YangContext({ searchDirs: ["test/fixtures/yang/broken"] });

    assert.throws(
      () => broken.load("broken-type"),
      (error) =>
        error instanceof YangError && /broken-type\.yang.*line number 7/is.test(error.message),
    );
  });
});
