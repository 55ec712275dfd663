import assert from "node:assert/strict";
import fc from "fast-check";
import { valueType } from "../../../src/datamodel/schema/compile-type.ts";
import type { IrType } from "../../../src/datamodel/schema/ir.ts";
import { type LeafValue, ValueError } from "../../../src/datamodel/schema/value-type.ts";
import { type TypeName, type } from "../../support/ir.ts";
import { arbitraryValue } from "../../support/random-value.ts";

const identities = new Map([
  ["m:animal", new Set(["m:dog", "m:cat", "other:cow"])],
  ["m:pet", new Set(["m:dog", "m:cat"])],
]);

const ranged = (base: "uint8" | "uint64", ...intervals: [string, string][]): IrType => ({
  base,
  range: { intervals: intervals.map(([min, max]) => ({ min, max })) },
});
const sized = (base: "string" | "binary", min: string, max: string): IrType => ({
  base,
  length: { intervals: [{ min, max }] },
});
const decimal: IrType = { base: "decimal64", fractionDigits: 2 };
const percent: IrType = { ...decimal, range: { intervals: [{ min: "0.00", max: "99.95" }] } };
const lowered: IrType = { base: "string", patterns: [{ expression: "[a-z]+" }] };
const notAdmin: IrType = {
  base: "string",
  patterns: [
    { expression: "[a-z]+" },
    { expression: "admin|root", invertMatch: true, message: "reserved", appTag: "name-reserved" },
  ],
};
const colour: IrType = {
  base: "enumeration",
  enums: [
    { name: "red", value: 0 },
    { name: "dark blue", value: 7 },
  ],
};
const flags: IrType = {
  base: "bits",
  bits: [
    { name: "late", position: 9 },
    { name: "early", position: 0 },
    { name: "middle", position: 4 },
  ],
};
const union: IrType = {
  base: "union",
  types: [{ base: "uint8" }, { base: "int64" }, { base: "boolean" }, lowered, { base: "empty" }],
};
const typedef = (name: string): IrType => ({ base: "string", typedef: name });

interface Accepted {
  readonly type: IrType | TypeName;
  readonly json: unknown;
  readonly value: LeafValue;
  /** The canonical text where it is not String(value). */
  readonly text?: string;
}

const accepted: readonly Accepted[] = [
  { type: "int8", json: -128, value: -128 },
  { type: "int8", json: 127, value: 127 },
  { type: "uint8", json: -0, value: 0 },
  { type: "int16", json: -32768, value: -32768 },
  { type: "uint16", json: 65535, value: 65535 },
  { type: "int32", json: -2147483648, value: -2147483648 },
  { type: "uint32", json: 4294967295, value: 4294967295 },
  { type: "int64", json: "-9223372036854775808", value: -9223372036854775808n },
  { type: "uint64", json: "18446744073709551615", value: 18446744073709551615n },
  { type: "uint64", json: "0x1F", value: 31n },
  { type: "uint64", json: "017", value: 15n },
  { type: "uint64", json: 9007199254740991, value: 9007199254740991n },
  { type: ranged("uint8", ["1", "4"], ["10", "10"]), json: 10, value: 10 },
  { type: ranged("uint64", ["5", "9"]), json: "9", value: 9n },
  { type: decimal, json: "1.50", value: "1.5" },
  { type: decimal, json: "-0.0", value: "0.0" },
  { type: decimal, json: "007", value: "7.0" },
  { type: decimal, json: "1.500000", value: "1.5" },
  { type: decimal, json: "-0.05", value: "-0.05" },
  { type: decimal, json: "92233720368547758.07", value: "92233720368547758.07" },
  { type: decimal, json: "-92233720368547758.08", value: "-92233720368547758.08" },
  { type: percent, json: "99.95", value: "99.95" },
  { type: "string", json: "", value: "" },
  {
    type: "string",
    json: "\t\n\r ~\u007f\u0085é語😀\ufffd",
    value: "\t\n\r ~\u007f\u0085é語😀\ufffd",
  },
  { type: "string", json: "x".repeat(65536), value: "x".repeat(65536) },
  { type: sized("string", "2", "2"), json: "😀é", value: "😀é" },
  { type: notAdmin, json: "user", value: "user" },
  { type: sized("binary", "3", "3"), json: "QUJD", value: "QUJD" },
  { type: "binary", json: "", value: "" },
  { type: "binary", json: "QR==", value: "QQ==" },
  { type: "boolean", json: false, value: false },
  { type: "empty", json: [null], value: null, text: "" },
  { type: colour, json: "dark blue", value: "dark blue" },
  { type: flags, json: " late  early\n", value: "early late" },
  { type: flags, json: "", value: "" },
  { type: { base: "identityref", bases: ["m:animal"] }, json: "cat", value: "m:cat" },
  { type: { base: "identityref", bases: ["m:animal"] }, json: "other:cow", value: "other:cow" },
  { type: { base: "identityref", bases: ["m:animal", "m:pet"] }, json: "m:dog", value: "m:dog" },
  { type: union, json: 255, value: 255 },
  { type: union, json: "255", value: 255n },
  { type: union, json: true, value: true },
  { type: union, json: "true", value: "true" },
  { type: union, json: [null], value: null, text: "" },
  {
    type: typedef("ietf-yang-types:mac-address"),
    json: "0A:fF:00:00:00:0b",
    value: "0a:ff:00:00:00:0b",
  },
  { type: typedef("ietf-inet-types:ipv4-prefix"), json: "10.1.2.3/8", value: "10.0.0.0/8" },
  { type: typedef("ietf-inet-types:ipv6-prefix"), json: "2001:DB8::1/33", value: "2001:db8::/33" },
  { type: typedef("ietf-inet-types:ipv6-address"), json: "FE80:0::01%eth0", value: "fe80::1%eth0" },
  { type: typedef("ietf-inet-types:domain-name"), json: "Example.COM", value: "example.com" },
  {
    type: {
      base: "string",
      typedef: "m:host-mac",
      typedefChain: ["m:mac", "ietf-yang-types:mac-address"],
    },
    json: "AA:BB:CC:DD:EE:FF",
    value: "aa:bb:cc:dd:ee:ff",
  },
  {
    type: { base: "instance-identifier", requireInstance: false },
    json: "/m:a/m:b[ m:k = \"x\" ][l='it']/other:c[.='1']/d[3]",
    value: "/m:a/b[k='x'][l='it']/other:c[.='1']/d[3]",
  },
  {
    type: {
      base: "leafref",
      path: { expression: "../x", module: "m" },
      target: "/m:x",
      requireInstance: true,
      type: { base: "uint64" },
    },
    json: "7",
    value: 7n,
  },
];

