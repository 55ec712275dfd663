import type { Log, LogLevel } from "../lib/log.ts";
import type { CubeLine } from "../services/engine/cube-log.ts";

const levels: Readonly<Record<CubeLine["level"], LogLevel>> = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warn: "warn",
  err: "error",
  critical: "error",
};

/** Logs what cubes have to say: a line for each. */
export function cubeLines(log: Log): (line: CubeLine) => void {
  return ({ level, ...line }) => log(levels[level], "cube", { cubeLevel: level, ...line });
}
