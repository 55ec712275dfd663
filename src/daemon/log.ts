/** Facts that go with a message; errors are printed with their causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: one line of JSON for each thing that happened. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Writes to a stream, standard error as a rule: standard output only tells when the daemon is ready. */
export function streamLog(stream: NodeJS.WritableStream): Log {
  const write = (level: string) => (message: string, fields?: LogFields) => {
    const time = new Date().toISOString();
    stream.write(`${JSON.stringify({ time, level, message, ...fields }, printable)}\n`);
  };
  return { info: write("info"), warn: write("warn"), error: write("error") };
}

function printable(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Error ? errorText(value) : value;
}

/** The message of an error and of all that caused it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message || error.name;
  return error.cause === undefined ? own : `${own}: ${errorText(error.cause)}`;
}
