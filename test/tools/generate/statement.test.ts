import assert from "node:assert/strict";
import fc from "fast-check";
import {
  argumentOf,
  GenerateError,
  parseCompiled,
  parseStatement,
} from "../../../tools/generate/statement.ts";

const argument = (text: string) => parseStatement(text, "t").argument;

describe("parsing YANG", () => {
  const cases = [
    { what: "an unquoted argument", text: "a b/c:d;", is: "b/c:d" },
    { what: "no argument", text: "input { }", is: undefined },
    {
      what: "a single-quoted argument as it is",
      text: String.raw`a 'x\n"';`,
      is: String.raw`x\n"`,
    },
    { what: "escapes in double quotes", text: String.raw`a "\n\t\"\\\d";`, is: '\n\t"\\\\d' },
    { what: "strings added up", text: `a "b" // c\n + 'd' /* e */ + "f";`, is: "bdf" },
    { what: "a comment behind a word", text: "a b/* c */;", is: "b" },
    { what: "lines without blanks at their ends", text: 'a "b  \n    c\t\n   d";', is: "b\n c\nd" },
    { what: "indentation up to the quote", text: '  a "b\n     c\n\td\n e";', is: "b\nc\n   d\ne" },
    { what: "Windows line ends", text: 'a "b\r\n   c";', is: "b\nc" },
    { what: "an empty argument", text: 'a "";', is: "" },
  ];
  for (const { what, text, is } of cases) {
    it(`reads ${what}`, () => {
      assert.equal(argument(text), is);
    });
  }

  const broken = [
    { what: "a string without an end", text: 'a "b', says: "t:1: a string without an end" },
    { what: "a missing brace", text: "a {\n b c;\n", says: "t:3: expected a statement" },
    {
      what: "text after the module",
      text: "a;\nb;",
      says: "t:2: text after the end of the module",
    },
    { what: "a missing semicolon", text: 'a b\n "c"', says: 't:2: expected ";" or "{" after a' },
  ];
  for (const { what, text, says } of broken) {
    it(`names the line of ${what}`, () => {
      assert.throws(
        () => parseStatement(text, "t"),
        (error) => error instanceof GenerateError && error.message === says,
      );
    });
  }

  it("counts lines and keeps parents", () => {
    const [child] = parseStatement("a {\n /* \n */ b c;\n}", "t").children;

    assert.deepEqual([child?.keyword, child?.line, child?.parent?.keyword], ["b", 3, "a"]);
  });

  for (const printed of ['unique "a, b;', 'unique "a, b";']) {
    it(`reads ${printed} of the compiled form`, () => {
      const list = parseCompiled(`list l {\n  ${printed}\n  config true;\n}`, "t");

      assert.equal(argumentOf(list, "unique"), "a, b");
    });
  }

  it("reads back whatever is quoted", () => {
    const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.equal(argument(`a ${quote(text)};`), text);
      }),
    );
  });

  it("throws nothing but a GenerateError for any text", () => {
    const piece = fc.constantFrom(
      "a",
      '"',
      "'",
      "{",
      "}",
      ";",
      "+",
      "/*",
      "*/",
      "//",
      "\n",
      "\\",
      " ",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        try {
          parseStatement(pieces.join(""), "t");
        } catch (error) {
          assert.ok(error instanceof GenerateError);
        }
      }),
    );
  });
});
