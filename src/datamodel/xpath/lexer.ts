import { XpathError } from "./xpath-error.ts";

export interface Token {
  readonly kind:
    | "literal"
    | "number"
    | "symbol"
    | "operator"
    | "name"
    | "function"
    | "axis"
    | "end";
  readonly text: string;
  readonly at: number;
}

const ncName = String.raw`[\p{L}_][\p{L}\p{N}\p{M}._·-]*`;
const whitespace = /[ \t\r\n]*/uy;
const patterns = [
  { kind: "literal", regexp: /"[^"]*"|'[^']*'/uy },
  { kind: "number", regexp: /\d+(?:\.\d*)?|\.\d+/uy },
  { kind: "symbol", regexp: /\.\.|::|\/\/|!=|<=|>=|[()[\].@,/|+=<>$*-]/uy },
  { kind: "name", regexp: new RegExp(`${ncName}(?::(?!:)(?:\\*|${ncName}))?`, "uy") },
] as const;

const operatorSymbols = new Set(["/", "//", "|", "+", "-", "=", "!=", "<", "<=", ">", ">=", "*"]);
const operatorNames = new Set(["and", "or", "mod", "div"]);
/** After these a `*` or a name starts an operand (XPath 1.0 §3.7). */
const operandFollows = new Set(["@", "::", "(", "[", ",", "$"]);

/** Splits an expression into tokens; the last one is `end`. */
export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(expression, 0);
  while (at < expression.length) {
    const raw = nextRaw(expression, at);
    const end = at + raw.text.length;
    const token = classify(raw, tokens.at(-1), expression.slice(skipSpace(expression, end)));
    if (token === undefined) throw new XpathError(expression, `unexpected "${raw.text}" at ${at}`);
    tokens.push(token);
    at = skipSpace(expression, end);
  }
  tokens.push({ kind: "end", text: "", at });
  return tokens;
}

type Raw = { readonly kind: (typeof patterns)[number]["kind"]; text: string; at: number };

function nextRaw(expression: string, at: number): Raw {
  for (const { kind, regexp } of patterns) {
    regexp.lastIndex = at;
    const text = regexp.exec(expression)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  throw new XpathError(expression, `unexpected "${expression.charAt(at)}" at ${at}`);
}

function skipSpace(expression: string, at: number): number {
  whitespace.lastIndex = at;
  return at + (whitespace.exec(expression)?.[0].length ?? 0);
}

function classify(raw: Raw, previous: Token | undefined, rest: string): Token | undefined {
  const { text, at } = raw;
  if (raw.kind === "literal") return { kind: "literal", text: text.slice(1, -1), at };
  if (raw.kind === "number") return { kind: "number", text, at };
  const isOperand =
    previous === undefined || previous.kind === "operator" || operandFollows.has(previous.text);
  if (raw.kind === "symbol") {
    if (text === "*" && isOperand) return { kind: "name", text, at };
    return { kind: operatorSymbols.has(text) ? "operator" : "symbol", text, at };
  }
  if (!isOperand) return operatorNames.has(text) ? { kind: "operator", text, at } : undefined;
  if (rest.startsWith("::")) return { kind: "axis", text, at };
  return { kind: rest.startsWith("(") ? "function" : "name", text, at };
}
