import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import type { DataObject } from "../../../src/datamodel/tree/node.ts";
import { createValidator, type Validator } from "../../../src/datamodel/validate/validator.ts";
import { simplebridgeModel } from "../../../src/gen/yang/simplebridge.ts";
import { YangContext } from "../../../tools/libyang/libyang.ts";
import { limit, runs } from "../../support/fuzz-runs.ts";
import { edit, treeOf } from "../../support/tree.ts";

const schema = linkSchema([simplebridgeModel.ir]);
const yang = ["yang", "yang/base"].map((folder) =>
  fileURLToPath(new URL(`../../../${folder}`, import.meta.url)),
);

const entryCount = 10_000;
const portCount = 120;
const stepsPerRun = 12;

const br0 = "/simplebridge:simplebridge[name='br0']";
const portName = (n: number) => `p${n}`;
const address = (n: number) => {
  const hex = n.toString(16).padStart(8, "0");
  return `02:00:${hex.replace(/..(?!$)/g, "$&:")}`;
};
const port = (n: number) => `${br0}/ports[name='${portName(n)}']`;
const entry = (n: number) => `${br0}/fdb/entry[address='${address(n)}']`;

/** Every port but the last ten has static entries. */
function largeTree(): DataObject {
  const ports = Array.from({ length: portCount }, (_, n) => ({ name: portName(n) }));
  const entries = Array.from({ length: entryCount }, (_, n) => ({
    address: address(n),
    port: portName(n % (portCount - 10)),
  }));
  return treeOf(schema, {
    "simplebridge:simplebridge": [{ name: "br0", ports, fdb: { entry: entries } }],
  });
}

/** Edits that hit what is there, miss it, or go one too far. */
const arbitraryStep: fc.Arbitrary<Edit[]> = (() => {
  const anyEntry = fc.nat({ max: entryCount + 5 });
  const anyPort = fc.nat({ max: portCount + 2 });
  const move = fc
    .tuple(anyEntry, anyPort)
    .map(([n, to]) => [edit(schema, "merge", entry(n), { port: portName(to) })]);
  const bare = anyEntry.map((n) => [edit(schema, "replace", entry(n), {})]);
  const forget = anyEntry.map((n) => [edit(schema, "remove", entry(n))]);
  const unplug = anyPort.map((n) => [edit(schema, "remove", port(n))]);
  const peer = fc
    .tuple(anyPort, fc.constantFrom("", "eth0", "br1:p1", "br0:p1"))
    .map(([n, to]) => [edit(schema, "merge", port(n), { peer: to })]);
  const more = fc
    .integer({ min: 1, max: 12 })
    .map((count) =>
      Array.from({ length: count }, (_, n) => edit(schema, "merge", port(portCount + n), {})),
    );
  const swap = fc.tuple(anyPort, anyPort).map(([from, to]) => [
    edit(schema, "remove", port(from)),
    ...Array.from({ length: entryCount }, (_, n) => n)
      .filter((n) => n % (portCount - 10) === from)
      .map((n) => edit(schema, "merge", entry(n), { port: portName(to) })),
  ]);
  const one = fc.oneof(move, move, bare, forget, unplug, peer, more, swap);
  return fc.array(one, { minLength: 1, maxLength: 3 }).map((edits) => edits.flat());
})();

describe("the validator on a tree of ten thousand entries", () => {
  const context = new YangContext({ searchDirs: yang });
  context.load("simplebridge");
  after(() => context[Symbol.dispose]());

  const initial = largeTree();
  const seen = { valid: 0, invalid: 0 };

  /** Commits the step if it is valid, as the engine would. */
  function step(validator: Validator, running: DataObject, edits: readonly Edit[]): DataObject {
    const candidate = applyEdits(running, edits);
    const validation = validator.validate(running, candidate);
    const json = JSON.stringify(encodeJson(schema.root, candidate));
    const theirs = context.validateJson(json);
    const told = `libyang: ${theirs}\nours: ${JSON.stringify(validation.violations.slice(0, 3))}`;
    assert.equal(validation.total > 0, theirs !== undefined, told);
    seen[theirs === undefined ? "valid" : "invalid"] += 1;
    if (theirs !== undefined) {
      validation.discard();
      return running;
    }
    validation.accept();
    return candidate;
  }

  it("judges random edits as libyang judges the whole result", () => {
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: stepsPerRun, size: "max" }), (steps) => {
        const validator = createValidator(schema);
        validator.validateAll(initial).accept();
        let running = initial;
        for (const edits of steps) running = step(validator, running, edits);
      }),
      { numRuns: runs(18), endOnFailure: true },
    );
    assert(seen.valid > 5 && seen.invalid > 5, JSON.stringify(seen));
  }).timeout(limit(60_000));
});
