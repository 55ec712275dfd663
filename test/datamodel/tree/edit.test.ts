import assert from "node:assert/strict";
import fc from "fast-check";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { choice, container, leaf, leafList, list, schemaOf } from "../../support/ir.ts";
import { edit, jsonOf, treeOf } from "../../support/tree.ts";

const schema = schemaOf([
  list("cube", "name", [
    leaf("name", "string"),
    leaf("uuid", "string", { config: false }),
    leaf("color", "string", { default: "red" }),
    leafList("tag", "string", { userOrdered: true }),
    container("inner", [leaf("size", "uint8"), list("row", "id", [leaf("id", "uint8")])]),
    container("extra", [leaf("note", "string")], { presence: "extra" }),
    choice("how", {
      one: [leaf("a", "string")],
      two: [leaf("b", "string"), leaf("c", "string"), container("two-part", [leaf("d", "string")])],
    }),
  ]),
  list("rule", "id", [leaf("id", "uint8"), leaf("text", "string")], { userOrdered: true }),
]);

const start = {
  "m:cube": [
    { name: "x", color: "blue", tag: ["t1"], inner: { size: 1, row: [{ id: 1 }] }, a: "1" },
  ],
  "m:rule": [{ id: 1 }, { id: 2 }, { id: 3 }],
};
const cube = "/m:cube[name='x']";

function run(...edits: Edit[]): unknown {
  return jsonOf(schema, applyEdits(treeOf(schema, start), edits));
}

function withCube(changes: Record<string, unknown>): unknown {
  const entry: Record<string, unknown> = { ...start["m:cube"][0], ...changes };
  for (const [name, value] of Object.entries(changes)) if (value === undefined) delete entry[name];
  return { ...start, "m:cube": [entry] };
}

