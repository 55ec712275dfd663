import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { exit } from "./output.ts";
import { UsageError } from "./usage-error.ts";

const options = { "pin-dir": { type: "string" }, "state-dir": { type: "string" } } as const;

/**
 * `cleanup`: no daemon is asked, as none may run. The program of the daemon knows what one leaves,
 * and does it.
 */
export function cleanup(words: readonly string[]): number {
  try {
    parseArgs({ args: [...words], options, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const command = [daemonProgram(), "--cleanup", ...words];
  const { status } = spawnSync(process.execPath, command, { stdio: "inherit" });
  return status ?? exit.refused;
}

/** The folder with bin is two levels up from the sources and three from the build. */
function daemonProgram(): string {
  const candidates = ["../../bin/yangplaned", "../../../bin/yangplaned"];
  const files = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return files.find((file) => existsSync(file)) ?? "yangplaned";
}
