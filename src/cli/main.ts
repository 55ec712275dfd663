import { existsSync, readFileSync } from "node:fs";
import { cleanup } from "./cleanup.ts";
import { type CommandLine, parseCommandLine } from "./command-line.ts";
import type { Daemon } from "./daemon.ts";
import { exit, OutputError, onOutputError, print, printErrors } from "./output.ts";
import { Refusal, Unreachable, violationLines } from "./refusal.ts";
import { usage } from "./usage.ts";
import { UsageError } from "./usage-error.ts";

const defaultSocket = "/run/yangplane/yangplane.sock";

/** Runs one command line; resolves to the exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  let daemon: Daemon | undefined;
  try {
    const [first, ...words] = argv;
    if (first === "cleanup" && !asksHelp(words)) return cleanup(words);
    const line = parseCommandLine(argv);
    if (line.about === "help") return print([usage]);
    if (line.about === "version" || isOnly(line, "version")) return print([versionLine()]);
    // Loading gRPC takes longer than all the rest; help does without.
    const [{ Daemon }, { Session }] = await Promise.all([
      import("./daemon.ts"),
      import("./session.ts"),
    ]);
    daemon = new Daemon(line.socket ?? (process.env["YANGPLANE_SOCKET"] || defaultSocket));
    return await new Session(daemon, line).run();
  } catch (error) {
    return complain(error);
  } finally {
    daemon?.close();
  }
}

function asksHelp(words: readonly string[]): boolean {
  return words.some((word) => ["?", "--help", "-h"].includes(word));
}

function isOnly({ words, asksHelp }: CommandLine, word: string): boolean {
  return words.length === 1 && words[0] === word && !asksHelp;
}

function versionLine(): string {
  // The folder with package.json is two levels up from the sources and three from the build.
  const candidates = ["../../package.json", "../../../package.json"];
  const files = candidates.map((path) => new URL(path, import.meta.url));
  const file = files.find((url) => existsSync(url));
  const { version } = JSON.parse(file ? readFileSync(file, "utf8") : "{}") as { version?: string };
  return `yangplane ${version ?? "of an unknown version"}`;
}

function complain(error: unknown): number {
  if (error instanceof UsageError) {
    printErrors([`yangplane: ${error.message}`]);
    return exit.usage;
  }
  if (error instanceof Unreachable) {
    printErrors([`yangplane: ${error.message}`, error.advice]);
    return exit.unreachable;
  }
  if (error instanceof OutputError) {
    printErrors([`yangplane: ${error.message}`]);
    return exit.unwritten;
  }
  if (error instanceof Refusal) {
    const lines = violationLines(error.violations, error.total);
    printErrors(lines.length > 0 ? lines : [`yangplane: ${error.message} (${error.code})`]);
    return exit.refused;
  }
  throw error;
}

/** The program: what bin/yangplane calls. */
export async function main(): Promise<void> {
  onOutputError((error) => process.exit(complain(error)));
  process.exitCode = await run(process.argv.slice(2));
}
