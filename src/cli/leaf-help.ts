import type { IrRestriction, IrType } from "../datamodel/schema/ir.ts";
import type { LeafListSchema, LeafSchema } from "../datamodel/schema/schema.ts";
import type { Command } from "./command-line.ts";
import { namesOf } from "./leaf-text.ts";

/** What help says of a leaf, all of it from the model. */

type Leaf = LeafSchema | LeafListSchema;

const exampleExtension = "yangplane-extensions:cli-example";
const initOnlyExtension = "yangplane-extensions:init-only";

/** The type as a word: of standard types the name, which says more than `string`. */
export function typeWord(leaf: Leaf): string {
  const word = wordOf(leaf.ir.type);
  return leaf.kind === "leaf-list" ? `list of ${word}` : word;
}

function wordOf(type: IrType): string {
  if (type.base === "leafref") return wordOf(type.type);
  return standardName(type) ?? type.base;
}

/** `mac-address` of a type that is, or is derived from, one of the IETF's. */
function standardName({ typedef, typedefChain = [] }: IrType): string | undefined {
  const names = typedef === undefined ? typedefChain : [typedef, ...typedefChain];
  return names.find((name) => name.startsWith("ietf-"))?.replace(/^.*:/, "");
}

/** The first sentence of the description, then what the value may be, a line for each rule. */
export function leafLines(leaf: Leaf): string[] {
  const { ir } = leaf;
  const facts = [...valueFacts(leaf), ...circumstances(leaf)].join(", ");
  const rules = leaf.config ? [...typeRules(ir.type), ...mustRules(leaf)] : [];
  return [firstSentence(ir.description), facts, ...rules].filter((line) => line !== "");
}

/** `1..1000000 seconds`, `default 300`. */
function valueFacts({ ir }: Leaf): string[] {
  const sizes = sizesOf(ir.type);
  const units = ir.units === undefined ? "" : ` ${ir.units}`;
  const ranges = sizes.map((size) => `${size}${units}`);
  if (ranges.length === 0 && units !== "") ranges.push(`in${units}`);
  const names = namesOf(ir.type);
  const choice = names.length === 0 ? [] : [oneOf(names)];
  return [...ranges, ...choice, ...references(ir.type), ...defaults(ir)];
}

function defaults(ir: Leaf["ir"]): string[] {
  const given = ir.kind === "leaf" ? [ir.default] : (ir.defaults ?? []);
  const values = given.filter((value) => value !== undefined);
  return values.length === 0 ? [] : [`default ${values.map(visible).join(" ")}`];
}

function visible(value: string): string {
  return value === "" ? "empty" : value;
}

function circumstances(leaf: Leaf): string[] {
  const isRequired = leaf.kind === "leaf" && leaf.ir.mandatory && leaf.config;
  return [
    ...(isRequired ? ["required"] : []),
    ...(isInitOnly(leaf) ? ["only when it is created"] : []),
    ...(leaf.config ? [] : ["state"]),
  ];
}

/** Its value is given with `add` or never. */
function isInitOnly({ extensions }: Leaf): boolean {
  return extensions.some(({ name }) => name === initOnlyExtension);
}

/** Whether it may be given as `name=value`: a key stands as a word. */
export function isSettable(leaf: Leaf, command: Command | undefined): boolean {
  if (leaf.kind === "leaf" && leaf.isKey) return false;
  return leaf.config && (command !== "set" || !isInitOnly(leaf));
}

export function exampleOf({ extensions }: Leaf): string {
  return extensions.find(({ name }) => name === exampleExtension)?.argument ?? "";
}

/** Ranges of numbers and lengths of texts. */
function sizesOf(type: IrType): string[] {
  switch (type.base) {
    case "string":
      return intervals(type.length, " characters");
    case "binary":
      return intervals(type.length, " bytes");
    case "leafref":
      return type.requireInstance ? [] : sizesOf(type.type);
    case "union":
      return type.types.flatMap(sizesOf);
    default:
      return "range" in type ? intervals(type.range, "") : [];
  }
}

function intervals(restriction: IrRestriction | undefined, what: string): string[] {
  if (restriction === undefined) return [];
  const texts = restriction.intervals.map(({ min, max }) => (min === max ? min : `${min}..${max}`));
  return [texts.join(" or ") + what];
}

function oneOf(names: readonly string[]): string {
  const [last, ...others] = [...names].reverse();
  return others.length === 0 ? String(last) : `${others.reverse().join(", ")} or ${last}`;
}

/** A leafref names its target by the last steps: `a ports name that exists`. */
function references(type: IrType): string[] {
  if (type.base !== "leafref" || !type.requireInstance) return [];
  const steps = type.target.split("/").slice(-2);
  return [`an existing ${steps.map((step) => step.replace(/^.*:/, "")).join(" ")}`];
}

/** What the model says to a value that breaks a pattern; without words, the pattern itself. */
function typeRules(type: IrType): string[] {
  if (type.base === "leafref") return type.requireInstance ? [] : typeRules(type.type);
  if (type.base === "union") return type.types.flatMap(typeRules);
  if (type.base !== "string") return [];
  const isStandard = standardName(type) !== undefined;
  return (type.patterns ?? []).flatMap(({ expression, invertMatch, message }) => {
    if (message !== undefined) return [message];
    return isStandard ? [] : [`${invertMatch ? "does not match" : "matches"} ${expression}`];
  });
}

function mustRules({ ir }: Leaf): string[] {
  return (ir.musts ?? []).flatMap(({ message }) => (message === undefined ? [] : [message]));
}

/** The first sentence of a description, on one line. */
export function firstSentence(description: string | undefined): string {
  const text = oneLine(description);
  return /^(.*?)\.( |$)/.exec(text)?.[1] ?? text;
}

/** A description without the line breaks of its module. */
export function oneLine(description: string | undefined): string {
  return (description ?? "").replaceAll(/\s+/g, " ").trim();
}
