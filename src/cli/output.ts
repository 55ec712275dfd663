/** Exit statuses are promises to scripts: docs/reference/cli.md. */
export const exit = { done: 0, refused: 1, usage: 2, unreachable: 3, unwritten: 4 };

/** Standard output takes no more, as on a full disk. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** @throws OutputError */
export function print(lines: readonly string[]): number {
  if (lines.length === 0) return exit.done;
  try {
    process.stdout.write(`${lines.join("\n")}\n`);
  } catch (cause) {
    throw unwritten(cause as Error);
  }
  return exit.done;
}

function unwritten({ message }: Error): OutputError {
  return new OutputError(`writing the output: ${message}`);
}

export function printErrors(lines: readonly string[]): void {
  try {
    process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  } catch {
    // Nobody is left to be told; the exit status says enough.
  }
}

/** What streams tell later than the call that writes: a terminal that is gone, a pipe's reader. */
export function onOutputError(stop: (error: OutputError) => void): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error.
    if (error.code === "EPIPE") process.exit(exit.done);
    stop(unwritten(error));
  });
  process.stderr.on("error", () => undefined);
}

/** Columns; undefined where output goes into a file or pipe. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}
