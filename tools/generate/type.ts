import type {
  IrBit,
  IrEnum,
  IrIntegerBase,
  IrInterval,
  IrPattern,
  IrRestriction,
  IrType,
  IrXpath,
} from "../../src/datamodel/schema/ir.ts";
import type { Identities } from "./identity.ts";
import { optional } from "./optional.ts";
import type { SourceLibrary } from "./source.ts";
import { argumentOf, childOf, childrenOf, type Statement } from "./statement.ts";

/** What a type needs to know of the leaf it stands in. */
export interface TypeSite {
  xpath(statement: Statement): IrXpath;
  leafref(path: IrXpath, requireInstance: boolean): IrType;
}

export interface TypeTools {
  readonly library: SourceLibrary;
  readonly identities: Identities;
}

/** A `type` statement as written, followed to the built-in type it ends in. */
interface Chain {
  /** Outermost first. */
  readonly typedefs: readonly Statement[];
  readonly builtin: Statement;
}

const integerBases: ReadonlySet<string> = new Set<IrIntegerBase>([
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
]);

const builtins: ReadonlySet<string> = new Set([
  ...integerBases,
  "decimal64",
  "string",
  "binary",
  "boolean",
  "empty",
  "enumeration",
  "bits",
  "leafref",
  "identityref",
  "instance-identifier",
  "union",
]);

/**
 * The type of a leaf: restrictions from libyang's compiled form, names of typedefs and what needs
 * prefixes (bases, paths) from the statement as written.
 */
export function buildType(
  compiled: Statement,
  written: Statement,
  site: TypeSite,
  tools: TypeTools,
): IrType {
  const chain = followType(written, tools.library);
  const [typedef, ...behind] = chain.typedefs.map((statement) => {
    return `${tools.library.sourceOf(statement).module}:${statement.argument}`;
  });
  const names = {
    ...optional("typedef", typedef),
    ...(behind.length === 0 ? {} : { typedefChain: behind }),
  };
  // Assigned, not copied: a leafref is filled in later, in this very object.
  return Object.assign(baseType(compiled, chain.builtin, site, tools), names);
}

export function followType(type: Statement, library: SourceLibrary): Chain {
  const typedefs: Statement[] = [];
  let current = type;
  for (;;) {
    const name = current.argument ?? "";
    if (builtins.has(name)) return { typedefs, builtin: current };
    const typedef = library.find("typedef", name, current);
    typedefs.push(typedef);
    const next = childOf(typedef, "type");
    if (!next) throw library.error(typedef, "typedef without a type");
    current = next;
  }
}

function baseType(
  compiled: Statement,
  builtin: Statement,
  site: TypeSite,
  tools: TypeTools,
): IrType {
  const base = compiled.argument ?? "";
  if (isInteger(base)) return { base, ...optional("range", restriction(compiled, "range")) };
  switch (base) {
    case "decimal64":
      return decimalType(compiled);
    case "string":
      return {
        base,
        ...optional("length", restriction(compiled, "length")),
        ...optional("patterns", patterns(compiled)),
      };
    case "binary":
      return { base, ...optional("length", restriction(compiled, "length")) };
    case "boolean":
    case "empty":
      return { base };
    case "enumeration":
      return { base, enums: childrenOf(compiled, "enum").map(toEnum) };
    case "bits":
      return { base, bits: childrenOf(compiled, "bit").map(toBit) };
    case "leafref":
      return leafref(compiled, builtin, site);
    case "identityref":
      return {
        base,
        bases: childrenOf(builtin, "base").map((name) => tools.identities.nameOfBase(name)),
      };
    case "instance-identifier":
      return { base, requireInstance: argumentOf(compiled, "require-instance") !== "false" };
    case "union":
      return { base, types: unionTypes(compiled, builtin, site, tools) };
    default:
      throw tools.library.error(builtin, `type "${base}" is not covered`);
  }
}

function isInteger(base: string): base is IrIntegerBase {
  return integerBases.has(base);
}

function leafref(compiled: Statement, builtin: Statement, site: TypeSite): IrType {
  const path = childOf(builtin, "path");
  if (!path) throw new Error("libyang compiled a leafref without a path");
  return site.leafref(site.xpath(path), argumentOf(compiled, "require-instance") !== "false");
}

/** libyang flattens unions in unions; so do we with the statements as written. */
function unionTypes(
  compiled: Statement,
  builtin: Statement,
  site: TypeSite,
  tools: TypeTools,
): IrType[] {
  const written = flatMembers(builtin, tools.library);
  const members = childrenOf(compiled, "type");
  if (written.length !== members.length) {
    throw tools.library.error(builtin, "libyang sees other members in this union than are written");
  }
  return members.map((member, index) => buildType(member, written[index] ?? member, site, tools));
}

function flatMembers(union: Statement, library: SourceLibrary): Statement[] {
  return childrenOf(union, "type").flatMap((member) => {
    const { builtin } = followType(member, library);
    return builtin.argument === "union" ? flatMembers(builtin, library) : [member];
  });
}

function decimalType(compiled: Statement): IrType {
  const fractionDigits = Number(argumentOf(compiled, "fraction-digits"));
  const range = restriction(compiled, "range");
  if (range === undefined) return { base: "decimal64", fractionDigits };
  const intervals = range.intervals.map(({ min, max }) => ({
    min: unscale(min, fractionDigits),
    max: unscale(max, fractionDigits),
  }));
  return { base: "decimal64", fractionDigits, range: { ...range, intervals } };
}

/** libyang 2 prints decimal64 bounds as the integers it keeps: 1.5 with 2 digits as 150. */
function unscale(bound: string, fractionDigits: number): string {
  if (bound.includes(".")) return bound;
  const sign = bound.startsWith("-") ? "-" : "";
  const digits = bound.slice(sign.length).padStart(fractionDigits + 1, "0");
  const whole = digits.slice(0, -fractionDigits);
  const fraction = digits.slice(-fractionDigits).replace(/0+$/, "");
  return `${sign}${whole}.${fraction || "0"}`;
}

function restriction(type: Statement, keyword: string): IrRestriction | undefined {
  const statement = childOf(type, keyword);
  return statement && { intervals: intervals(statement.argument ?? ""), ...complaint(statement) };
}

function intervals(text: string): IrInterval[] {
  return text.split("|").map((part) => {
    const [min = "", max = min] = part.split("..").map((bound) => bound.trim());
    return { min, max };
  });
}

function patterns(type: Statement): IrPattern[] | undefined {
  const statements = childrenOf(type, "pattern");
  if (statements.length === 0) return undefined;
  return statements.map((pattern) => ({
    expression: pattern.argument ?? "",
    ...(argumentOf(pattern, "modifier") === "invert-match" ? { invertMatch: true } : {}),
    ...complaint(pattern),
  }));
}

/** error-message and error-app-tag of a restriction or must. */
export function complaint(statement: Statement): { message?: string; appTag?: string } {
  return {
    ...optional("message", argumentOf(statement, "error-message")),
    ...optional("appTag", argumentOf(statement, "error-app-tag")),
  };
}

function toEnum(statement: Statement): IrEnum {
  return {
    name: statement.argument ?? "",
    value: Number(argumentOf(statement, "value")),
    ...optional("description", argumentOf(statement, "description")),
  };
}

function toBit(statement: Statement): IrBit {
  return {
    name: statement.argument ?? "",
    position: Number(argumentOf(statement, "position")),
    ...optional("description", argumentOf(statement, "description")),
  };
}
