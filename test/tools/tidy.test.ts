import assert from "node:assert/strict";
import { checkC } from "../../tools/tidy/c-rules.ts";
import { checkEnumPairs } from "../../tools/tidy/enum-pairs.ts";
import type { Finding } from "../../tools/tidy/finding.ts";
import { excuse } from "../../tools/tidy/offenders.ts";
import { checkServiceSet } from "../../tools/tidy/service-set.ts";
import { checkText } from "../../tools/tidy/text-rules.ts";
import { checkFunctions } from "../../tools/tidy/typescript-sizes.ts";

const spdx = "// SPDX-License-Identifier: GPL-2.0-only\n";

function verdicts(findings: readonly Finding[]): string[] {
  return findings.map(({ rule, severity }) => `${rule} ${severity}`);
}

function functionOf(lines: number): string {
  return `function long() {\n${"  work();\n".repeat(lines - 2)}}\n`;
}

describe("tidy on functions", () => {
  const cases = [
    { title: "accepts 50 lines", text: functionOf(50), expected: [] },
    { title: "warns at 51 lines", text: functionOf(51), expected: ["function-lines warning"] },
    { title: "warns at 70 lines", text: functionOf(70), expected: ["function-lines warning"] },
    { title: "refuses 71 lines", text: functionOf(71), expected: ["function-lines failure"] },
    { title: "accepts 3 parameters", text: "const f = (a, b, c) => a;", expected: [] },
    {
      title: "warns at 4 parameters",
      text: "const f = (a, b, c, d) => a;",
      expected: ["parameters warning"],
    },
    {
      title: "refuses 5 parameters of a method",
      text: "class C { m(a, b, c, d, e) {} }",
      expected: ["parameters failure"],
    },
    {
      title: "warns at nesting 3",
      text: "function f() { if (a) for (;;) { while (b) c(); } }",
      expected: ["nesting warning"],
    },
    {
      title: "refuses nesting 4",
      text: "function f() { if (a) for (;;) { while (b) switch (c) {} } }",
      expected: ["nesting failure"],
    },
    {
      title: "counts a chain of else-if once",
      text: "function f() { if (a) b(); else if (c) d(); else if (e) g(); else if (h) i(); }",
      expected: [],
    },
    {
      title: "starts anew in a function inside",
      text: "function f() { if (a) if (b) return () => { if (c) if (d) e(); }; }",
      expected: [],
    },
  ];

  for (const { title, text, expected } of cases) {
    it(title, () => {
      assert.deepEqual(verdicts(checkFunctions({ file: "src/a.ts", text })), expected);
    });
  }

  it("leaves the length of a test's callbacks to the limit of the file", () => {
    assert.deepEqual(checkFunctions({ file: "test/a.test.ts", text: functionOf(90) }), []);
  });
});

describe("tidy on text", () => {
  const cases = [
    { text: "// FIXME later", file: "src/a.ts", rule: "fixme" },
    { text: "// TODO later", file: "src/a.ts", rule: "todo" },
    { text: "// ---------- helpers", file: "src/a.ts", rule: "banner" },
    { text: "// A robust parser.", file: "src/a.ts", rule: "filler" },
    { text: " * Step 2: parse.", file: "bpf/a/a.bpf.c", rule: "filler" },
    { text: "const a = b as unknown as C;", file: "test/a.test.ts", rule: "cast" },
    { text: "// @ts-ignore", file: "src/a.ts", rule: "ts-ignore" },
    { text: 'console.log("x");', file: "src/lib/a.ts", rule: "console" },
    { text: 'import "node:child_process";', file: "src/a.ts", rule: "spawn" },
    { text: "const port = htons(53);", file: "src/a.ts", rule: "byte-order" },
    { text: "lyd_diff_siblings(a, b);", file: "src/a.ts", rule: "quadratic-diff" },
    { text: "await sleep(10);", file: "test/a.test.ts", rule: "sleep" },
    { text: "} __attribute__((packed));", file: "bpf/a/a.h", rule: "packed" },
    { text: 'bpf_printk("here");', file: "bpf/a/a.bpf.c", rule: "printk" },
    { text: `// ${"long ".repeat(20)}`, file: "src/a.ts", rule: "columns" },
    { text: `int a = ${"b + ".repeat(25)}c;`, file: "bpf/a/a.h", rule: "columns" },
  ];

  for (const { text, file, rule } of cases) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))} in ${file}`, () => {
      assert.deepEqual(verdicts(checkText({ file, text })), [`${rule} failure`]);
    });
  }

  const allowed = [
    { text: "// TODO(#12) a later kernel does this", file: "src/a.ts" },
    { text: 'console.log("x");', file: "src/cli/a.ts" },
    { text: 'import "node:child_process";', file: "test/a.test.ts" },
    { text: `  // https://example.net/${"a".repeat(100)}`, file: "src/a.ts" },
    { text: `const text = "${"a".repeat(100)}";`, file: "src/a.ts" },
  ];

  for (const { text, file } of allowed) {
    it(`accepts ${JSON.stringify(text.slice(0, 40))} in ${file}`, () => {
      assert.deepEqual(checkText({ file, text }), []);
    });
  }

  const lengths = [
    { file: "src/a.ts", lines: 301, verdict: "file-lines warning" },
    { file: "src/a.ts", lines: 501, verdict: "file-lines failure" },
    { file: "test/a.test.ts", lines: 501, verdict: "file-lines warning" },
    { file: "test/a.test.ts", lines: 801, verdict: "file-lines failure" },
  ];

  for (const { file, lines, verdict } of lengths) {
    it(`gives a ${verdict} for ${lines} lines in ${file}`, () => {
      assert.deepEqual(verdicts(checkText({ file, text: "a;\n".repeat(lines) })), [verdict]);
    });
  }
});

