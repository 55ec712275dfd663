import { type Log, type LogLevel, logLevels } from "../lib/log.ts";

/**
 * A line of JSON for each call from `least` on; standard output is not for this: it only tells of
 * readiness.
 */
export function streamLog(stream: NodeJS.WritableStream, least: LogLevel): Log {
  return (level, message, fields) => {
    if (logLevels.indexOf(level) < logLevels.indexOf(least)) return;
    const time = new Date().toISOString();
    stream.write(`${JSON.stringify({ time, level, message, ...fields }, printable)}\n`);
  };
}

function printable(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? errorText(value) : value;
}

/** The message of an error and of all that caused it, as far as it does not say that itself. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const parts = error instanceof AggregateError ? error.errors.map(errorText) : [];
  const own = [error.message || error.name, ...parts].join("; ");
  const cause = error.cause === undefined ? "" : errorText(error.cause);
  return own.includes(cause) ? own : `${own}: ${cause}`;
}
