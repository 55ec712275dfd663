import assert from "node:assert/strict";
import { ownContract } from "../../../tools/generate/contract.ts";
import { printTypescript } from "../../../tools/generate/typescript.ts";
import { compileBody } from "./compile-text.ts";

/** The printed interfaces and paths, without header, imports and IR. */
function printed(body: string): string {
  const text = printTypescript(compileBody(body), ownContract);
  const start = text.indexOf("\n\n", text.indexOf("import ")) + 2;
  return text.slice(start, text.indexOf("export const mIr")).trim();
}

/** The members of the interface of container c. */
function members(body: string): string[] {
  const text = printed(`container c { ${body} }`);
  const inside = /export interface C \{\n([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  return inside.split("\n").map((line) => line.trim());
}

describe("printing TypeScript", () => {
  const leafTypes = [
    { yang: "type int32;", is: "number" },
    { yang: "type uint64;", is: "bigint" },
    { yang: "type boolean;", is: "boolean" },
    { yang: "type empty;", is: "null" },
    { yang: "type binary;", is: "string" },
    { yang: "type decimal64 { fraction-digits 1; }", is: "string" },
    { yang: `type enumeration { enum a; enum "b c"; }`, is: `"a" | "b c"` },
    { yang: "type union { type int8; type enumeration { enum a; } }", is: `number | "a"` },
    { yang: "type union { type string; type enumeration { enum a; } }", is: "string" },
    { yang: `type leafref { path "../other"; }`, is: "bigint" },
  ];
  for (const { yang, is } of leafTypes) {
    it(`makes ${is} of ${yang}`, () => {
      const lines = members(`leaf x { ${yang} } leaf other { type int64; }`);

      assert.equal(lines[0], `readonly x?: ${is};`);
    });
  }

  const presence = [
    { what: "a leaf with a default", yang: "leaf x { type int8; default 1; }", mark: "" },
    { what: "a mandatory leaf", yang: "leaf x { type int8; mandatory true; }", mark: "" },
    { what: "a leaf without", yang: "leaf x { type int8; }", mark: "?" },
    {
      what: "a default under a when",
      yang: `leaf x { when "../y"; type int8; default 1; } leaf y { type int8; }`,
      mark: "?",
    },
    {
      what: "a default in a case",
      yang: "choice d { leaf x { type int8; default 1; } leaf y { type int8; } }",
      mark: "?",
    },
    { what: "a state leaf", yang: "leaf x { type int8; default 1; config false; }", mark: "?" },
    { what: "a container", yang: "container x { }", mark: "" },
    { what: "a presence container", yang: "container x { presence p; }", mark: "?" },
    { what: "a leaf-list", yang: "leaf-list x { type int8; }", mark: "" },
    { what: "a list", yang: "list x { key k; leaf k { type int8; } }", mark: "" },
    { what: "a state list", yang: "list x { config false; }", mark: "?" },
    { what: "anydata", yang: "anydata x;", mark: "?" },
  ];
  for (const { what, yang, mark } of presence) {
    it(`makes ${what} ${mark === "" ? "always there" : "optional"}`, () => {
      assert.match(members(yang)[0] ?? "", new RegExp(`^readonly x${mark === "" ? "" : "\\?"}:`));
    });
  }

  it("prints a list as YangList of its entries, with labelled keys", () => {
    const list =
      "list rule { key 'a interface'; leaf a { type uint8; } leaf interface { type string; } }";
    const text = printed(`container c { ${list} }`);

    assert.match(text, /readonly rule: YangList<Rule, \[a: number, interfaceKey: string\]>;/);
    assert.match(
      text,
      /"\/m:c\/rule\[a\]\[interface\]" as NodePath<\[ruleA: number, ruleInterface: string\]>/,
    );
  });

  it("tells names apart that meet", () => {
    const text = printed(
      "container a { container x-y { } container xY { } } container b { container x-y { } }",
    );

    assert.deepEqual(
      [...text.matchAll(/export interface (\w+)/g)].map(([, name]) => name),
      ["XY", "AXY", "A", "BXY", "B"],
    );
  });

  it("cannot be ended early by a description", () => {
    const text = printed(
      `leaf l { type int8; } container c { leaf x { description "a */ b"; type int8; } }`,
    );

    assert.match(text, /\/\*\* a \* \/ b \*\//);
  });

  it("is the same however often it is made", () => {
    const body = "container c { leaf a { type int8; } }";

    assert.equal(printed(body), printed(body));
  });
});
