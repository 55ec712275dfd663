import assert from "node:assert/strict";
import type { IrModule } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { compileModules } from "../../../tools/generate/compile.ts";
import { compileBody, nodeAt } from "./compile-text.ts";
import { statementCases } from "./statement-cases.ts";

describe("compiling YANG to the IR", () => {
  for (const { title, body, features, pick, expected } of statementCases) {
    it(title, () => {
      assert.deepEqual(pick(compileBody(body, features)), expected);
    });
  }
});

describe("compiling the torture modules", () => {
  let torture: IrModule;
  let more: IrModule;
  before(() => {
    const names = ["torture", "torture-more"];
    const modules = compileModules(
      names.map((name) => ({ name })),
      ["test/fixtures/yang/torture"],
    );
    const [first, second] = modules;
    assert.ok(first && second);
    [torture, more] = [first, second];
  });

  const children = (): string[] => {
    const list = nodeAt(torture, "torture");
    assert.ok(list.kind === "list");
    return list.children.map(({ module, name }) => `${module}:${name}`);
  };

  it("keeps two nodes of one name apart by their modules", () => {
    const named = children().filter((name) => /:(port|inner)$/.test(name));

    assert.deepEqual(named, [
      "torture:port",
      "torture:inner",
      "torture-more:port",
      "torture-more:inner",
    ]);
  });

  it("applies the deviations of another module", () => {
    const port = nodeAt(torture, "torture/port");

    assert.ok(!children().includes("torture:blob"));
    assert.equal(port.kind === "leaf" && port.default, "443");
  });

  it("has the nodes another module adds to an rpc and a choice", () => {
    assert.equal(nodeAt(torture, "ping/input/size").module, "torture-more");
    assert.equal(nodeAt(torture, "torture/shape/odd/corners").module, "torture-more");
  });

  it("has derived identities of both modules in each that needs them", () => {
    const names = (module: IrModule) => module.identities.map(({ name }) => name);

    assert.deepEqual(names(torture), [
      "torture-more:whale",
      "torture:animal",
      "torture:bat",
      "torture:bird",
    ]);
    assert.deepEqual(names(more), ["torture-more:whale"]);
  });

  it("gives what the schema links without complaint", () => {
    const schema = linkSchema([torture, more]);

    assert.equal(schema.root.childByName.get("torture")?.kind, "list");
  });

  it("adds the module that is augmented where only the other is asked for", () => {
    const modules = compileModules([{ name: "torture-more" }], ["test/fixtures/yang/torture"]);

    assert.deepEqual(
      modules.map(({ name }) => name),
      ["torture", "torture-more"],
    );
  });

  it("takes only the features asked for", () => {
    const [module] = compileModules(
      [{ name: "torture", features: ["red"] }],
      ["test/fixtures/yang/torture"],
    );

    assert.deepEqual(
      [module?.features, module?.data.map(({ name }) => name)],
      [["red"], ["torture"]],
    );
  });
});