const refused: readonly { type: IrType | TypeName; json: unknown; why: RegExp }[] = [
  { type: "int8", json: 128, why: /^128 is not in range -128\.\.127$/ },
  { type: "int8", json: "1", why: /^"1" is not a number$/ },
  { type: "int8", json: 1.5, why: /^1\.5 is not an integer$/ },
  { type: "int8", json: Number.POSITIVE_INFINITY, why: /not an integer/ },
  { type: "int8", json: null, why: /^null is not a number$/ },
  { type: "int8", json: [1], why: /^an array is not a number$/ },
  { type: "uint8", json: -1, why: /range 0\.\.255/ },
  { type: "uint32", json: 4294967296, why: /range 0\.\.4294967295/ },
  { type: "int64", json: "9223372036854775808", why: /range/ },
  { type: "uint64", json: 9007199254740992, why: /JSON string/ },
  { type: "uint64", json: true, why: /JSON string/ },
  { type: "uint64", json: "1e3", why: /"1e3" is not an integer/ },
  { type: "uint64", json: "", why: /not an integer/ },
  { type: "uint64", json: "08", why: /not an integer/ },
  { type: "uint64", json: "9".repeat(1000), why: /not an integer/ },
  {
    type: ranged("uint8", ["1", "4"], ["10", "10"]),
    json: 5,
    why: /^5 is not in range 1\.\.4 \| 10$/,
  },
  { type: ranged("uint64", ["5", "9"]), json: "10", why: /range 5\.\.9/ },
  { type: decimal, json: 1.5, why: /JSON string/ },
  { type: decimal, json: "1.505", why: /more than 2 fraction digits/ },
  { type: decimal, json: "1.", why: /not a decimal/ },
  { type: decimal, json: ".5", why: /not a decimal/ },
  { type: decimal, json: "1e2", why: /not a decimal/ },
  { type: decimal, json: "92233720368547758.08", why: /64 bits/ },
  { type: decimal, json: "-92233720368547758.09", why: /64 bits/ },
  { type: percent, json: "99.96", why: /range 0\.00\.\.99\.95/ },
  { type: "string", json: 1, why: /^1 is not a string$/ },
  { type: "string", json: "a\u0000", why: /U\+0000/ },
  { type: "string", json: "\u000b", why: /U\+000B/ },
  { type: "string", json: "\ud800", why: /U\+D800/ },
  { type: "string", json: "\udc00a", why: /U\+DC00/ },
  { type: "string", json: "\ufdd0", why: /U\+FDD0/ },
  { type: "string", json: "\uffff", why: /U\+FFFF/ },
  { type: "string", json: "\u{1fffe}", why: /U\+1FFFE/ },
  { type: "string", json: "x".repeat(65537), why: /65537 characters, more than 65536/ },
  { type: sized("string", "2", "2"), json: "abc", why: /^"abc" is not in length 2$/ },
  { type: sized("string", "2", "2"), json: "😀", why: /length/ },
  { type: lowered, json: "Ab", why: /^"Ab" does not match pattern \[a-z\]\+$/ },
  { type: notAdmin, json: "root", why: /^reserved$/ },
  { type: "binary", json: "QUJ", why: /not base64/ },
  { type: "binary", json: "Q=JD", why: /not base64/ },
  { type: "binary", json: "QU-D", why: /not base64/ },
  { type: "binary", json: 5, why: /not a base64 string/ },
  { type: "binary", json: "A".repeat(65540), why: /more than 65536/ },
  { type: sized("binary", "3", "3"), json: "QUI=", why: /length 3/ },
  { type: "boolean", json: "true", why: /^"true" is not true or false$/ },
  { type: "empty", json: null, why: /\[null\]/ },
  { type: "empty", json: [null, null], why: /\[null\]/ },
  { type: "empty", json: "", why: /\[null\]/ },
  { type: colour, json: "blue", why: /^"blue" is not one of red, dark blue$/ },
  { type: colour, json: 0, why: /not a string/ },
  { type: colour, json: "constructor", why: /not one of/ },
  { type: flags, json: "early early", why: /twice/ },
  { type: flags, json: "soon", why: /not one of the bits early, middle, late/ },
  {
    type: { base: "identityref", bases: ["m:animal"] },
    json: "animal",
    why: /derived from m:animal/,
  },
  {
    type: { base: "identityref", bases: ["m:animal", "m:pet"] },
    json: "other:cow",
    why: /and m:pet/,
  },
  { type: { base: "identityref", bases: ["m:none"] }, json: "cat", why: /derived/ },
  { type: union, json: 256, why: /^256 fits no member type: 256 is not in range/ },
  { type: union, json: "A", why: /fits no member type/ },
  { type: typedef("ietf-inet-types:ipv6-address"), json: "1::2::3", why: /not a value of/ },
  {
    type: { base: "instance-identifier", requireInstance: true },
    json: "/a",
    why: /name of its module/,
  },
  {
    type: { base: "instance-identifier", requireInstance: true },
    json: "m:a",
    why: /expected "\/"/,
  },
  {
    type: { base: "instance-identifier", requireInstance: true },
    json: "/m:a[k=1]",
    why: /in quotes/,
  },
  {
    type: { base: "instance-identifier", requireInstance: true },
    json: "/m:a[0]",
    why: /0 is not the position/,
  },
  {
    type: { base: "instance-identifier", requireInstance: true },
    json: "/m:a".repeat(101),
    why: /more than 100 steps/,
  },
];

