import type { IrType } from "./ir.ts";
import { plainForm, shown, textLengthMax } from "./plain-form.ts";
import { ValueError, type ValueType } from "./value-type.ts";

/**
 * The text of an instance identifier (RFC 7951 §6.11) taken apart without a schema. Values are
 * XPath literals: either kind of quote, no escapes. A value with both kinds cannot be written so;
 * it is a `concat()` of literals, which XPath has and the RFC's grammar leaves out.
 */
export interface TextStep {
  /** Undefined where the name stands without one: the module of the step before. */
  readonly module: string | undefined;
  readonly name: string;
  readonly predicates: readonly TextPredicate[];
}

export type TextPredicate =
  | {
      readonly kind: "key";
      readonly module: string | undefined;
      readonly name: string;
      readonly value: string;
    }
  | { readonly kind: "value"; readonly value: string }
  | { readonly kind: "position"; readonly position: number };

const stepsMax = 100;

/** @throws ValueError naming where the text goes wrong */
export function parseSteps(text: string): TextStep[] {
  const reader = new StepReader(text);
  const steps: TextStep[] = [];
  do steps.push(reader.step());
  while (!reader.atEnd);
  return steps;
}

/**
 * Reads the steps of a path one by one, from a character where one begins. Transactions bring
 * paths by the hundred thousand, so this looks at characters and makes nothing but the steps.
 */
export class StepReader {
  readonly #text: string;
  #position: number;
  #steps = 0;

  /** @throws ValueError for a text that is too long */
  constructor(text: string, position = 0) {
    if (text.length > textLengthMax) {
      throw new ValueError(`a path of ${text.length} characters is longer than ${textLengthMax}`);
    }
    this.#text = text;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** @throws ValueError naming where the text goes wrong */
  step(): TextStep {
    this.#steps += 1;
    if (this.#steps > stepsMax) throw new ValueError(`a path of more than ${stepsMax} steps`);
    this.#expect("/");
    const { module, name } = this.#name();
    const predicates: TextPredicate[] = [];
    while (this.#skip("[")) predicates.push(this.#predicate());
    return { module, name, predicates };
  }

  #predicate(): TextPredicate {
    this.#skipSpace();
    const digits = this.#run(isDigit);
    const isPosition = digits.length <= positionDigitsMax && !digits.startsWith("0");
    if (digits !== "" && !isPosition)
      throw new ValueError(`${digits} is not the position of an entry`);
    const predicate: TextPredicate =
      digits === "" ? this.#comparison() : { kind: "position", position: Number(digits) };
    this.#skipSpace();
    this.#expect("]");
    return predicate;
  }

  #comparison(): TextPredicate {
    if (this.#skip(".")) return { kind: "value", value: this.#operand() };
    const { module, name } = this.#name();
    return { kind: "key", module, name, value: this.#operand() };
  }

  #operand(): string {
    this.#skipSpace();
    this.#expect("=");
    this.#skipSpace();
    if (!this.#text.startsWith("concat", this.#position)) return this.#literal();
    this.#position += "concat".length;
    this.#skipSpace();
    this.#expect("(");
    let joined = "";
    do {
      this.#skipSpace();
      joined += this.#literal();
      this.#skipSpace();
    } while (this.#skip(","));
    this.#expect(")");
    return joined;
  }

  #literal(): string {
    const quote = this.#text[this.#position];
    const start = this.#position + 1;
    const end = quote === "'" || quote === '"' ? this.#text.indexOf(quote, start) : -1;
    if (end < 0) throw this.#unexpected("a value in quotes");
    this.#position = end + 1;
    return this.#text.slice(start, end);
  }

  #name(): { module: string | undefined; name: string } {
    const first = this.#identifier();
    if (!this.#skip(":")) return { module: undefined, name: first };
    return { module: first, name: this.#identifier() };
  }

  #identifier(): string {
    if (isNameStart(this.#text.charCodeAt(this.#position))) return this.#run(isNamePart);
    throw this.#unexpected("a node name");
  }

  /** The characters from here on that are of a kind. */
  #run(isSuch: (code: number) => boolean): string {
    const start = this.#position;
    while (isSuch(this.#text.charCodeAt(this.#position))) this.#position += 1;
    return this.#text.slice(start, this.#position);
  }

  #skipSpace(): void {
    while (isSpace(this.#text.charCodeAt(this.#position))) this.#position += 1;
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.#unexpected(`"${character}"`);
  }

  #skip(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #unexpected(wanted: string): ValueError {
    const rest = this.#text.slice(this.#position);
    const found = rest === "" ? "the end" : shown(rest);
    return new ValueError(`expected ${wanted} at character ${this.#position + 1}, found ${found}`);
  }
}

const positionDigitsMax = 10;

/** Kinds of ASCII characters, by code: an identifier of RFC 7950 §6.2, and XPath's white space. */
const kinds = { space: 1, digit: 2, nameStart: 4, nameOther: 8 };
const kindByCode = new Uint8Array(128);
for (let code = 0; code < kindByCode.length; code += 1) {
  const character = String.fromCharCode(code);
  if (/[ \t\r\n]/.test(character)) kindByCode[code] = kinds.space;
  if (/[0-9]/.test(character)) kindByCode[code] = kinds.digit;
  if (/[A-Za-z_]/.test(character)) kindByCode[code] = kinds.nameStart;
  if (/[.-]/.test(character)) kindByCode[code] = kinds.nameOther;
}

const isSpace = (code: number): boolean => kindByCode[code] === kinds.space;
const isDigit = (code: number): boolean => kindByCode[code] === kinds.digit;
const isNameStart = (code: number): boolean => kindByCode[code] === kinds.nameStart;
const isNamePart = (code: number): boolean => (kindByCode[code] ?? 0) > kinds.space;

/** A value as an XPath string: single quotes unless the value has one. */
export function quoted(value: string): string {
  if (!value.includes("'")) return `'${value}'`;
  if (!value.includes('"')) return `"${value}"`;
  const pieces = value.split(/(?<=')(?=[^'])|(?<=[^'])(?=')/);
  return `concat(${pieces.map(quoted).join(", ")})`;
}

/**
 * Canonical as far as that goes without the schema: a module only where it changes, no spaces, one
 * kind of quotes. Whether the node exists is for validation (require-instance).
 */
export function instanceIdentifierType(
  ir: Extract<IrType, { base: "instance-identifier" }>,
): ValueType {
  const fromText = (text: string): string => printSteps(parseSteps(text));
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "string") return fromText(json);
      throw new ValueError(`${shown(json)} is not an instance identifier`);
    },
    fromText,
  };
}

function printSteps(steps: readonly TextStep[]): string {
  let current: string | undefined;
  return steps
    .map(({ module = current, name, predicates }) => {
      if (module === undefined) throw new ValueError(`/${name} lacks the name of its module`);
      const step = `/${module === current ? "" : `${module}:`}${name}`;
      current = module;
      return step + predicates.map((predicate) => printPredicate(predicate, module)).join("");
    })
    .join("");
}

function printPredicate(predicate: TextPredicate, module: string): string {
  switch (predicate.kind) {
    case "position":
      return `[${predicate.position}]`;
    case "value":
      return `[.=${quoted(predicate.value)}]`;
    case "key": {
      const own = predicate.module === undefined || predicate.module === module;
      const prefix = own ? "" : `${predicate.module}:`;
      return `[${prefix}${predicate.name}=${quoted(predicate.value)}]`;
    }
  }
}
