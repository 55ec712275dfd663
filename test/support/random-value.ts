import fc from "fast-check";
import { valueType } from "../../src/datamodel/schema/compile-type.ts";
import type { IrInterval, IrRestriction, IrType } from "../../src/datamodel/schema/ir.ts";
import type { Schema } from "../../src/datamodel/schema/schema.ts";
import type { ValueType } from "../../src/datamodel/schema/value-type.ts";
import { type PatternNode, parsePattern } from "../../src/datamodel/schema/xsd-pattern.ts";

export type JsonArbitrary = fc.Arbitrary<unknown>;

/**
 * RFC 7951 values that a type accepts; undefined where none was found (patterns that random text
 * does not meet). A leafref gets any value of its target's type: `arbitraryData` makes it point.
 */
export function arbitraryValue(
  type: IrType,
  identities: Schema["derivedIdentities"],
  module: string,
): JsonArbitrary | undefined {
  switch (type.base) {
    case "boolean":
      return fc.boolean();
    case "empty":
      return fc.constant([null]);
    case "enumeration":
      return fc.constantFrom(...type.enums.map(({ name }) => name));
    case "bits":
      return fc.shuffledSubarray(type.bits.map(({ name }) => name)).map((names) => names.join(" "));
    case "binary":
      return arbitraryBinary(type.length);
    case "string":
      return arbitraryString(type, valueType(type, identities, module));
    case "decimal64":
      return arbitraryDecimal(type.fractionDigits, type.range);
    case "identityref":
      return arbitraryIdentity(type.bases, identities);
    case "instance-identifier":
      return fc.constant("/none:none");
    case "leafref":
      return arbitraryValue(type.type, identities, module);
    case "union":
      return arbitraryMember(type.types, identities, module);
    default:
      return arbitraryInteger(type.base, type.range);
  }
}

function arbitraryMember(
  types: readonly IrType[],
  identities: Schema["derivedIdentities"],
  module: string,
): JsonArbitrary | undefined {
  const free = types.filter(({ base }) => base !== "leafref" && base !== "instance-identifier");
  const members = (free.length > 0 ? free : types).flatMap(
    (member) => arbitraryValue(member, identities, module) ?? [],
  );
  return members.length === 0 ? undefined : fc.oneof(...members);
}

function arbitraryInteger(base: string, range: IrRestriction | undefined): JsonArbitrary {
  const width = BigInt(base.replace(/^u?int/, ""));
  const whole = base.startsWith("u")
    ? { min: "0", max: String(2n ** width - 1n) }
    : { min: String(-(2n ** (width - 1n))), max: String(2n ** (width - 1n) - 1n) };
  const value = arbitraryInIntervals(range?.intervals ?? [whole], BigInt);
  return width === 64n ? value.map(String) : value.map(Number);
}

function arbitraryDecimal(digits: number, range: IrRestriction | undefined): JsonArbitrary {
  const scale = (text: string): bigint => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(digits, "0"));
  };
  const limit = 2n ** 63n;
  const units = range
    ? arbitraryInIntervals(range.intervals, scale)
    : fc.bigInt({ min: -limit, max: limit - 1n });
  return units.map((value) => {
    const text = String(value < 0n ? -value : value).padStart(digits + 1, "0");
    return `${value < 0n ? "-" : ""}${text.slice(0, -digits)}.${text.slice(-digits)}`;
  });
}

function arbitraryInIntervals(
  intervals: readonly IrInterval[],
  parse: (bound: string) => bigint,
): fc.Arbitrary<bigint> {
  return fc.oneof(
    ...intervals.map(({ min, max }) => fc.bigInt({ min: parse(min), max: parse(max) })),
  );
}

function arbitraryIdentity(
  bases: readonly string[],
  identities: Schema["derivedIdentities"],
): JsonArbitrary | undefined {
  const [first, ...rest] = bases.map((base) => identities.get(base) ?? new Set<string>());
  const names = [...(first ?? [])].filter((name) => rest.every((members) => members.has(name)));
  return names.length === 0 ? undefined : fc.constantFrom(...names);
}

function arbitraryBinary(length: IrRestriction | undefined): JsonArbitrary {
  return arbitraryLength(length)
    .chain((octets) => fc.uint8Array({ minLength: octets, maxLength: octets }))
    .map((octets) => Buffer.from(octets).toString("base64"));
}

/** Lengths that a restriction allows, short ones only. */
function arbitraryLength(length: IrRestriction | undefined): fc.Arbitrary<number> {
  const intervals = length?.intervals ?? [{ min: "0", max: "12" }];
  return fc.oneof(
    ...intervals.map(({ min, max }) =>
      fc.integer({ min: Number(min), max: Math.min(Number(max), Number(min) + 12) }),
    ),
  );
}

const characters = [..."abcxyzABCXYZ0189 -_.:/@'\"<>&[]\\\téß語😀\u007f\ufffd"];

function arbitraryString(
  type: Extract<IrType, { base: "string" }>,
  checked: ValueType,
): JsonArbitrary | undefined {
  const wanted = (type.patterns ?? []).filter(({ invertMatch }) => !invertMatch);
  if (wanted.length === 0) {
    const text = arbitraryLength(type.length).chain((length) =>
      fc.string({ unit: fc.constantFrom(...characters), minLength: length, maxLength: length }),
    );
    if ((type.patterns ?? []).length === 0) return text;
    return pool([text], checked);
  }
  return pool(
    wanted.map(({ expression }) => arbitraryMatch(parsePattern(expression))),
    checked,
  );
}

/** Those of many samples that the type accepts; filtering while generating could go on for ever. */
function pool(
  sources: readonly fc.Arbitrary<string>[],
  type: ValueType,
): JsonArbitrary | undefined {
  const accepted = fc
    .sample(fc.oneof(...sources), { numRuns: 500, seed: 1 })
    .filter((text) => accepts(type, text));
  return accepted.length === 0 ? undefined : fc.constantFrom(...new Set(accepted));
}

function accepts(type: ValueType, json: unknown): boolean {
  try {
    type.fromJson(json);
    return true;
  } catch {
    return false;
  }
}

/** Text that matches a pattern. */
export function arbitraryMatch(node: PatternNode): fc.Arbitrary<string> {
  switch (node.kind) {
    case "class":
      return fc.constantFrom(...membersOfClass(node.source));
    case "choice":
      return fc.oneof(...node.branches.map(arbitraryMatch));
    case "sequence":
      return fc.tuple(...node.parts.map(arbitraryMatch)).map((parts) => parts.join(""));
    case "repeat":
      return fc
        .array(arbitraryMatch(node.part), {
          minLength: node.min,
          maxLength: Math.min(node.max, node.min + 6),
        })
        .map((parts) => parts.join(""));
  }
}

// No white space but ASCII's: to libyang's PCRE all of Unicode's is \s, to XSD it is not.
const candidates = [
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  ..."\t\n\réßΩЖ語あ٣😀",
];

function membersOfClass(source: string): string[] {
  const members = new RegExp(`^(?:${source})$`, "v");
  const common = candidates.filter((character) => members.test(character));
  if (common.length > 0) return common;
  const all = Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code));
  return all.filter((character) => members.test(character)).slice(0, 50);
}
