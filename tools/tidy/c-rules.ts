import { type Finding, judge, type Limit, type Source } from "./finding.ts";

const functionLines: Limit = { rule: "c-function-lines", warn: 50, fail: 70 };

/** The kernel keeps 15 characters of a map's name and cuts the rest in silence. */
const mapName: Limit = { rule: "map-name", warn: 15, fail: 15 };

export function checkC(source: Source): Finding[] {
  return [...checkSpdx(source), ...checkMapNames(source), ...checkFunctionLines(source)];
}

function checkSpdx({ file, text }: Source): Finding[] {
  const [first = ""] = text.split("\n", 1);
  if (first.includes("SPDX-License-Identifier: GPL-2.0-only")) return [];
  const message = "the first line names no SPDX-License-Identifier: GPL-2.0-only";
  return [{ rule: "spdx", file, line: 1, message, severity: "failure" }];
}

function checkMapNames({ file, text }: Source): Finding[] {
  return [...text.matchAll(/^\} (\w+) SEC\("\.maps"\)/gm)].flatMap((match) => {
    const [, subject = ""] = match;
    const line = lineAt(text, match.index);
    return judge(mapName, { file, line, subject, size: subject.length });
  });
}

/** clang-format puts a function's braces, and nothing else with a body, at the first column. */
function checkFunctionLines({ file, text }: Source): Finding[] {
  return [...text.matchAll(/^(?:\w[^;{}=]*?)?\b(\w+)\([^;{}]*\)\s*\n\{\n[\s\S]*?^\}$/gm)].flatMap(
    (match) => {
      const [body, subject = ""] = match;
      const size = body.split("\n").length;
      return judge(functionLines, { file, line: lineAt(text, match.index), subject, size });
    },
  );
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}
