import { cleanUp } from "./daemon/cleanup.ts";
import { startDaemon } from "./daemon/daemon.ts";
import { errorText } from "./daemon/log.ts";
import { type DaemonOptions, parseOptions, UsageError, usage } from "./daemon/options.ts";
import { packageVersion } from "./daemon/package-root.ts";

/** Exit codes of `yangplaned`: promises to supervisors and scripts. */
const exitCode = { failed: 1, usage: 2 } as const;

async function run(options: DaemonOptions): Promise<void> {
  // A daemon outlives its terminal, and has no file to read anew.
  process.on("SIGHUP", () => undefined);
  const daemon = await startDaemon(options, process.stderr);
  const stop = (): void => {
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(exitCode.failed, errorText(error)),
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // Last of all: whoever reads it may send a signal at once.
  process.stdout.write("yangplaned ready\n");
}

function fail(code: number, message: string): never {
  process.stderr.write(`yangplaned: ${message}\n`);
  process.exit(code);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(usage);
  else if (options === "version") process.stdout.write(`yangplaned ${packageVersion()}\n`);
  else if (options.cleanup) process.stdout.write(`${cleanUp(options)}\n`);
  else await run(options);
} catch (error) {
  if (error instanceof UsageError) fail(exitCode.usage, `${error.message}\n\n${usage}`);
  fail(exitCode.failed, errorText(error));
}
