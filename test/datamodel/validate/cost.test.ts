import assert from "node:assert/strict";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import type { YangList } from "../../../src/datamodel/tree/list.ts";
import type { DataObject } from "../../../src/datamodel/tree/node.ts";
import { createValidator, type Validator } from "../../../src/datamodel/validate/validator.ts";
import { edit, treeOf } from "../../support/tree.ts";
import { container, leaf, list, module, number, text, xpath } from "../xpath/model.ts";

const portName = {
  base: "leafref",
  path: xpath("../../port/name"),
  requireInstance: true,
  target: "/m:top/port/name",
  type: text,
} as const;

const schema = linkSchema([
  module([
    container("top", [
      leaf("limit", number),
      list("port", [leaf("name"), leaf("speed", number)]),
      list(
        "entry",
        [
          leaf("name"),
          leaf("port", portName),
          leaf("low", number),
          leaf("high", number),
          leaf("address"),
        ],
        { musts: [xpath("not(low > high)")], uniques: [[["address"]]] },
      ),
    ]),
  ]),
]);

const names = ["e1", "e2", "e3"];

/** A tree in which looking into any entry but e1 fails the test. */
function watchedTree(): DataObject {
  const root = treeOf(schema, {
    "m:top": {
      port: [{ name: "p1" }, { name: "p2" }],
      entry: names.map((name) => ({ name, port: "p1", low: 1, high: 2, address: name })),
    },
  });
  const top = root["top"] as DataObject;
  const draft = (top["entry"] as YangList<DataObject>).draft();
  for (const name of names.slice(1)) {
    const entry = draft.at(name);
    assert(entry, `${name} exists`);
    draft.set(name, watched(entry, name));
  }
  return changed(root, changed(top, draft.freeze(), "entry"), "top");
}

let isWatching = false;

function watched(entry: DataObject, name: string): DataObject {
  return new Proxy(entry, {
    get(target, prop, receiver) {
      assert(!isWatching, `${name} is not looked at`);
      return Reflect.get(target, prop, receiver);
    },
  });
}

function changed(object: DataObject, value: DataObject | YangList<DataObject>, prop: string) {
  const copy = Object.create(Object.getPrototypeOf(object));
  return Object.assign(copy, object, { [prop]: value }) as DataObject;
}

describe("a validation", () => {
  let validator: Validator;
  let running: DataObject;

  beforeEach(() => {
    validator = createValidator(schema);
    running = watchedTree();
    validator.validateAll(running).accept();
  });

  function validated(path: string, value?: unknown) {
    const operation = value === undefined ? "delete" : "merge";
    const candidate = applyEdits(running, [edit(schema, operation, path, value)]);
    isWatching = true;
    try {
      return validator.validate(running, candidate);
    } finally {
      isWatching = false;
    }
  }

  const edits: readonly (readonly [change: string, path: string, value: unknown, wrong: number])[] =
    [
      ["a leaf a must reads", "/m:top/entry[name='e1']/low", 2, 0],
      ["a leaf a must forbids", "/m:top/entry[name='e1']/low", 3, 1],
      ["a reference", "/m:top/entry[name='e1']/port", "p2", 0],
      ["a reference to nothing", "/m:top/entry[name='e1']/port", "p3", 1],
      ["a unique value", "/m:top/entry[name='e1']/address", "new", 0],
      ["a new entry", "/m:top/entry[name='e4']", { name: "e4", port: "p1", address: "e4" }, 0],
      ["an entry removed", "/m:top/entry[name='e1']", undefined, 0],
      ["a port nobody refers to", "/m:top/port[name='p2']", undefined, 0],
      ["a port's own leaf", "/m:top/port[name='p1']/speed", 3, 0],
      ["a leaf nobody reads", "/m:top/limit", 3, 0],
    ];

  for (const [change, path, value, wrong] of edits) {
    it(`of ${change} looks at no other entry`, () => {
      assert.equal(validated(path, value).total, wrong);
    });
  }

  it("that is discarded leaves no trace in the next", () => {
    validated("/m:top/entry[name='e1']/port", "p2").discard();

    assert.equal(validated("/m:top/port[name='p2']").total, 0);
  });

  it("that is accepted counts in the next", () => {
    const candidate = applyEdits(running, [
      edit(schema, "merge", "/m:top/entry[name='e1']/port", "p2"),
    ]);
    validator.validate(running, candidate).accept();
    running = candidate;

    const { violations } = validated("/m:top/port[name='p2']");

    assert.deepEqual(
      violations.map(({ path }) => path),
      ["/m:top/entry[name='e1']/port"],
    );
  });

  it("that was neither is discarded by the next, and cannot be accepted then", () => {
    const first = validated("/m:top/entry[name='e1']/port", "p2");
    const second = validated("/m:top/port[name='p2']");

    assert.equal(second.total, 0);
    assert.throws(() => first.accept(), /before the next begins/);
  });

  it("catches up with a tree it has not seen", () => {
    const other = treeOf(schema, {
      "m:top": { port: [{ name: "p9" }], entry: [{ name: "x", port: "p9" }] },
    });
    const candidate = applyEdits(other, [edit(schema, "delete", "/m:top/port[name='p9']")]);

    assert.equal(validator.validate(other, candidate).total, 1);
  });

  it("judges the final tree, whatever the order of its edits", () => {
    const candidate = applyEdits(running, [
      edit(schema, "merge", "/m:top/entry[name='e1']/port", "p5"),
      edit(schema, "merge", "/m:top/port[name='p5']", { name: "p5" }),
    ]);

    assert.equal(validator.validate(running, candidate).total, 0);
  });

  it("names ten referrers of a node that is gone and counts all", () => {
    const entry = Array.from({ length: 50 }, (_, index) => ({ name: `n${index}`, port: "p1" }));
    const full = treeOf(schema, { "m:top": { port: [{ name: "p1" }], entry } });
    const candidate = applyEdits(full, [edit(schema, "delete", "/m:top/port[name='p1']")]);

    const { violations, total } = validator.validate(full, candidate);

    assert.equal(violations.length, 10);
    assert.equal(total, 50);
  });

  it("reports at most ten thousand violations and counts all", () => {
    const entry = Array.from({ length: 10_050 }, (_, index) => ({
      name: `n${index}`,
      low: 2,
      high: 1,
    }));

    const { violations, total } = validator.validateAll(treeOf(schema, { "m:top": { entry } }));

    assert.equal(violations.length, 10_000);
    assert.equal(total, 10_050);
  });
});
