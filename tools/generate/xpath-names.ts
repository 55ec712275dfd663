/**
 * Puts module names in the place of prefixes in an XPath expression: in node names, and in string
 * literals that name an identity (`derived-from(., 'p:name')`, `type = 'p:name'`). Prefixes mean
 * something only in the file they are written in; the IR has no files.
 */
export interface PrefixNames {
  /** The module a prefix stands for where the expression is written. */
  module(prefix: string): string | undefined;
  isIdentity(module: string, name: string): boolean;
}

const name = "[A-Za-z_][A-Za-z0-9_.-]*";
// A literal, or `prefix:name`, or `prefix:*`; never an axis (`child::x`) because of the lookahead.
const token = new RegExp(`"[^"]*"|'[^']*'|(${name}):(?!:)(${name}|\\*)|${name}`, "g");
const qualified = new RegExp(`^(${name}):(${name})$`);

/** @throws whatever `unknown` throws for a prefix no import declares. */
export function qualifyXpath(
  expression: string,
  names: PrefixNames,
  unknown: (prefix: string) => Error,
): string {
  return expression.replace(token, (text, prefix: string | undefined, local: string) => {
    if (text.startsWith('"') || text.startsWith("'")) return qualifyLiteral(text, names);
    if (prefix === undefined) return text;
    const module = names.module(prefix);
    if (module === undefined) throw unknown(prefix);
    return `${module}:${local}`;
  });
}

function qualifyLiteral(literal: string, names: PrefixNames): string {
  const match = qualified.exec(literal.slice(1, -1));
  const module = names.module(match?.[1] ?? "");
  const identity = match?.[2];
  if (module === undefined || identity === undefined) return literal;
  if (!names.isIdentity(module, identity)) return literal;
  const quote = literal.charAt(0);
  return `${quote}${module}:${identity}${quote}`;
}
