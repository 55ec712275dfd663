import assert from "node:assert/strict";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import type { IrType } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import { createValidator } from "../../../src/datamodel/validate/validator.ts";
import { container, irModule, leaf, leafList, list } from "../../support/ir.ts";
import { edit, treeOf } from "../../support/tree.ts";

/** A leafref to a leaf of a server. */
function refer(expression: string, target: string, type: IrType): IrType {
  const path = { expression, module: "m" };
  return { base: "leafref", path, requireInstance: true, target: `/m:net/server/${target}`, type };
}

const servers = list("server", "name", [leaf("name", "string"), leafList("address", "uint32")]);
const clients = list("client", "name", [
  leaf("name", "string"),
  leaf("server", refer("../../server/name", "name", { base: "string" })),
  leaf("address", refer("deref(../server)/../address", "address", { base: "uint32" })),
]);
const schema = linkSchema([irModule("m", [container("net", [servers, clients])])]);

const running = treeOf(schema, {
  "m:net": {
    server: [
      { name: "a", address: [1, 2] },
      { name: "b", address: [3] },
    ],
    client: [{ name: "c", server: "a", address: 2 }],
  },
});

const address = "/m:net/client[name='c']/address";
const dangling = [`${address}: "2" refers to no instance in /m:net/server/address`];

describe("a leafref that goes on from what another one refers to", () => {
  const cases: readonly {
    readonly title: string;
    readonly edits: readonly (readonly [Edit["operation"], string, unknown?])[];
    readonly wrong: readonly string[];
  }[] = [
    { title: "holds while its target is there", edits: [], wrong: [] },
    {
      title: "is wrong when its target goes",
      edits: [["remove", "/server[name='a']/address[.='2']"]],
      wrong: dangling,
    },
    {
      title: "is wrong when the other leafref refers to something else",
      edits: [["merge", "/client[name='c']/server", "b"]],
      wrong: dangling,
    },
    {
      title: "is wrong when the other leafref is gone",
      edits: [["remove", "/client[name='c']/server"]],
      wrong: dangling,
    },
    {
      title: "is right when both move together",
      edits: [["merge", "/client[name='c']", { server: "b", address: 3 }]],
      wrong: [],
    },
  ];
  for (const { title, edits, wrong } of cases) {
    it(title, () => {
      const validator = createValidator(schema);
      validator.validateAll(running).accept();
      const made = edits.map(([operation, path, json]) =>
        edit(schema, operation, `/m:net${path}`, json),
      );

      const { violations } = validator.validate(running, applyEdits(running, made));

      assert.deepEqual(
        violations.map(({ path, message }) => `${path}: ${message}`),
        wrong,
      );
    });
  }
});
