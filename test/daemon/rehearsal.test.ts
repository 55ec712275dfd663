import assert from "node:assert/strict";
import { builtins } from "../../src/cli/builtins.ts";
import { rehearse } from "../../src/daemon/rehearsal.ts";
import type { IrModule } from "../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { coreWords } from "../../src/lib/core-words.ts";
import { descriptors } from "../../src/server/grpc/descriptors.ts";
import type { Lock } from "../../src/server/grpc/lock.ts";
import { type BuiltService, ServiceFolderError } from "../../src/services/service-folder.ts";
import { irModule, leaf, list } from "../support/ir.ts";
import { patchPanel } from "../support/patch-panel.ts";

const there = irModule("bridge", [list("bridge", "name", [leaf("name", "string")])]);

function lockOf(module: IrModule): Lock {
  return descriptors(linkSchema([module]), module.name, undefined).lock;
}

function built(ir: IrModule, lock: unknown = undefined): BuiltService {
  const service = { ...patchPanel, model: { ...patchPanel.model, ir } };
  const text = lock ?? lockOf(ir);
  const own = { service, object: Buffer.of(), lock: JSON.stringify(text) };
  return { name: ir.name, folder: "/srv/own", ...own };
}

function cubes(name: string, more: Parameters<typeof list>[3] = {}): IrModule {
  return irModule(name, [list(name, "name", [leaf("name", "string")], more)]);
}

describe("the rehearsal of a service that is to be loaded", () => {
  it("gives the lock, and leaves the schema alone", () => {
    const schema = linkSchema([there]);

    const lock = rehearse(schema, built(cubes("counter")));

    assert.deepEqual(lock, lockOf(cubes("counter")));
    assert.deepEqual([...schema.modules.keys()], ["bridge"]);
    assert.equal(schema.root.children.length, 1);
  });

  const bad = { expression: "name = (", module: "counter" };
  const children = [leaf("name", "string"), leaf("packets", "uint64")];
  const other = irModule("counter", [list("counter", "name", children)]);

  const refusals = [
    {
      what: "a command's name",
      service: () => built(cubes("services")),
      tag: "data-exists",
      says: /^\/srv\/own: service services: there is a command services already$/,
    },
    {
      what: "the name of a service that is there",
      service: () => built(cubes("bridge")),
      tag: "data-exists",
      says: /^\/srv\/own: service bridge: there is a module bridge already$/,
    },
    {
      what: "a must that is not XPath",
      service: () => built(cubes("counter", { musts: [bad] })),
      tag: "operation-failed",
      says: /^\/srv\/own: the model of counter: .*name = \(/,
    },
    {
      what: "the package of the hand-written services",
      service: () => built(cubes("core"), {}),
      tag: "operation-failed",
      says: /^\/srv\/own: the model of core: module core: its package would be that of the core services$/,
    },
    {
      what: "a lock that is none",
      service: () => ({ ...built(cubes("counter")), lock: "{" }),
      tag: "operation-failed",
      says: /^\/srv\/own: the model of counter: .*JSON/,
    },
    {
      what: "the lock of another model",
      service: () => built(other, lockOf(cubes("counter"))),
      tag: "operation-failed",
      says: /^\/srv\/own: counter\.lock\.json is that of another model: build it anew$/,
    },
    {
      what: "a model that the parser of models would have refused",
      service: () => built({ ...cubes("counter"), data: [{ kind: "list" } as never] }, {}),
      tag: "operation-failed",
      says: /^\/srv\/own: the model of counter: /,
    },
  ];

  for (const { what, service, tag, says } of refusals) {
    it(`refuses ${what}`, () => {
      const schema = linkSchema([there]);

      assert.throws(
        () => rehearse(schema, service()),
        (error: unknown) => {
          assert.ok(error instanceof ServiceFolderError, String(error));
          assert.match(error.message, says);
          assert.equal(error.tag, tag);
          return true;
        },
      );
      assert.deepEqual([...schema.modules.keys()], ["bridge"]);
    });
  }
});

describe("the words of the command line", () => {
  it("are all kept free of services", () => {
    assert.deepEqual(
      [...builtins.keys()].filter((word) => !coreWords.has(word)),
      [],
    );
  });
});
