import { unicodeBlock } from "./unicode-blocks.ts";

/** Reads a pattern one code point at a time. */
export class CharacterReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get position(): number {
    return this.#position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  /** The next code point, "" at the end. */
  get peek(): string {
    return this.peekAt(0);
  }

  /** The code point `offset` UTF-16 units ahead, "" beyond the end. */
  peekAt(offset: number): string {
    const code = this.#text.codePointAt(this.#position + offset);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  next(): string {
    const character = this.peek;
    if (character === "") throw new Error("ends too early");
    this.#position += character.length;
    return character;
  }

  skip(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#position)) return false;
    this.#position += expected.length;
    return true;
  }

  /** Matches a sticky expression here and moves behind it. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#position;
    const found = expression.exec(this.#text) ?? undefined;
    if (found) this.#position = expression.lastIndex;
    return found;
  }
}

/** XML 1.0 (fifth edition) NameStartChar and what NameChar has besides, both with ":". */
const nameStart =
  ":A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}" +
  "\\u{200c}-\\u{200d}\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}" +
  "\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}";
const nameCharacter = `${nameStart}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}`;

const classEscapes: ReadonlyMap<string, string> = new Map([
  ["d", "\\p{Nd}"],
  ["D", "\\P{Nd}"],
  ["w", "[^\\p{P}\\p{Z}\\p{C}]"],
  ["W", "[\\p{P}\\p{Z}\\p{C}]"],
  ["s", "[ \\t\\n\\r]"],
  ["S", "[^ \\t\\n\\r]"],
  ["i", `[${nameStart}]`],
  ["I", `[^${nameStart}]`],
  ["c", `[${nameCharacter}]`],
  ["C", `[^${nameCharacter}]`],
]);

const controlEscapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** One character as itself, in the `v` syntax within and without a class. */
export function literal(character: string): string {
  if (/^[A-Za-z0-9]$/.test(character)) return character;
  return `\\u{${codePoint(character).toString(16)}}`;
}

/** What stands behind a backslash, as a class or a character. */
export function escapedClass(reader: CharacterReader): string {
  const name = reader.next();
  if (name === "p" || name === "P") return property(reader, name);
  return classEscapes.get(name) ?? literal(escapedCharacter(name));
}

function escapedCharacter(name: string): string {
  const control = controlEscapes.get(name);
  if (control !== undefined) return control;
  // XSD allows the escape for its metacharacters only; modules in the wild escape any punctuation.
  if (/[A-Za-z0-9]/.test(name)) throw new Error(`unknown escape "\\${name}"`);
  return name;
}

function property(reader: CharacterReader, letter: "p" | "P"): string {
  const name = reader.match(/\{([^}]*)\}/y)?.[1];
  if (name === undefined) throw new Error(`"\\${letter}" without "{name}"`);
  if (name.startsWith("Is")) {
    const range = unicodeBlock(name.slice(2));
    if (range === undefined) throw new Error(`unknown Unicode block "${name.slice(2)}"`);
    return `[${letter === "P" ? "^" : ""}${range}]`;
  }
  if (!/^[LMNPZSC][a-z]?$/.test(name)) throw new Error(`unknown Unicode category "${name}"`);
  return `\\${letter}{${name}}`;
}

/** A class expression behind its "[". */
export function characterClass(reader: CharacterReader): string {
  const negated = reader.skip("^");
  const members: string[] = [];
  while (!reader.skip("]")) {
    if (isSubtraction(reader, members)) return subtracted(reader, members, negated);
    members.push(member(reader));
  }
  return positive(members, negated);
}

function isSubtraction(reader: CharacterReader, members: readonly string[]): boolean {
  return members.length > 0 && reader.skip("-[");
}

function subtracted(reader: CharacterReader, members: readonly string[], negated: boolean): string {
  const base = positive(members, negated);
  const removed = characterClass(reader);
  if (!reader.skip("]")) throw new Error("a class goes on behind its subtraction");
  return `[${base}--${removed}]`;
}

function positive(members: readonly string[], negated: boolean): string {
  if (members.length === 0) throw new Error("an empty class");
  return `[${negated ? "^" : ""}${members.join("")}]`;
}

/** A range, a single character or an escape. */
function member(reader: CharacterReader): string {
  const low = classCharacter(reader);
  const isRange = reader.peek === "-" && !["]", "[", ""].includes(reader.peekAt(1));
  if (low.character === undefined || !isRange) return low.source;
  reader.next();
  const high = classCharacter(reader);
  if (high.character === undefined) throw new Error(`a range that ends in ${high.source}`);
  if (codePoint(low.character) > codePoint(high.character)) {
    throw new Error(`range ${low.character}-${high.character} is the wrong way round`);
  }
  return `${low.source}-${high.source}`;
}

interface ClassCharacter {
  readonly source: string;
  /** Undefined where the escape stands for many. */
  readonly character?: string;
}

function classCharacter(reader: CharacterReader): ClassCharacter {
  const character = reader.next();
  if (character !== "\\") return { source: literal(character), character };
  const name = reader.peek;
  if (name === "p" || name === "P" || classEscapes.has(name)) {
    return { source: escapedClass(reader) };
  }
  const escaped = escapedCharacter(reader.next());
  return { source: literal(escaped), character: escaped };
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
