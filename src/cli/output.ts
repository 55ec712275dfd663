/** Exit statuses are promises to scripts: docs/reference/cli.md. */
export const exit = { done: 0, refused: 1, usage: 2, unreachable: 3 };

export function print(lines: readonly string[]): number {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
  return exit.done;
}

export function printErrors(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
}

/** Columns; undefined where output goes into a file or pipe. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
