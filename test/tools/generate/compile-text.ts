import assert from "node:assert/strict";
import type { IrModule, IrNode } from "../../../src/datamodel/schema/ir.ts";
import { compileContext } from "../../../tools/generate/compile.ts";
import { YangContext } from "../../../tools/libyang/libyang.ts";

/** The IR of module `m` (prefix `m`, YANG 1.1) with this body. */
export function compileBody(body: string, features: readonly string[] = []): IrModule {
  const text = `module m { yang-version 1.1; namespace "urn:m"; prefix m; ${body} }`;
  using context = new YangContext({ searchDirs: ["test/fixtures/yang/torture"] });
  context.parse(text);
  context.load("m", features);
  const module = compileContext(context, ["m"]).find(({ name }) => name === "m");
  assert.ok(module);
  return module;
}

/** A node by names from the top, cases and choices included; `input` and `output` of operations. */
export function nodeAt(module: IrModule, path: string): IrNode {
  let level: readonly { name: string }[] = [
    ...module.data,
    ...module.rpcs,
    ...module.notifications,
  ];
  let found: { name: string } | undefined;
  for (const name of path.split("/")) {
    found = level.find((node) => node.name === name);
    assert.ok(found, `${name} of ${path} is in the schema`);
    level = below(found);
  }
  return found as IrNode;
}

type Below = { name: string };

function below(node: object): readonly Below[] {
  const members = new Map<string, unknown>(Object.entries(node));
  const lists = ["children", "cases", "actions", "notifications"].map((key) => members.get(key));
  const parameters = ["input", "output"].flatMap((name) => {
    const value = members.get(name);
    return value === undefined ? [] : [{ name, ...(value as object) }];
  });
  return [...lists.flatMap((list) => (list ?? []) as Below[]), ...parameters];
}
