import assert from "node:assert/strict";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import type { IrNode, IrOperation } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { createOperationValidator } from "../../../src/datamodel/validate/operation.ts";
import { treeOf } from "../../support/tree.ts";
import { leaf, list, module, number, text, xpath } from "../xpath/model.ts";

function operation(name: string, children: readonly IrNode[]): IrOperation {
  return { kind: "operation", name, module: "m", input: { children }, output: { children: [] } };
}

const deviceName = {
  base: "leafref",
  path: xpath("/device/name"),
  requireInstance: true,
  target: "/m:device/name",
  type: text,
} as const;

const schema = linkSchema([
  module(
    [
      list("device", [leaf("name"), leaf("up", number, { config: false })], {
        actions: [
          operation("move", [
            leaf("to", deviceName, { mandatory: true, musts: [xpath(". != ../../name")] }),
            leaf("force", number, { musts: [xpath("../../up = 1")] }),
          ]),
        ],
      }),
    ],
    { rpcs: [operation("drop", [leaf("device", deviceName)])] },
  ),
]);

describe("an operation's input", () => {
  const validator = createOperationValidator(schema);
  const root = treeOf(schema, { "m:device": [{ name: "a" }, { name: "b" }] });
  const moveInput = schema.root.childByName.get("m:device");
  const move = moveInput?.kind === "list" ? moveInput.operations.get("move") : undefined;
  const drop = schema.root.operations.get("drop");
  assert(move && drop, "the operations exist");
  const at = "/m:device[name='a']";

  const cases = [
    { of: move, at, input: { to: "b" }, wrong: [] },
    { of: move, at, input: {}, wrong: [`${at}/move/to`] },
    { of: move, at, input: { to: "a" }, wrong: [`${at}/move/to`] },
    { of: move, at, input: { to: "c" }, wrong: [`${at}/move/to`] },
    { of: move, at, input: { to: "b", force: 1 }, wrong: [`${at}/move/force`] },
    { of: drop, at: "/", input: { device: "b" }, wrong: [] },
    { of: drop, at: "/", input: { device: "c" }, wrong: ["/m:drop/device"] },
  ];

  for (const { of, at: where, input, wrong } of cases) {
    it(`${JSON.stringify(input)} of ${of.name} has ${wrong.length} faults`, () => {
      const value = decodeJson(of.input, input);

      const violations = validator.validate(of.input, value, {
        root,
        path: parsePath(schema, where),
      });

      assert.deepEqual(
        violations.map(({ path }) => path),
        wrong,
      );
    });
  }

  it("sees the state of the node it is invoked on", () => {
    const live = decodeJson(
      schema.root,
      { "m:device": [{ name: "a", up: 1 }, { name: "b" }] },
      {
        state: "all",
      },
    );

    const violations = validator.validate(
      move.input,
      decodeJson(move.input, { to: "b", force: 1 }),
      {
        root: live,
        path: parsePath(schema, at),
      },
    );

    assert.deepEqual(violations, []);
  });
});
