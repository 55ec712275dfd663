/** A YANG statement as text has it, nothing resolved. */
export interface Statement {
  /** `leaf`; `prefix:name` for an instance of an extension. */
  readonly keyword: string;
  readonly argument: string | undefined;
  readonly children: readonly Statement[];
  readonly parent: Statement | undefined;
  readonly line: number;
}

/** Text that is not YANG, or YANG that cannot be generated from; says file and line. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
  }
}

/** Parses one module or submodule (RFC 7950 §6). `file` is for messages only. */
export function parseStatement(text: string, file: string): Statement {
  const parser = new Parser(text, file);
  return parser.document();
}

/** libyang 2.1.30 prints `unique "leaf;`: its compiled form lacks the closing quote. */
export function parseCompiled(text: string, file: string): Statement {
  return parseStatement(text.replace(/^(\s*unique "[^"\n]*);$/gm, '$1";'), file);
}

export function childrenOf(statement: Statement, keyword: string): readonly Statement[] {
  return statement.children.filter((child) => child.keyword === keyword);
}

export function childOf(statement: Statement, keyword: string): Statement | undefined {
  return statement.children.find((child) => child.keyword === keyword);
}

/** The argument of the only substatement of this keyword. */
export function argumentOf(statement: Statement, keyword: string): string | undefined {
  return childOf(statement, keyword)?.argument;
}

type Open = { -readonly [K in keyof Statement]: Statement[K] } & { children: Statement[] };

class Parser {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;

  constructor(text: string, file: string) {
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
    this.#file = file;
  }

  document(): Statement {
    const statement = this.#statement(undefined);
    this.#skipBlank();
    if (this.#at < this.#text.length) this.#fail("text after the end of the module");
    return statement;
  }

  #statement(parent: Statement | undefined): Statement {
    this.#skipBlank();
    const line = this.#line;
    const keyword = this.#word();
    this.#skipBlank();
    const argument = this.#isStructure() ? undefined : this.#argument();
    const statement: Open = { keyword, argument, children: [], parent, line };
    this.#skipBlank();
    if (this.#take(";")) return statement;
    if (!this.#take("{")) this.#fail(`expected ";" or "{" after ${keyword}`);
    for (;;) {
      this.#skipBlank();
      if (this.#take("}")) return statement;
      statement.children.push(this.#statement(statement));
    }
  }

  #isStructure(): boolean {
    return ";{}".includes(this.#text.charAt(this.#at));
  }

  #take(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  #argument(): string {
    let argument = this.#quotedOrWord();
    for (;;) {
      this.#skipBlank();
      if (!this.#take("+")) return argument;
      this.#skipBlank();
      argument += this.#quotedOrWord();
    }
  }

  #quotedOrWord(): string {
    const quote = this.#text.charAt(this.#at);
    if (quote !== '"' && quote !== "'") return this.#word();
    const column = this.#column();
    const start = this.#at + 1;
    let end = start;
    while (end < this.#text.length && this.#text.charAt(end) !== quote) {
      end += quote === '"' && this.#text.charAt(end) === "\\" ? 2 : 1;
    }
    if (end >= this.#text.length) this.#fail("a string without an end");
    const raw = this.#text.slice(start, end);
    this.#advance(end + 1);
    return quote === "'" ? raw : resolveEscapes(trimLines(raw, column));
  }

  #word(): string {
    const word = /[^\s;{}"']*/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0] ?? "";
    // A comment may follow an unquoted word without a blank (RFC 7950 §6.1.3 forbids it inside).
    const [text = ""] = found.split(/\/\/|\/\*/, 1);
    if (text === "") this.#fail("expected a statement");
    this.#at += text.length;
    return text;
  }

  #skipBlank(): void {
    const blank = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
    blank.lastIndex = this.#at;
    this.#advance(this.#at + (blank.exec(this.#text)?.[0].length ?? 0));
  }

  #advance(to: number): void {
    for (let at = this.#text.indexOf("\n", this.#at); at !== -1 && at < to; ) {
      this.#line += 1;
      at = this.#text.indexOf("\n", at + 1);
    }
    this.#at = to;
  }

  /** Columns before the current character; a tab counts 8 (RFC 7950 §6.1.3). */
  #column(): number {
    const lineStart = this.#text.lastIndexOf("\n", this.#at - 1) + 1;
    return columnsOf(this.#text.slice(lineStart, this.#at));
  }

  #fail(message: string): never {
    throw new GenerateError(this.#file, this.#line, message);
  }
}

function columnsOf(text: string): number {
  return text.length + 7 * (text.split("\t").length - 1);
}

/** Cuts blanks before line ends, and indentation up to the column behind the opening quote. */
function trimLines(raw: string, quoteColumn: number): string {
  if (!raw.includes("\n")) return raw;
  const [first = "", ...rest] = raw.split(/\r?\n/);
  const cut = rest.map((line) => cutIndent(line, quoteColumn + 1));
  const last = cut.length - 1;
  const trimmed = cut.map((line, index) => (index === last ? line : line.replace(/[ \t]+$/, "")));
  return [first.replace(/[ \t]+$/, ""), ...trimmed].join("\n");
}

function cutIndent(line: string, columns: number): string {
  let column = 0;
  let at = 0;
  while (column < columns && (line[at] === " " || line[at] === "\t")) {
    column += line[at] === "\t" ? 8 : 1;
    at += 1;
  }
  // A tab that reaches over the column leaves its rest as blanks.
  return " ".repeat(Math.max(0, column - columns)) + line.slice(at);
}

function resolveEscapes(text: string): string {
  return text.replace(/\\([nt"\\])/g, (_, escaped: string) => {
    if (escaped === "n") return "\n";
    return escaped === "t" ? "\t" : escaped;
  });
}