function shortJson(json: unknown): string {
  return typeof json === "number" ? String(json) : JSON.stringify(json).slice(0, 40);
}

describe("valueType", () => {
  for (const { type: given, json, value, text = String(value) } of accepted) {
    const ir = type(given);
    it(`reads ${shortJson(json)} as ${ir.base} ${ir.typedef ?? ""}`, () => {
      const compiled = valueType(ir, identities, "m");

      const read = compiled.fromJson(json);

      assert.equal(read, value);
      assert.equal(compiled.toText(read), text);
      assert.equal(compiled.fromJson(compiled.toJson(read)), value, "and writes what it reads");
    });
  }

  for (const { type: given, json, why } of refused) {
    const ir = type(given);
    it(`refuses ${shortJson(json)} as ${ir.base}`, () => {
      const compiled = valueType(ir, identities, "m");

      assert.throws(
        () => compiled.fromJson(json),
        (error: Error) => error instanceof ValueError && why.test(error.message),
      );
    });
  }

  it("gives the error-app-tag of the restriction that failed", () => {
    const compiled = valueType(notAdmin, identities, "m");

    assert.throws(() => compiled.fromJson("admin"), { appTag: "name-reserved" });
  });

  it("keeps values out of its messages that are too long to read", () => {
    const compiled = valueType(lowered, identities, "m");

    assert.throws(
      () => compiled.fromJson("X".repeat(5000)),
      (error: Error) => error.message.startsWith(`"${"X".repeat(60)}…" does not match`),
    );
  });

  const texts: readonly { type: IrType | TypeName; text: string; value: LeafValue }[] = [
    { type: "int8", text: "+7", value: 7 },
    { type: "int8", text: "-0x10", value: -16 },
    { type: "uint64", text: "0", value: 0n },
    { type: "boolean", text: "true", value: true },
    { type: "empty", text: "", value: null },
    { type: union, text: "7", value: 7 },
    { type: union, text: "300", value: 300n },
    { type: union, text: "true", value: true },
  ];

  for (const { type: given, text, value } of texts) {
    it(`reads the text ${JSON.stringify(text)} as ${type(given).base}`, () => {
      assert.equal(valueType(type(given), identities, "m").fromText(text), value);
    });
  }

  it("leaves canonical values as they are, in JSON and in text", () => {
    const types = accepted.map((one) => type(one.type)).filter(({ base }) => base !== "union");
    for (const ir of types) {
      const compiled = valueType(ir, identities, "m");
      const random = arbitraryValue(ir, identities, "m");
      // Text of a typedef without its patterns is no example of it.
      if (random === undefined || ir.typedef !== undefined) continue;
      fc.assert(
        fc.property(random, (json) => {
          const value = compiled.fromJson(json);
          assert.equal(compiled.fromJson(compiled.toJson(value)), value);
          assert.equal(compiled.fromText(compiled.toText(value)), value);
        }),
        { numRuns: 20 },
      );
    }
  });
});
