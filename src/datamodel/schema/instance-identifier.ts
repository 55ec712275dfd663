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

const identifier = "[A-Za-z_][A-Za-z0-9_.-]*";
const nodeName = new RegExp(`(?:(${identifier}):)?(${identifier})`, "y");
const space = /[ \t\r\n]*/y;
const stepsMax = 100;

/** @throws ValueError naming where the text goes wrong */
export function parseSteps(text: string): TextStep[] {
  if (text.length > textLengthMax) {
    throw new ValueError(`a path of ${text.length} characters is longer than ${textLengthMax}`);
  }
  const reader = new PathReader(text);
  const steps: TextStep[] = [];
  do {
    steps.push(reader.step());
    if (steps.length > stepsMax) throw new ValueError(`a path of more than ${stepsMax} steps`);
  } while (!reader.atEnd);
  return steps;
}

class PathReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  step(): TextStep {
    this.#expect("/");
    const { module, name } = this.#name();
    const predicates: TextPredicate[] = [];
    while (this.#skip("[")) predicates.push(this.#predicate());
    return { module, name, predicates };
  }

  #predicate(): TextPredicate {
    this.#match(space);
    const position = this.#match(/[1-9][0-9]{0,9}/y)?.[0];
    const predicate: TextPredicate =
      position === undefined
        ? this.#comparison()
        : { kind: "position", position: Number(position) };
    this.#match(space);
    this.#expect("]");
    return predicate;
  }

  #comparison(): TextPredicate {
    if (this.#skip(".")) return { kind: "value", value: this.#operand() };
    const { module, name } = this.#name();
    return { kind: "key", module, name, value: this.#operand() };
  }

  #operand(): string {
    this.#match(space);
    this.#expect("=");
    this.#match(space);
    if (!this.#match(/concat[ \t\r\n]*\(/y)) return this.#literal();
    let joined = "";
    do {
      this.#match(space);
      joined += this.#literal();
      this.#match(space);
    } while (this.#skip(","));
    this.#expect(")");
    return joined;
  }

  #literal(): string {
    const found = this.#match(/'([^']*)'|"([^"]*)"/y);
    if (found) return found[1] ?? found[2] ?? "";
    throw this.#unexpected("a value in quotes");
  }

  #name(): { module: string | undefined; name: string } {
    const found = this.#match(nodeName);
    const name = found?.[2];
    if (name === undefined) throw this.#unexpected("a node name");
    return { module: found?.[1], name };
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.#unexpected(`"${character}"`);
  }

  #skip(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position += 1;
    return true;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#position;
    const found = expression.exec(this.#text) ?? undefined;
    if (found) this.#position = expression.lastIndex;
    return found;
  }

  #unexpected(wanted: string): ValueError {
    const rest = this.#text.slice(this.#position);
    const found = rest === "" ? "the end" : shown(rest);
    return new ValueError(`expected ${wanted} at character ${this.#position + 1}, found ${found}`);
  }
}

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
