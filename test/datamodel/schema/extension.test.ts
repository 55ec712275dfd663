import assert from "node:assert/strict";
import { addModule, nameTaken, removeModule } from "../../../src/datamodel/schema/extension.ts";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import {
  type DataSchema,
  linkSchema,
  type ParentSchema,
  type Schema,
} from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { emptyObject } from "../../../src/datamodel/tree/node.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { choice, container, irModule, leaf, list, operation } from "../../support/ir.ts";
import { edit, jsonOf } from "../../support/tree.ts";

const bridge = irModule(
  "bridge",
  [
    list("bridge", "name", [
      leaf("name", "string"),
      leaf("age", "uint8", { default: "7" }),
      list("entry", "port", [leaf("port", "string")]),
      leaf("kind", { base: "identityref", bases: ["bridge:kind"] }),
    ]),
  ],
  { identities: [{ name: "bridge:kind", bases: [] }] },
);

const colour = { base: "leafref", requireInstance: true } as const;
const nat = irModule(
  "nat",
  [
    list(
      "nat",
      "name",
      [
        leaf("name", "string"),
        leaf("port", {
          ...colour,
          path: { expression: "/bridge:bridge/bridge:name", module: "nat" },
          target: "/bridge:bridge/name",
          type: { base: "string" },
        }),
      ],
      { musts: [{ expression: "name != 'no'", module: "nat", message: "no is no name" }] },
    ),
    choice("either", { a: [container("left", [])], b: [container("right", [])] }),
  ],
  {
    rpcs: [operation("translate", "nat")],
    identities: [{ name: "nat:full", bases: ["bridge:kind"] }],
  },
);

/** All nodes by path, with what a linker decides about each. */
function outline(schema: Schema) {
  const lines: string[] = [];
  const visit = (parent: ParentSchema, node: DataSchema): void => {
    assert.equal(node.parent, parent);
    lines.push(`${node.path} ${node.kind} ${node.prop} ${node.jsonName} ${node.inCase?.caseName}`);
    if ("children" in node) for (const child of node.children) visit(node, child);
  };
  const { root } = schema;
  for (const node of root.children) visit(root, node);
  return {
    lines,
    names: [...root.childByName.keys()].sort(),
    operations: [...root.operations.values()].map(({ path }) => path),
    modules: [...schema.modules.keys()],
    identities: schema.derivedIdentities,
  };
}

function bridges(schema: Schema) {
  const running = applyEdits(emptyObject(schema.root), [
    edit(schema, "create", "/bridge:bridge[name='b1']", { entry: [{ port: "p" }] }),
  ]);
  return { running, path: parsePath(schema, "/bridge:bridge[name='b1']/entry[port='p']") };
}

describe("a schema in use", () => {
  it("is after an addition what it is when linked with both modules", () => {
    const schema = linkSchema([bridge]);

    addModule(schema, nat);

    assert.deepEqual(outline(schema), outline(linkSchema([bridge, nat])));
  });

  it("is after a removal what it was", () => {
    const schema = linkSchema([bridge]);
    addModule(schema, nat);

    removeModule(schema, "nat");

    assert.deepEqual(outline(schema), outline(linkSchema([bridge])));
  });

  it("keeps its nodes, and trees gain an empty list", () => {
    const schema = linkSchema([bridge]);
    const { running, path } = bridges(schema);
    assert.throws(() => parsePath(schema, "/nat:nat"), /no top-level node named "nat:nat"/);

    addModule(schema, nat);

    assert.deepEqual(parsePath(schema, "/bridge:bridge[name='b1']/entry[port='p']"), path);
    assert.equal(path[0]?.schema, schema.root.childByName.get("bridge:bridge"));
    assert.equal((running["nat"] as { size: number }).size, 0);
    assert.ok(!Object.hasOwn(running, "nat"));
    const newer = applyEdits(running, [edit(schema, "create", "/nat:nat[name='n1']", {})]);
    assert.deepEqual(jsonOf(schema, newer), {
      "bridge:bridge": [{ name: "b1", entry: [{ port: "p" }] }],
      "nat:nat": [{ name: "n1" }],
    });
  });

  it("knows nothing of a module that was taken away, and knows it anew when it comes back", () => {
    const schema = linkSchema([bridge]);
    const { running } = bridges(schema);
    addModule(schema, nat);
    const [first] = parsePath(schema, "/nat:nat");

    removeModule(schema, "nat");
    assert.throws(() => parsePath(schema, "/nat:nat"), /no top-level node named "nat:nat"/);
    assert.equal(running["nat"], undefined);

    addModule(schema, nat);
    const [second] = parsePath(schema, "/nat:nat");
    assert.notEqual(second?.schema, first?.schema);
  });

  it("gives and takes identities that nodes of other modules are made of", () => {
    const schema = linkSchema([bridge]);
    const kind = parsePath(schema, "/bridge:bridge[name='b1']/kind").at(-1)?.schema;
    assert.ok(kind?.kind === "leaf");
    assert.throws(() => kind.type.fromText("nat:full"), /not an identity derived from/);

    addModule(schema, nat);
    assert.equal(kind.type.fromText("nat:full"), "nat:full");

    removeModule(schema, "nat");
    assert.throws(() => kind.type.fromText("nat:full"), /not an identity derived from/);
  });

  it("is judged with the constraints of what was added, and of what was there", () => {
    const schema = linkSchema([bridge]);
    const { running } = bridges(schema);
    const validator = createValidator(schema);
    validator.validateAll(running).accept();
    addModule(schema, nat);
    validator.schemaChanged();
    const judged = (...edits: Parameters<typeof edit>[]) => {
      const candidate = applyEdits(
        running,
        edits.map((args) => edit(...args)),
      );
      const { violations } = validator.validate(running, candidate);
      return violations.map(({ path }) => path);
    };

    const known = judged([schema, "create", "/nat:nat[name='n1']", { port: "b1" }]);
    const unknown = judged([schema, "create", "/nat:nat[name='n1']", { port: "b2" }]);
    const named = judged([schema, "create", "/nat:nat[name='no']", {}]);

    assert.deepEqual(known, []);
    assert.deepEqual(unknown, ["/nat:nat[name='n1']/port"]);
    assert.deepEqual(named, ["/nat:nat[name='no']"]);
  });

  const taken: readonly { readonly what: string; readonly module: IrModule }[] = [
    { what: "module bridge", module: bridge },
    {
      what: "top node bridge",
      module: irModule("other", [list("bridge", "name", [leaf("name", "string")])]),
    },
    { what: "top node bri-dge", module: irModule("other", [container("bri-dge", [])]) },
    { what: "rpc ping", module: irModule("other", [], { rpcs: [operation("ping", "other")] }) },
  ];

  for (const { what, module } of taken) {
    it(`says what name is taken: ${what}`, () => {
      const pinging = irModule("pinging", [container("briDge", [])], {
        rpcs: [operation("ping", "pinging")],
      });

      assert.equal(nameTaken(linkSchema([bridge, pinging]), module), what);
    });
  }
});
