import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeJson } from "../../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { conflictsOf } from "../../../src/datamodel/tree/conflict.ts";
import { explicit } from "../../../src/datamodel/tree/diff.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { notingChanges } from "../../../src/datamodel/tree/history.ts";
import type { YangList } from "../../../src/datamodel/tree/list.ts";
import { type DataObject, type DataValue, emptyObject } from "../../../src/datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../../src/datamodel/tree/path.ts";
import { atOnce } from "../../../src/lib/slices.ts";
import { choice, container, leaf, leafList, list, schemaOf } from "../../support/ir.ts";
import { edit } from "../../support/tree.ts";

const schema = schemaOf([
  list("cube", "name", [
    leaf("name", "string"),
    leaf("color", "string"),
    leaf("size", "uint8"),
    leafList("tag", "string", { userOrdered: true }),
    container("inner", [leaf("size", "uint8"), list("row", "id", [leaf("id", "uint8")])]),
    container("extra", [leaf("note", "string")], { presence: "extra" }),
    choice("how", { one: [leaf("a", "string")], two: [leaf("b", "string")] }),
  ]),
  list("rule", "id", [leaf("id", "uint8"), leaf("text", "string")], { userOrdered: true }),
]);

/** A tree with the versions that led to it; version 0 is empty. */
class Versions {
  readonly roots: DataObject[] = [emptyObject(schema.root)];

  get latest(): DataObject {
    return this.roots.at(-1) as DataObject;
  }

  commit(...edits: Edit[]): void {
    const root = applyEdits(this.latest, edits);
    atOnce(notingChanges(schema.root, [this.latest, root], this.roots.length));
    this.roots.push(root);
  }

  conflicts(edit: Edit, seen: number): number[] {
    return [...conflictsOf(edit, this.latest, seen)].map(({ changedBy }) => changedBy);
  }

  /** The commits after `seen` that changed a node, found by comparing whole versions. */
  changesOf(path: InstancePath, seen: number): number[] {
    return this.roots.flatMap((root, id) => {
      const before = this.roots[id - 1];
      return id > seen && before && differs(before, root, path) ? [id] : [];
    });
  }
}

function differs(was: DataObject, is: DataObject, path: InstancePath): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return !sameText(schema.root, was, is);
  const [before, after] = [was, is].map((object) => explicit(object, step.schema));
  if (step.schema.kind === "list" && step.keys) {
    const keys = step.keys;
    const entries = [before, after].map((held) => (held as YangList<DataObject>)?.get(...keys));
    return differsBelow(step.schema, entries, rest);
  }
  if (step.value !== undefined) {
    const value = step.value;
    const held = [before, after].map((values) => (values as unknown[])?.includes(value) ?? false);
    return held[0] !== held[1];
  }
  if (step.schema.kind !== "container") return !sameText(step.schema, before, after);
  const implied = step.schema.presence ? undefined : emptyObject(step.schema);
  const [held, holds] = [before ?? implied, after ?? implied];
  // What is taken away as a whole is written as a whole.
  if (after === undefined && !sameText(step.schema, held, holds)) return true;
  return differsBelow(step.schema, [held, holds], rest);
}

function differsBelow(
  node: Parameters<typeof encodeJson>[0],
  [before, after]: (DataValue | undefined)[],
  rest: InstancePath,
): boolean {
  if (before === undefined || after === undefined) return before !== after;
  return rest.length === 0
    ? !sameText(node, before, after)
    : differs(before as DataObject, after as DataObject, rest);
}

function sameText(node: object, before: DataValue | undefined, after: DataValue | undefined) {
  const texts = [before, after].map(
    (value) => value !== undefined && JSON.stringify(encodeJson(node as never, value as never)),
  );
  return texts[0] === texts[1];
}

const cubes = fc.constantFrom("/m:cube[name='x']", "/m:cube[name='y']");
const belowCube = fc.constantFrom<[string, unknown]>(
  ["", { color: "red" }],
  ["", { size: 1, inner: { row: [{ id: 3 }] } }],
  ["", {}],
  ["/color", "green"],
  ["/color", "blue"],
  ["/size", 7],
  ["/tag", ["t1", "t2"]],
  ["/tag", ["t2", "t1"]],
  ["/tag[.='t3']", undefined],
  ["/inner", { size: 2 }],
  ["/inner/size", 9],
  ["/inner/row[id='1']", {}],
  ["/inner/row[id='2']", {}],
  ["/inner/row", [{ id: 1 }, { id: 2 }]],
  ["/extra", { note: "n" }],
  ["/extra/note", "m"],
  ["/a", "1"],
  ["/b", "1"],
);
const targets = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(cubes, belowCube) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<[string, [string, unknown]]>(
      ["/m:rule[id='1']", ["", {}]],
      ["/m:rule[id='2']", ["", { text: "t" }]],
      ["/m:rule[id='2']", ["/text", "u"]],
      ["/m:rule", ["", [{ id: 1, text: "t" }]]],
      ["/m:cube", ["", [{ name: "x" }]]],
    ),
  },
);
const operations = fc.constantFrom<Edit["operation"]>("merge", "merge", "replace", "remove");
const anyEdit = fc.tuple(operations, targets).map(([operation, [above, [below, json]]]) => {
  return [operation, above + below, operation === "remove" ? undefined : json] as const;
});
type Written = readonly [Edit["operation"], path: string, json: unknown];

