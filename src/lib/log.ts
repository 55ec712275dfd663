/**
 * Structured log: called once for each thing that happened. Errors among the fields keep their
 * causes.
 */
export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
