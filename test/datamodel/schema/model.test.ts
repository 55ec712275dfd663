import assert from "node:assert/strict";
import { instancePath, schemaPath } from "../../../src/datamodel/schema/model.ts";
import { simplebridgePaths as paths } from "../../../src/gen/yang/simplebridge.ts";

describe("generated paths", () => {
  it("give the schema path", () => {
    assert.equal(schemaPath(paths.fdbEntryPort), "/simplebridge:simplebridge/fdb/entry/port");
  });

  it("give the instance path for keys", () => {
    assert.equal(
      instancePath(paths.fdbEntry, "br0", "02:00:00:00:00:01"),
      "/simplebridge:simplebridge[name='br0']/fdb/entry[address='02:00:00:00:00:01']",
    );
  });

  it("quote a key with an apostrophe, and never read a key as part of the path", () => {
    assert.equal(
      instancePath(paths.ports, "it's", "[name]"),
      `/simplebridge:simplebridge[name="it's"]/ports[name='[name]']`,
    );
  });

  it("want every key", () => {
    // @ts-expect-error: the port's name is missing
    assert.throws(() => instancePath(paths.ports, "br0"), /its key name/);
  });
});
