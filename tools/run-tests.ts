/**
 * Runs the named suites one after the other and goes on after a failure, so that one run shows
 * all there is to mend. The last line is `N passed, N failed`; a check counts as one test.
 */
import { spawn } from "node:child_process";
import { checks } from "./checks.ts";
import { judgeCoverage } from "./coverage.ts";

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const none: Tally = { passed: 0, failed: 0, skipped: 0 };

const mochaSuites: Readonly<Record<string, readonly string[]>> = {
  unit: ["test/**/*.test.ts", "--ignore", "test/**/*.{kernel,e2e}.test.ts"],
  kernel: ["test/**/*.kernel.test.ts", "--timeout", "60000"],
  e2e: ["test/e2e/**/*.e2e.test.ts", "--timeout", "180000"],
};

/**
 * Reads mocha's own summary. A run that ended badly without one, or that failed without saying
 * what, counts as one failure: a crash must not look like a success.
 */
export function readSummary(output: string, exitCode: number): Tally {
  const passed = lastCount(output, "passing");
  const failed = lastCount(output, "failing");
  const skipped = lastCount(output, "pending");
  const isSilentFailure = failed === 0 && (exitCode !== 0 || passed + skipped === 0);
  return { passed, failed: isSilentFailure ? 1 : failed, skipped };
}

function lastCount(output: string, word: string): number {
  const counts = [...output.matchAll(new RegExp(`^ +(\\d+) ${word}\\b`, "gm"))];
  return Number(counts.at(-1)?.[1] ?? 0);
}

function add(a: Tally, b: Tally): Tally {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

interface Finished {
  readonly output: string;
  readonly exitCode: number;
}

/** `isQuiet` keeps the output back; the caller shows it if the command failed. */
function run(command: readonly string[], isQuiet: boolean): Promise<Finished> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      if (!isQuiet) process.stdout.write(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, exitCode: code ?? 1 }));
  });
}

async function runChecks(): Promise<Tally> {
  let tally = none;
  for (const [name, command] of Object.entries(checks)) {
    const { output, exitCode } = await run(["sh", "-c", command], true);
    if (exitCode !== 0) process.stdout.write(output);
    console.log(`  ${exitCode === 0 ? "ok  " : "FAIL"} ${name}${exitCode ? `: ${command}` : ""}`);
    tally = add(tally, exitCode === 0 ? { ...none, passed: 1 } : { ...none, failed: 1 });
  }
  return tally;
}

async function runMocha(suite: string): Promise<Tally> {
  const args = mochaSuites[suite];
  if (args === undefined) throw new Error(`no such suite: ${suite}`);
  const isMeasured = suite === "unit";
  const tool = isMeasured ? ["c8", "mocha"] : ["mocha"];
  const { output, exitCode } = await run(["npx", ...tool, ...args], false);
  const tally = readSummary(output, exitCode);
  return isMeasured ? add(tally, reportCoverage()) : tally;
}

/** The coverage counts as one test. */
function reportCoverage(): Tally {
  const faults = judgeCoverage();
  for (const fault of faults) console.log(`  FAIL ${fault}`);
  return faults.length === 0 ? { ...none, passed: 1 } : { ...none, failed: 1 };
}

async function runSuites(suites: readonly string[]): Promise<Tally> {
  const summaries: string[] = [];
  let total = none;
  for (const suite of suites) {
    console.log(`\n${suite}`);
    const tally = suite === "check" ? await runChecks() : await runMocha(suite);
    summaries.push(`${suite}: ${tally.passed} ok, ${tally.failed} bad, ${tally.skipped} skipped`);
    total = add(total, tally);
  }
  console.log(`\n${summaries.join("\n")}\n`);
  return total;
}

if (process.argv[1] === import.meta.filename) {
  const total = await runSuites(process.argv.slice(2));
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}
