import assert from "node:assert/strict";
import type { IrType } from "../../../src/datamodel/schema/ir.ts";
import { LeafrefTargets } from "../../../tools/generate/leafref.ts";
import { native } from "../../../tools/libyang/native.ts";
import { type Build, container, irModule, leaf, leafList, list } from "../../support/ir.ts";
import { compileBody, nodeAt } from "./compile-text.ts";

const targets = new LeafrefTargets();

/** A leafref in `/m:net/client`. */
function client(name: string, expression: string): [type: IrType, node: Build] {
  const steps = ["net", "client", name].map((step) => ({ module: "m", name: step }));
  const type = targets.make({ expression, module: "m" }, true, { steps, parameters: undefined });
  return [type, leaf(name, type)];
}

const pick = (type: IrType) =>
  type.base === "leafref" ? [type.target, type.type.base] : [type.base];

describe("a leafref path with deref()", () => {
  it("leads on from the target of the other leafref, by as many as there are", () => {
    const [, server] = client("server", "../../server/name");
    const [address, addressLeaf] = client("address", "deref(../server)/../address");
    const [twin, twinLeaf] = client("twin", "deref(../server)/../twin");
    const [far, farLeaf] = client("far", "deref(../twin)/../address");
    const servers = list("server", "name", [
      leaf("name", "string"),
      leafList("address", "uint32"),
      leaf("twin", "string"),
    ]);
    const clients = list("client", "name", [
      leaf("name", "string"),
      farLeaf,
      twinLeaf,
      addressLeaf,
      server,
    ]);

    targets.fill([irModule("m", [container("net", [servers, clients])])]);

    assert.deepEqual(pick(address), ["/m:net/server/address", "uint32"]);
    assert.deepEqual(pick(twin), ["/m:net/server/twin", "string"]);
    assert.deepEqual(pick(far), ["/m:net/server/address", "uint32"]);
  });

  for (const [what, path] of [
    ["of a leaf that is none", "deref(../name)/../x"],
    ["of itself", "deref(../circle)/../x"],
  ] as const) {
    it(`is refused ${what}`, () => {
      const alone = new LeafrefTargets();
      const steps = ["net", "circle"].map((name) => ({ module: "m", name }));
      const from = { steps, parameters: undefined };
      const type = alone.make({ expression: path, module: "m" }, true, from);
      const net = container("net", [leaf("name", "string"), leaf("circle", type)]);

      assert.throws(() => alone.fill([irModule("m", [net])]), {
        name: "GenerateError",
        message: `/m:net/circle:0: deref() in "${path}" is of no leafref`,
      });
    });
  }

  it("is compiled where libyang takes it, and refused with line and reason where not", () => {
    const body = `container net {
      list server { key name; leaf name { type string; } leaf-list address { type uint32; } }
      leaf used { type leafref { path "../server/name"; } }
      leaf address { type leafref { path "deref(../used)/../address"; } }
    }`;

    if (native().major > 2) {
      const address = nodeAt(compileBody(body), "net/address");
      assert(address.kind === "leaf");
      assert.deepEqual(pick(address.type), ["/m:net/server/address", "uint32"]);
    } else {
      const wanted =
        /line number 4\b.*deref\(\) in the path of a leafref wants libyang 3 or newer/i;
      assert.throws(() => compileBody(body), { name: "YangError", message: wanted });
    }
  });
});
