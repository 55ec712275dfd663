import { type Finding, judge, type Limit, type Source } from "./finding.ts";

interface Ban {
  readonly rule: string;
  readonly pattern: RegExp;
  /** What to do in its place. */
  readonly instead: string;
  readonly files: RegExp;
  readonly except?: RegExp;
}

const code = /\.(ts|[ch])$/;
const src = /^src\//;
const test = /^test\//;
/** Tidy names what it bans, and its tests plant it. */
const tidy = /^(tools\/tidy\/text-rules|test\/tools\/tidy\.test)\.ts$/;

const bans: readonly Ban[] = [
  { rule: "fixme", pattern: /\bFIXME\b/, instead: "mend it", files: code },
  { rule: "todo", pattern: /\bTODO\b(?!\(#\d+\))/, instead: "write TODO(#issue)", files: code },
  {
    rule: "banner",
    pattern: /^\s*(\/\/|\/?\*) *[-=*#]{4,}/,
    instead: "split the file",
    files: code,
  },
  {
    rule: "filler",
    pattern: /(\/\/|^\s*\/?\*).*\b(robust|comprehensive|seamless|Step \d|NOTE:)/,
    instead: "say what it does",
    files: code,
  },
  { rule: "cast", pattern: /\bas unknown as\b/, instead: "write a type guard", files: /\.ts$/ },
  { rule: "ts-ignore", pattern: /@ts-(ignore|nocheck)/, instead: "fix the type", files: /\.ts$/ },
  {
    rule: "console",
    pattern: /\bconsole\.\w+\(/,
    instead: "log through the logger, print through the command line's output",
    files: src,
    except: /^src\/(main\.ts|cli\/|daemon\/)/,
  },
  {
    rule: "spawn",
    pattern: /node:child_process/,
    instead: "call the kernel",
    files: src,
    // What the daemon's own program does.
    except: /^src\/cli\/cleanup\.ts$/,
  },
  {
    rule: "byte-order",
    pattern: /\bhtons|\bhtonl/,
    instead: "declare the field __be16",
    files: src,
  },
  {
    rule: "quadratic-diff",
    pattern: /lyd_diff_siblings/,
    instead: "compare trees by structural sharing",
    files: src,
  },
  {
    rule: "sleep",
    pattern: /node:timers\/promises|\bsleep\(/,
    instead: "wait on an event with a deadline",
    files: test,
    except: /^test\/support\/(wait|deadline|eventually)/,
  },
  { rule: "packed", pattern: /\bpacked\b/, instead: "pad explicitly", files: /^bpf\/.*\.[ch]$/ },
  { rule: "printk", pattern: /\bbpf_(trace_)?printk\(/, instead: "count it", files: /^bpf\// },
];

const fileLines = {
  src: { rule: "file-lines", warn: 300, fail: 500 },
  test: { rule: "file-lines", warn: 500, fail: 800 },
} satisfies Record<string, Limit>;

const columns: Limit = { rule: "columns", warn: 100, fail: 100 };

const tabWidth = 8;

export function checkText(source: Source): Finding[] {
  const { file, text } = source;
  const lines = text.replace(/\n$/, "").split("\n");
  const limit = test.test(file) ? fileLines.test : fileLines.src;
  return [
    ...judge(limit, { file, line: 1, subject: "", size: lines.length }),
    ...lines.flatMap((line, index) => checkLine(file, line, index + 1)),
  ];
}

function checkLine(file: string, text: string, line: number): Finding[] {
  const size = [...text.replaceAll("\t", " ".repeat(tabWidth))].length;
  // Biome breaks code; what it leaves longer is a string, and comments, which it leaves alone.
  const isOurs = !file.endsWith(".ts") || /^\s*(\/\/|\/?\*)(?!.*https?:)/.test(text);
  return [
    ...(isOurs ? judge(columns, { file, line, subject: "line", size }) : []),
    ...(tidy.test(file) ? [] : bans.flatMap((ban) => checkBan(ban, { file, text, line }))),
  ];
}

function checkBan(ban: Ban, { file, text, line }: Source & { readonly line: number }): Finding[] {
  if (!ban.files.test(file) || ban.except?.test(file) || !ban.pattern.test(text)) return [];
  const message = `${text.trim().slice(0, 60)}: ${ban.instead}`;
  return [{ rule: ban.rule, file, line, message, severity: "failure" }];
}