describe("conflictsOf", () => {
  it("finds what comparing all versions since finds, for nodes written as a whole", () => {
    const commits = fc.array(fc.array(anyEdit, { maxLength: 3 }));
    fc.assert(
      fc.property(commits, fc.nat(8), anyEdit, (all, at, [, target]) => {
        const versions = committed(all);
        const seen = Math.min(at, versions.roots.length - 1);
        const remove = edit(schema, "remove", target);

        const found = versions.conflicts(remove, seen);

        assert.deepEqual(found, versions.changesOf(remove.path, seen).slice(-1));
      }),
    );
  });
});

describe("conflictsOf an edit", () => {
  const before: Written[] = [["merge", "/m:cube[name='x']", { a: "1", tag: ["t1"] }]];
  const cases: { title: string; change: Written[]; write: Written; conflicts: string[] }[] = [
    {
      title: "that merges nothing but keys looks only whether the entry is the same",
      change: [["merge", "/m:cube[name='x']/color", "red"]],
      write: ["merge", "/m:cube[name='x']", { name: "x" }],
      conflicts: [],
    },
    {
      title: "that merges nothing but keys sees that the entry went and came back",
      change: [
        ["remove", "/m:cube[name='x']", undefined],
        ["merge", "/m:cube[name='x']", {}],
      ],
      write: ["merge", "/m:cube[name='x']", { name: "x" }],
      conflicts: ["/m:cube[name='x']"],
    },
    {
      title: "that merges a list looks at the entries it gives",
      change: [
        ["merge", "/m:cube[name='x']/color", "red"],
        ["merge", "/m:cube[name='y']", {}],
      ],
      write: ["merge", "/m:cube", [{ name: "x" }, { name: "z" }]],
      conflicts: ["/m:cube[name='x']"],
    },
    {
      title: "that replaces a list looks at all of it",
      change: [["merge", "/m:cube[name='y']", {}]],
      write: ["replace", "/m:cube", [{ name: "x" }]],
      conflicts: ["/m:cube"],
    },
    {
      title: "that removes another case looks at what it removes",
      change: [["merge", "/m:cube[name='x']/a", "2"]],
      write: ["merge", "/m:cube[name='x']/b", "1"],
      conflicts: ["/m:cube[name='x']/a"],
    },
    {
      title: "of one value of a leaf-list looks at that value",
      change: [["merge", "/m:cube[name='x']/tag[.='t2']", undefined]],
      write: ["merge", "/m:cube[name='x']/tag[.='t1']", undefined],
      conflicts: [],
    },
    {
      title: "below a container that went looks at the container",
      change: [
        ["merge", "/m:cube[name='x']/inner/size", 1],
        ["remove", "/m:cube[name='x']/inner", undefined],
      ],
      write: ["merge", "/m:cube[name='x']/inner/size", 2],
      conflicts: ["/m:cube[name='x']/inner/size"],
    },
  ];

  for (const { title, change, write, conflicts } of cases) {
    it(title, () => {
      const versions = committed([before, ...change.map((one) => [one])]);

      const found = [...conflictsOf(edit(schema, ...write), versions.latest, 1)];

      assert.deepEqual(
        found.map(({ path }) => printPath(path)),
        conflicts,
      );
    });
  }

  it("that moves an entry sees that the order changed, one that changes it does not", () => {
    const rules = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const versions = committed([[["merge", "/m:rule", rules]]]);
    const first = { where: "first" } as const;
    versions.commit({ ...edit(schema, "merge", "/m:rule[id='3']", {}), insert: first });
    const change = edit(schema, "merge", "/m:rule[id='2']", { text: "t" });

    assert.deepEqual(versions.conflicts({ ...change, insert: first }, 1), [2]);
    assert.deepEqual(versions.conflicts(change, 1), []);
  });

  it("on an entry of very many that went does not miss it", () => {
    const ids = Array.from({ length: 300 }, (_, index) => `n${index}`);
    const removals = ids.map((id): Written => ["remove", `/m:cube[name='${id}']`, undefined]);
    const versions = committed([
      [["merge", "/m:cube", ids.map((name) => ({ name }))]],
      ...removals.map((removal) => [removal]),
    ]);

    for (const id of ["n0", "n299"]) {
      const again = edit(schema, "merge", `/m:cube[name='${id}']`, {});
      assert.equal(versions.conflicts(again, 1).length, 1, id);
      assert.deepEqual(versions.conflicts(again, 301), [], id);
    }
    assert.deepEqual(
      versions.conflicts(edit(schema, "merge", "/m:cube[name='new']", {}), 100),
      [],
      "an entry that never was is new",
    );
  });
});

/** What edits lead to, those left out that cannot be applied. */
function committed(all: readonly (readonly Written[])[]): Versions {
  const versions = new Versions();
  for (const edits of all) {
    try {
      versions.commit(...edits.map((written) => edit(schema, ...written)));
    } catch (error) {
      assert(error instanceof RequestError);
    }
  }
  return versions;
}
