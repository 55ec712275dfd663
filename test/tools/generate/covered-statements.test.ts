import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { coveredStatements, requireCovered } from "../../../tools/generate/covered-statements.ts";
import { GenerateError, parseStatement } from "../../../tools/generate/statement.ts";
import { statementCases } from "./statement-cases.ts";

/** Rows of the tables in the page: cells without the outer bars. */
function rows(): string[][] {
  const page = readFileSync("docs/reference/yang-statements.md", "utf8");
  const lines = page.split("\n").filter((line) => line.startsWith("| `"));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

describe("the table of YANG statements", () => {
  it("lists every covered statement and no other", () => {
    const listed = rows()
      .filter((cells) => cells.length === 4)
      .map(([statement = ""]) => statement.replaceAll("`", ""));

    assert.deepEqual(listed, [...coveredStatements].toSorted());
  });

  it("names a test of the golden table in every row", () => {
    const titles = new Set(statementCases.map(({ title }) => title));
    const unknown = rows()
      .map((cells) => cells.at(-1) ?? "")
      .filter((title) => !titles.has(title));

    assert.deepEqual(unknown, []);
  });

  for (const [statement = "", , , title = ""] of rows().filter((cells) => cells.length === 4)) {
    it(`has ${statement} in the test it names`, () => {
      const keyword = statement.replaceAll("`", "");
      const found = statementCases.find((row) => row.title === title);
      // The frame of every module and the imported module are not in the body of the row.
      const imported = ["torture-types", "torture-types-part"].map((name) =>
        readFileSync(`test/fixtures/yang/torture/${name}.yang`, "utf8"),
      );
      const frame = "module namespace prefix yang-version";
      const text = [found?.body, frame, ...imported].join("\n");

      assert.match(text, new RegExp(`(^|[\\s{;])${keyword}[\\s;{]`, "m"));
    });
  }

  it("refuses a statement that is not listed, with file and line", () => {
    const statement = parseStatement("module m {\n leaf l {\n  colour red;\n }\n}", "m.yang");

    assert.throws(
      () => requireCovered(statement, "m.yang"),
      new GenerateError("m.yang", 3, 'statement "colour" is not covered'),
    );
  });

  it("leaves the inside of an extension instance to the extension", () => {
    const statement = parseStatement("module m { x:y { colour red; } }", "m.yang");

    requireCovered(statement, "m.yang");
  });
});