describe("tidy on C", () => {
  const body = (lines: number) => `{\n${"\twork();\n".repeat(lines - 3)}}\n`;
  const cases = [
    { title: "wants the licence on the first line", text: "int a;\n", expected: ["spdx failure"] },
    {
      title: "refuses a map name of 16 characters",
      text: `${spdx}struct {\n} abcdefghijklmnop SEC(".maps");\n`,
      expected: ["map-name failure"],
    },
    {
      title: "accepts a map name of 15 characters",
      text: `${spdx}struct {\n} abcdefghijklmno SEC(".maps");\n`,
      expected: [],
    },
    {
      title: "accepts a function of 50 lines",
      text: `${spdx}static int f(int a)\n${body(50)}`,
      expected: [],
    },
    {
      title: "warns at a function of 51 lines",
      text: `${spdx}static int f(int a)\n${body(51)}`,
      expected: ["c-function-lines warning"],
    },
    {
      title: "refuses an entry point of 71 lines",
      text: `${spdx}SEC("tc")\nint ingress(struct __sk_buff *ctx)\n${body(71)}`,
      expected: ["c-function-lines failure"],
    },
  ];

  for (const { title, text, expected } of cases) {
    it(title, () => {
      assert.deepEqual(verdicts(checkC({ file: "bpf/a/a.bpf.c", text })), expected);
    });
  }
});

describe("tidy on services", () => {
  const whole = [
    "yang/bridge.yang",
    "bpf/bridge/bridge.bpf.c",
    "src/services/bridge/service.ts",
    "test/services/bridge/bridge.test.ts",
  ];

  it("accepts a service in its four places", () => {
    const shared = [
      "yang/base/cube.yang",
      "bpf/core/core.bpf.c",
      "src/services/engine/engine.ts",
      "test/services/engine/engine.test.ts",
    ];

    assert.deepEqual(checkServiceSet([...whole, ...shared]), []);
  });

  const generated = "src/gen/bpf/bridge.ts";
  for (const left of whole) {
    it(`misses ${left}`, () => {
      const rest = whole.filter((file) => file !== left);
      const files = checkServiceSet([...rest, generated]).map(({ file }) => file);

      assert.deepEqual(files, [left]);
    });
  }

  it("accepts a service without programs", () => {
    const rest = whole.filter((file) => !file.startsWith("bpf/"));

    assert.deepEqual(checkServiceSet(rest), []);
  });
});

describe("tidy's list of offenders", () => {
  const offence: Finding = {
    rule: "file-lines",
    file: "src/a.ts",
    line: 1,
    message: "",
    severity: "failure",
    subject: "",
    size: 600,
  };

  const cases = [
    { title: "excuses a size that is listed", list: { "file-lines src/a.ts": 600 }, rules: [] },
    { title: "refuses growth", list: { "file-lines src/a.ts": 599 }, rules: ["file-lines"] },
    {
      title: "wants an entry lowered when its file shrinks",
      list: { "file-lines src/a.ts": 601 },
      rules: ["offenders-shrink"],
    },
    {
      title: "wants an entry removed when nothing offends",
      list: { "file-lines src/a.ts": 600, "file-lines src/b.ts": 700 },
      rules: ["offenders-shrink"],
    },
  ];

  for (const { title, list, rules } of cases) {
    it(title, () => {
      assert.deepEqual(
        excuse([offence], list).map(({ rule }) => rule),
        rules,
      );
    });
  }
});

describe("tidy on enumerations of a model and of its program", () => {
  const model = `leaf other { type string; }
    leaf on-match {
      description "type enumeration { enum WRONG; }";
      type enumeration {
        enum DROP { description "no"; }
        enum PASS-ON { value 4; }
        enum LOG;
      }
    }`;
  const cases = [
    { title: "accepts the same", c: "A_ON_MATCH_DROP, A_ON_MATCH_PASS_ON = 4, A_ON_MATCH_LOG,\n" },
    { title: "accepts the service's prefix alone", c: "A_DROP, A_PASS_ON = 4, A_LOG = 5" },
    {
      title: "refuses another value",
      c: "A_DROP, A_PASS_ON, /* = 4 */ A_LOG = 5",
      says: ["A_PASS_ON is 1, and 4 in yang/a.yang"],
    },
    {
      title: "refuses a member that is missing on either side",
      c: "A_DROP, A_PASS_ON = 4, A_NEW = 5",
      says: ["A_LOG is nothing, and 5 in yang/a.yang", "A_NEW is 5, and nothing in yang/a.yang"],
    },
    {
      title: "refuses a value that cannot be read",
      c: "A_DROP, A_PASS_ON = FOUR, A_LOG = 5",
      says: ["A_PASS_ON is nothing, and 4 in yang/a.yang"],
    },
  ];
  for (const { title, c, says = [] } of cases) {
    it(title, () => {
      const findings = checkEnumPairs([
        { file: "yang/a.yang", text: model },
        { file: "bpf/a/a.h", text: `${spdx}\nenum a_on_match {\n${c}};\nenum a_other { X };\n` },
      ]);

      assert.deepEqual(
        findings.map(({ message }) => message),
        says,
      );
      for (const { file, line } of findings) assert.deepEqual([file, line], ["bpf/a/a.h", 3]);
    });
  }
});
