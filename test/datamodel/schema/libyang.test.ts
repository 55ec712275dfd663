import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson } from "../../../src/datamodel/codec/decode.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { linkSchema, type Schema } from "../../../src/datamodel/schema/schema.ts";
import { compileContext } from "../../../tools/generate/compile.ts";
import { YangContext } from "../../../tools/libyang/libyang.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { arbitraryMutant } from "../../support/random-mutant.ts";

const types = {
  i8: "int8",
  i16: 'int16 { range "min..-5 | 0 | 7..max"; }',
  i32: "int32",
  i64: 'int64 { range "-10..10"; }',
  u8: 'uint8 { range "1..4 | 10"; }',
  u16: "uint16",
  u32: "uint32",
  u64: "uint64",
  decimal: "decimal64 { fraction-digits 2; }",
  percent: 'decimal64 { fraction-digits 3; range "0..99.95 | 100"; }',
  text: "string",
  short: 'string { length "1..3 | 5"; }',
  word: 'string { pattern "[a-z]+"; pattern "x.*" { modifier invert-match; } }',
  named: "name",
  octets: "binary",
  key: 'binary { length "4"; }',
  flag: "boolean",
  mark: "empty",
  colour: 'enumeration { enum red; enum "dark blue"; enum true; }',
  options: "bits { bit late { position 9; } bit early { position 0; } }",
  kind: "identityref { base kind; }",
  path: "instance-identifier { require-instance false; }",
  either:
    "union { type uint8; type int64; type boolean; type string { pattern '[a-f]+'; } type empty; }",
};

const module = `module oracle {
  yang-version 1.1; namespace "urn:oracle"; prefix o;
  identity kind; identity good { base kind; } identity better { base good; }
  typedef name { type string { length "1..8"; pattern "[a-z][a-z0-9\\\\-]*"; } }
  container c {
    ${Object.entries(types)
      .map(([name, type]) => `leaf ${name} { type ${type}${type.endsWith("}") ? "" : ";"} }`)
      .join("\n")}
    leaf-list many { type uint8; }
    list row { key "a b"; leaf a { type uint8; } leaf b { type name; } leaf c { type string; } }
    choice which { case one { leaf one { type empty; } } case two { leaf two { type empty; } } }
    container here { presence "it is"; }
  }
}`;

/** Values that are near to what some type takes. */
const values: readonly unknown[] = [
  ...[0, 1, -1, 5, 10, 100, 127, 128, -128, -129, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 1.5],
  ...["0", "1", "-1", "10", "-10", "11", "9223372036854775807", "18446744073709551615"],
  ...["18446744073709551616", "1.5", "1.50", "1.505", "99.95", "99.951", "100", "100.0", "-0.0"],
  ...["", "a", "abc", "abcd", "abcde", "é", "ééé", "éééé", "😀😀😀", "x", "xa", "A", "a-1", "-a"],
  ...["\t", "a\n", "\u0001", "\ufffe", "\ud800", "\u007f", "true", "red", "dark blue", "blue"],
  ...["QUJD", "QUJDRA==", "QUJDRA", "QQ==", "Q", "====", "early", "late early", "early early"],
  ...["soon", "good", "oracle:better", "kind", "o:good", "/oracle:c", "/oracle:c/i8", "c", "/c"],
  ...[true, false, null, [null], [], {}, [1], ["a"]],
];

/** Where we are more lenient on purpose: libyang takes integers of 64 bits as JSON strings only. */
function isWideNumber(leaf: string, value: unknown): boolean {
  return typeof value === "number" && (leaf === "i64" || leaf === "u64");
}

describe("values beside libyang", () => {
  let context: YangContext;
  let schema: Schema;

  before(() => {
    context = new YangContext({ searchDirs: [] });
    context.parse(module);
    schema = linkSchema(compileContext(context, ["oracle"]));
  });

  after(() => {
    context[Symbol.dispose]();
  });

  function ours(json: unknown): boolean {
    try {
      decodeJson(schema.root, json);
      return true;
    } catch (error) {
      if (error instanceof RequestError) return false;
      throw error;
    }
  }

  function libyangs(json: unknown): boolean {
    return context.validateJson(JSON.stringify(json)) === undefined;
  }

  for (const leaf of Object.keys(types)) {
    it(`get libyang's verdict as ${leaf}`, () => {
      const differing = values.filter((value) => {
        if (isWideNumber(leaf, value)) return false;
        const json = { "oracle:c": { [leaf]: value } };
        return ours(json) !== libyangs(json);
      });

      assert.deepEqual(differing, []);
    });
  }

  it("are taken by libyang too where random data is valid", () => {
    fc.assert(
      fc.property(arbitraryData(schema), (json) => {
        assert.equal(context.validateJson(JSON.stringify(json)), undefined);
        assert.ok(ours(json));
      }),
    );
  });

  it("are refused by both where a mutation broke the data", () => {
    const mutants = arbitraryData(schema).chain((json) => arbitraryMutant(schema, json));
    fc.assert(
      fc.property(mutants, ({ json, change }) => {
        fc.pre(!/^[iu]64 set/.test(change));
        assert.equal(ours(json), libyangs(json), change);
      }),
    );
  });
});
