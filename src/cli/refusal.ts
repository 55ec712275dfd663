/** One thing wrong with a request (core.proto). */
export interface Violation {
  readonly path: string;
  readonly errorTag: string;
  readonly message: string;
}

/** The daemon said no; nothing has changed. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  /** Name of the gRPC status code. */
  readonly code: string;
  readonly violations: readonly Violation[];
  /** How many there were: an error carries only so many. */
  readonly total: number;

  constructor(
    code: string,
    message: string,
    details: { readonly violations: readonly Violation[]; readonly total: number },
  ) {
    super(message);
    this.code = code;
    this.violations = details.violations;
    this.total = details.total;
  }
}

/** Nobody answered, or the connection broke: then whether a write took effect is unknown. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
  /** What to do about it. */
  readonly advice: string;

  constructor(socket: string, details: string) {
    const { reason, advice } = explanation(details);
    super(`${reason} at ${socket}`);
    this.advice = advice;
  }
}

function explanation(details: string): { reason: string; advice: string } {
  if (/EACCES|EPERM/.test(details)) {
    return {
      reason: "no permission to talk to the daemon",
      advice: "its socket is open to its owner and group: try with sudo",
    };
  }
  if (/ENOENT|ECONNREFUSED|ENOTSOCK/.test(details)) {
    return {
      reason: "no daemon answers",
      advice: "start one with yangplaned, or name its socket with --socket or YANGPLANE_SOCKET",
    };
  }
  return {
    reason: `the connection to the daemon broke (${details})`,
    advice: "look at its log, and with show at what it has done",
  };
}

/** Lines for a person: one a violation, `path: message (tag)`. */
export function violationLines(violations: readonly Violation[], total: number): string[] {
  const lines = violations.map(
    ({ path, message, errorTag }) => `${path || "request"}: ${message} (${errorTag})`,
  );
  const hidden = total - violations.length;
  return hidden > 0 ? [...lines, `… and ${hidden} more`] : lines;
}
