/** One thing tidy has to say. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly severity: "warning" | "failure";
  /** What is measured: a function's name, or empty for the file itself. */
  readonly subject?: string;
  /** For rules that measure, so that offenders may shrink. */
  readonly size?: number;
}

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  readonly text: string;
}

/** What may be, from which size on it is worth a word, and from which on it is refused. */
export interface Limit {
  readonly rule: string;
  readonly warn: number;
  readonly fail: number;
}

interface Measured {
  readonly file: string;
  readonly line: number;
  readonly subject: string;
  readonly size: number;
}

/** Nothing if `size` is at most `warn`; limits are the largest value still allowed. */
export function judge(limit: Limit, measured: Measured): Finding[] {
  const { size, subject } = measured;
  if (size <= limit.warn) return [];
  const isFailure = size > limit.fail;
  const bound = isFailure ? limit.fail : limit.warn;
  const severity = isFailure ? "failure" : "warning";
  const message = `${subject || "file"} has ${size}, ${isFailure ? "at most" : "aim for"} ${bound}`;
  return [{ ...measured, rule: limit.rule, message, severity }];
}