describe("applyEdits", () => {
  const cases: { name: string; edits: Edit[]; expected: unknown }[] = [
    {
      name: "sets a leaf by merge",
      edits: [edit(schema, "merge", `${cube}/color`, "green")],
      expected: withCube({ color: "green" }),
    },
    {
      name: "takes a leaf back to its default by delete",
      edits: [edit(schema, "delete", `${cube}/color`)],
      expected: withCube({ color: undefined }),
    },
    {
      name: "removes what is absent without complaint",
      edits: [
        edit(schema, "remove", `${cube}/extra`),
        edit(schema, "remove", `${cube}/extra/note`),
      ],
      expected: start,
    },
    {
      name: "merges a container and keeps what the value leaves out",
      edits: [edit(schema, "merge", `${cube}/inner`, { row: [{ id: 2 }] })],
      expected: withCube({ inner: { size: 1, row: [{ id: 1 }, { id: 2 }] } }),
    },
    {
      name: "replaces a container with exactly the value",
      edits: [edit(schema, "replace", `${cube}/inner`, { size: 9 })],
      expected: withCube({ inner: { size: 9 } }),
    },
    {
      name: "replaces an entry with exactly the value",
      edits: [edit(schema, "replace", cube, { color: "green" })],
      expected: { ...start, "m:cube": [{ name: "x", color: "green" }] },
    },
    {
      name: "replaces a whole list",
      edits: [edit(schema, "replace", `${cube}/inner/row`, [{ id: 7 }, { id: 5 }])],
      expected: withCube({ inner: { size: 1, row: [{ id: 5 }, { id: 7 }] } }),
    },
    {
      name: "deletes a whole list",
      edits: [edit(schema, "delete", `${cube}/inner/row`)],
      expected: withCube({ inner: { size: 1 } }),
    },
    {
      name: "clears the other case when one is set",
      edits: [edit(schema, "merge", `${cube}/b`, "2")],
      expected: withCube({ a: undefined, b: "2" }),
    },
    {
      name: "adds and removes single leaf-list values",
      edits: [
        edit(schema, "merge", `${cube}/tag[.='t2']`),
        edit(schema, "merge", `${cube}/tag[.='t1']`),
        edit(schema, "delete", `${cube}/tag[.='t1']`),
      ],
      expected: withCube({ tag: ["t2"] }),
    },
    {
      name: "moves an entry of a user-ordered list",
      edits: [
        {
          ...edit(schema, "merge", "/m:rule[id='3']"),
          insert: { where: "before", point: parsePath(schema, "/m:rule[id='2']")[0] ?? fail() },
        },
        {
          ...edit(schema, "merge", "/m:rule[id='9']", { text: "new" }),
          insert: { where: "first" },
        },
      ],
      expected: { ...start, "m:rule": [{ id: 9, text: "new" }, { id: 1 }, { id: 3 }, { id: 2 }] },
    },
    {
      name: "leaves the chosen case alone when a node of another is removed",
      edits: [edit(schema, "remove", `${cube}/two-part/d`)],
      expected: start,
    },
    {
      name: "leaves an entry where it is that is put beside itself",
      edits: [
        {
          ...edit(schema, "merge", "/m:rule[id='2']"),
          insert: { where: "after", point: parsePath(schema, "/m:rule[id='2']")[0] ?? fail() },
        },
      ],
      expected: start,
    },
    {
      name: "lets a child be named before its parent",
      edits: [
        edit(schema, "create", "/m:cube[name='y']/inner/row[id='4']"),
        edit(schema, "create", "/m:cube[name='y']", {}),
      ],
      expected: {
        ...start,
        "m:cube": [...start["m:cube"], { name: "y", inner: { row: [{ id: 4 }] } }],
      },
    },
  ];
  for (const { name, edits, expected } of cases) {
    it(name, () => assert.deepEqual(run(...edits), expected));
  }

  const refusals: { name: string; edits: Edit[]; tag: string; path: string }[] = [
    {
      name: "creating what exists",
      edits: [edit(schema, "create", cube, {})],
      tag: "data-exists",
      path: cube,
    },
    {
      name: "deleting what is absent",
      edits: [edit(schema, "delete", "/m:cube[name='y']")],
      tag: "data-missing",
      path: "/m:cube[name='y']",
    },
    {
      name: "writing below a parent that does not exist",
      edits: [edit(schema, "merge", "/m:cube[name='y']/color", "x")],
      tag: "data-missing",
      path: "/m:cube[name='y']",
    },
    {
      name: "writing below an absent presence container",
      edits: [edit(schema, "merge", `${cube}/extra/note`, "x")],
      tag: "data-missing",
      path: `${cube}/extra`,
    },
    {
      name: "changing a key",
      edits: [edit(schema, "merge", `${cube}/name`, "z")],
      tag: "bad-element",
      path: `${cube}/name`,
    },
    {
      name: "a value whose key is not the path's",
      edits: [edit(schema, "merge", cube, { name: "z" })],
      tag: "bad-element",
      path: cube,
    },
    {
      name: "an update that must find its node",
      edits: [{ ...edit(schema, "merge", "/m:cube[name='y']", {}), mustExist: true }],
      tag: "data-missing",
      path: "/m:cube[name='y']",
    },
    {
      name: "a place in a list that the user does not order",
      edits: [{ ...edit(schema, "merge", cube, {}), insert: { where: "first" } }],
      tag: "bad-attribute",
      path: cube,
    },
    {
      name: "an insertion point that does not exist",
      edits: [
        {
          ...edit(schema, "merge", "/m:rule[id='3']"),
          insert: { where: "after", point: parsePath(schema, "/m:rule[id='8']")[0] ?? fail() },
        },
      ],
      tag: "bad-attribute",
      path: "/m:rule[id='3']",
    },
  ];
  for (const { name, edits, tag, path } of refusals) {
    it(`refuses ${name} and names the path`, () => {
      assert.throws(
        () => run(...edits),
        (error: unknown) => {
          assert.ok(error instanceof RequestError);
          assert.deepEqual(
            error.violations.map((violation) => [violation.tag, violation.path]),
            [[tag, path]],
          );
          return true;
        },
      );
    });
  }

  it("refuses to write state", () => {
    const path = parsePath(schema, `${cube}/uuid`);

    assert.throws(
      () => run({ path, operation: "merge", value: "u" }),
      /is state and cannot be written/,
    );
  });

  it("leaves the version it started from unchanged, whatever the edits", () => {
    const operations = fc.constantFrom("merge" as const, "replace" as const, "remove" as const);
    const targets = fc.constantFrom(
      [`${cube}/color`, "c"],
      [`${cube}/inner`, { size: 3, row: [{ id: 8 }] }],
      [cube, { color: "c", b: "b" }],
      ["/m:rule[id='2']", { text: "t" }],
      ["/m:cube[name='z']", { tag: ["q"] }],
    );
    const anyEdit = fc.tuple(operations, targets).map(([operation, [path, json]]) => {
      return edit(schema, operation, String(path), operation === "remove" ? undefined : json);
    });
    fc.assert(
      fc.property(fc.array(anyEdit, { maxLength: 8 }), (edits) => {
        const before = treeOf(schema, start);
        const text = JSON.stringify(jsonOf(schema, before));

        try {
          applyEdits(before, edits);
        } catch (error) {
          assert.ok(error instanceof RequestError);
        }

        assert.equal(JSON.stringify(jsonOf(schema, before)), text);
      }),
    );
  });
});

function fail(): never {
  throw new Error("the path has a step");
}
