import type { IrXpath } from "../schema/ir.ts";
import {
  type Axis,
  axes,
  type Call,
  type Expression,
  type NodeTest,
  type Operator,
  type Step,
} from "./ast.ts";
import { type Token, tokenize } from "./lexer.ts";
import { XpathError } from "./xpath-error.ts";

/** Nesting of parentheses, predicates and arguments that an expression may have. */
const nestingMax = 100;
const lengthMax = 65_536;

/** Binary operators by precedence, weakest first; all associate to the left. */
const precedences: readonly (readonly Operator[])[] = [
  ["or"],
  ["and"],
  ["=", "!="],
  ["<", "<=", ">", ">="],
  ["+", "-"],
  ["*", "div", "mod"],
];

const nodeTypes = new Set(["node", "text", "comment", "processing-instruction"]);
const anyNode: NodeTest = { kind: "node" };
const descendants: Step = { axis: "descendant-or-self", test: anyNode, predicates: [] };

/** Parses an expression whose prefixes are module names. @throws XpathError */
export function parseXpath(xpath: IrXpath): Expression {
  if (xpath.expression.length > lengthMax) {
    throw new XpathError(`${xpath.expression.slice(0, 40)}…`, `longer than ${lengthMax}`);
  }
  return new Parser(xpath).parse();
}

class Parser {
  readonly #xpath: IrXpath;
  readonly #tokens: readonly Token[];
  #next = 0;
  #nesting = 0;

  constructor(xpath: IrXpath) {
    this.#xpath = xpath;
    this.#tokens = tokenize(xpath.expression);
  }

  parse(): Expression {
    const expression = this.#expression();
    if (this.#peek().kind !== "end") throw this.#unexpected();
    return expression;
  }

  #expression(): Expression {
    this.#nesting += 1;
    if (this.#nesting > nestingMax) throw this.#error(`nested deeper than ${nestingMax}`);
    const expression = this.#binary(0);
    this.#nesting -= 1;
    return expression;
  }

  #binary(level: number): Expression {
    const operators = precedences[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((candidate) => this.#accept(candidate, "operator"));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Expression {
    let negations = 0;
    while (this.#accept("-", "operator")) negations += 1;
    const operand = this.#union();
    if (negations === 0) return operand;
    const negated: Expression = { kind: "negate", operand };
    return negations % 2 === 1 ? negated : { kind: "negate", operand: negated };
  }

  #union(): Expression {
    let left = this.#path();
    while (this.#accept("|", "operator")) {
      left = { kind: "binary", operator: "|", left, right: this.#path() };
    }
    return left;
  }

  #path(): Expression {
    if (this.#accept("/", "operator")) {
      return { kind: "path", start: "root", steps: this.#startsStep() ? this.#steps() : [] };
    }
    if (this.#accept("//", "operator")) {
      return { kind: "path", start: "root", steps: [descendants, ...this.#steps()] };
    }
    return this.#startsPrimary()
      ? this.#filter()
      : { kind: "path", start: "context", steps: this.#steps() };
  }

  #startsPrimary(): boolean {
    const { kind, text } = this.#peek();
    if (kind === "function") return !nodeTypes.has(text);
    return kind === "literal" || kind === "number" || text === "(" || text === "$";
  }

  #startsStep(): boolean {
    const { kind, text } = this.#peek();
    return kind === "name" || kind === "axis" || kind === "function" || /^(\.|\.\.|@)$/.test(text);
  }

  #filter(): Expression {
    const expression = this.#primary();
    const predicates = this.#predicates();
    const steps = this.#moreSteps();
    if (predicates.length === 0 && steps.length === 0) return expression;
    return { kind: "path", start: { expression, predicates }, steps };
  }

  #primary(): Expression {
    const { kind, text } = this.#take();
    if (kind === "literal") return { kind, value: text };
    if (kind === "number") return { kind, value: Number(text) };
    if (kind === "function") return this.#call(text);
    if (text !== "(") throw this.#error("variables are not available");
    const inner = this.#expression();
    this.#expect(")");
    return inner;
  }

  #call(name: string): Call {
    this.#expect("(");
    const args: Expression[] = [];
    if (!this.#accept(")")) {
      do args.push(this.#expression());
      while (this.#accept(","));
      this.#expect(")");
    }
    return { kind: "call", name, args };
  }

  #steps(): Step[] {
    return [this.#step(), ...this.#moreSteps()];
  }

  #moreSteps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.#accept("//", "operator")) steps.push(descendants, this.#step());
      else if (this.#accept("/", "operator")) steps.push(this.#step());
      else return steps;
    }
  }

  #step(): Step {
    if (this.#accept(".")) return { axis: "self", test: anyNode, predicates: [] };
    if (this.#accept("..")) return { axis: "parent", test: anyNode, predicates: [] };
    const axis = this.#axis();
    return { axis, test: this.#nodeTest(), predicates: this.#predicates() };
  }

  #axis(): Axis {
    if (this.#accept("@")) return "attribute";
    if (this.#peek().kind !== "axis") return "child";
    const { text } = this.#take();
    const axis = axes.find((candidate) => candidate === text);
    if (axis === undefined) throw this.#error(`no axis is called "${text}"`);
    this.#expect("::");
    return axis;
  }

  #nodeTest(): NodeTest {
    const { kind, text } = this.#peek();
    if (kind === "function" && nodeTypes.has(text)) return this.#nodeType(this.#take().text);
    if (kind !== "name") throw this.#unexpected();
    this.#take();
    if (text === "*") return { kind: "name", module: undefined, name: undefined };
    const colon = text.indexOf(":");
    const name = text.slice(colon + 1);
    const module = colon < 0 ? this.#xpath.module : text.slice(0, colon);
    return { kind: "name", module, name: name === "*" ? undefined : name };
  }

  #nodeType(text: string): NodeTest {
    this.#expect("(");
    if (text === "processing-instruction" && this.#peek().kind === "literal") this.#take();
    this.#expect(")");
    return text === "node" || text === "text" ? { kind: text } : { kind: "nothing" };
  }

  #predicates(): Expression[] {
    const predicates: Expression[] = [];
    while (this.#accept("[")) {
      predicates.push(this.#expression());
      this.#expect("]");
    }
    return predicates;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw this.#error("ends too early");
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #accept(text: string, kind: Token["kind"] = "symbol"): boolean {
    const token = this.#peek();
    if (token.text !== text || token.kind !== kind) return false;
    this.#next += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected();
  }

  #unexpected(): XpathError {
    const { kind, text, at } = this.#peek();
    return this.#error(kind === "end" ? "ends too early" : `unexpected "${text}" at ${at}`);
  }

  #error(reason: string): XpathError {
    return new XpathError(this.#xpath.expression, reason);
  }
}
