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

/** What the daemon says of a name that it does not have, of one that was looked for here. */
export function noSuch(what: string): Refusal {
  return new Refusal("NOT_FOUND", `there is no ${what}`, { violations: [], total: 0 });
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

/** So many violations that differ by their keys alone are told one by one. */
const alikeMax = 3;

/** Violations of the same rule, at nodes that differ by their keys alone. */
interface Kind {
  readonly first: Violation;
  readonly others: Violation[];
}

/** Lines for a person, `path: message (tag)`: one a violation, or one for many of a kind. */
export function violationLines(violations: readonly Violation[], total: number): string[] {
  const kinds = kindsOf(violations);
  const hidden = total - violations.length;
  const [only, ...different] = kinds;
  if (hidden > 0 && only && only.others.length > 0 && different.length === 0) {
    const told = `the first ${violations.length} are alike`;
    return [`${lineOf(only.first)}, and ${total - 1} more (${told})`];
  }
  const lines = kinds.flatMap(kindLines);
  return hidden > 0 ? [...lines, `… and ${hidden} more`] : lines;
}

function kindsOf(violations: readonly Violation[]): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const violation of violations) {
    const { path, message, errorTag } = violation;
    const withoutKeys = path.replaceAll(/\[[^=\]]*=(['"]).*?\1\]/g, "");
    const key = JSON.stringify([withoutKeys, message, errorTag]);
    const kind = kinds.get(key);
    if (kind) kind.others.push(violation);
    else kinds.set(key, { first: violation, others: [] });
  }
  return [...kinds.values()];
}

function kindLines({ first, others }: Kind): string[] {
  if (others.length < alikeMax) return [first, ...others].map(lineOf);
  return [`${lineOf(first)}, and ${others.length} more like it`];
}

function lineOf({ path, message, errorTag }: Violation): string {
  return `${path || "request"}: ${message} (${errorTag})`;
}
