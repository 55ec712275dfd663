import { CharacterReader, characterClass, escapedClass, literal } from "./xsd-class.ts";

/**
 * XSD regular expressions (XML Schema part 2, appendix F; RFC 7950 §9.4.5) as JavaScript ones. What
 * differs: the whole value must match, `^` and `$` are ordinary characters, `.` leaves out only CR
 * and
 * LF, classes can be subtracted, and `\i \c \d \s \w` mean sets of Unicode characters.
 *
 * Two habits of published modules that XSD lacks but libyang accepts are taken in: `(?:…)` for a
 * group, and a `?` behind a quantifier, which means nothing where the whole value must match.
 */
export type PatternNode =
  /** One character of a class, in the syntax of JavaScript's `v` flag. */
  | { readonly kind: "class"; readonly source: string }
  | { readonly kind: "sequence"; readonly parts: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly branches: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly part: PatternNode;
      readonly min: number;
      /** Infinity where the pattern has no upper bound. */
      readonly max: number;
    };

/** Groups within groups; far above any real pattern, far below the stack's end. */
const nestingMax = 100;

/** Compiles an XSD pattern. @throws Error with the pattern's text where it cannot be translated */
export function patternRegExp(expression: string): RegExp {
  try {
    return new RegExp(`^(?:${source(parsePattern(expression))})$`, "v");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`translating pattern ${JSON.stringify(expression)}: ${reason}`, { cause });
  }
}

/** The syntax tree of an XSD pattern, also what example values are made from. */
export function parsePattern(expression: string): PatternNode {
  const reader = new CharacterReader(expression);
  const tree = choice(reader, 0);
  if (!reader.atEnd) throw new Error(`unexpected ")" at ${reader.position}`);
  return tree;
}

function choice(reader: CharacterReader, depth: number): PatternNode {
  if (depth > nestingMax) throw new Error(`more than ${nestingMax} groups within each other`);
  const first = sequence(reader, depth);
  if (reader.peek !== "|") return first;
  const branches = [first];
  while (reader.skip("|")) branches.push(sequence(reader, depth));
  return { kind: "choice", branches };
}

function sequence(reader: CharacterReader, depth: number): PatternNode {
  const parts: PatternNode[] = [];
  while (!reader.atEnd && reader.peek !== "|" && reader.peek !== ")") {
    parts.push(quantified(reader, atom(reader, depth)));
  }
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind: "sequence", parts };
}

function atom(reader: CharacterReader, depth: number): PatternNode {
  const character = reader.next();
  switch (character) {
    case "(":
      return group(reader, depth);
    case "[":
      return { kind: "class", source: characterClass(reader) };
    case "\\":
      return { kind: "class", source: escapedClass(reader) };
    case ".":
      return { kind: "class", source: "[^\\n\\r]" };
    case "?":
    case "*":
    case "+":
      throw new Error(`nothing to repeat with "${character}" at ${reader.position - 1}`);
    default:
      return { kind: "class", source: literal(character) };
  }
}

function group(reader: CharacterReader, depth: number): PatternNode {
  if (reader.skip("?") && !reader.skip(":")) {
    throw new Error(`a group of a kind that XSD does not know at ${reader.position}`);
  }
  const inner = choice(reader, depth + 1);
  if (!reader.skip(")")) throw new Error('a "(" without its ")"');
  return inner;
}

function quantified(reader: CharacterReader, part: PatternNode): PatternNode {
  const bounds = quantifier(reader);
  if (bounds === undefined) return part;
  const [min, max] = bounds;
  if (min > max) throw new Error(`quantifier {${min},${max}} is the wrong way round`);
  reader.skip("?");
  if (quantifier(reader)) throw new Error(`two quantifiers in a row before ${reader.position}`);
  return { kind: "repeat", part, min, max };
}

function quantifier(reader: CharacterReader): readonly [number, number] | undefined {
  if (reader.skip("?")) return [0, 1];
  if (reader.skip("*")) return [0, Number.POSITIVE_INFINITY];
  if (reader.skip("+")) return [1, Number.POSITIVE_INFINITY];
  const counted = reader.match(/\{(\d+)(?:(,)(\d*))?\}/y);
  if (!counted) return undefined;
  const min = Number(counted[1]);
  if (counted[2] === undefined) return [min, min];
  return [min, counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY];
}

function source(node: PatternNode): string {
  switch (node.kind) {
    case "class":
      return node.source;
    case "sequence":
      return node.parts
        .map((part) => (part.kind === "choice" ? `(?:${source(part)})` : source(part)))
        .join("");
    case "choice":
      return node.branches.map(source).join("|");
    case "repeat": {
      const inner = node.part.kind === "class" ? source(node.part) : `(?:${source(node.part)})`;
      return `${inner}${quantifierSource(node.min, node.max)}`;
    }
  }
}

function quantifierSource(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
