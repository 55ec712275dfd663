/**
 * The error tags of RFC 6241 Appendix A that Yangplane uses. The list is the whole catalogue:
 * docs/reference/errors.md and src/server/status.ts have exactly these.
 */
export type ErrorTag =
  | "in-use"
  | "invalid-value"
  | "too-big"
  | "missing-attribute"
  | "bad-attribute"
  | "unknown-attribute"
  | "missing-element"
  | "bad-element"
  | "unknown-element"
  | "unknown-namespace"
  | "access-denied"
  | "lock-denied"
  | "resource-denied"
  | "rollback-failed"
  | "data-exists"
  | "data-missing"
  | "operation-not-supported"
  | "operation-failed"
  | "malformed-message";

/** One thing wrong with a request or with the tree that would result from it. */
export interface Violation {
  /** RFC 7951 §6.11 instance path of the node that is wrong; "" for the request as a whole. */
  readonly path: string;
  readonly tag: ErrorTag;
  /** RFC 7950 §15 error-app-tag (`must-violation`, `data-not-unique`, `instance-required`, …). */
  readonly appTag?: string;
  /** Lower case, no full stop, names value and reason. */
  readonly message: string;
}

/** So many violations are found and told of a request; what is beyond is counted. */
export const violationsMax = 10_000;

/** What of a request could not be read, though the rest of it could. */
export interface Unreadable {
  readonly violations: readonly Violation[];
  /** Paths of the nodes whose content is unknown therefore; what depends on it cannot be judged. */
  readonly places: readonly string[];
}

/** A request refused for what it asks; it has changed nothing. Carries the violations found. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly violations: readonly Violation[];
  /** How many there are; the first so many are carried. */
  readonly total: number;

  constructor(violations: readonly Violation[], { total }: { readonly total?: number } = {}) {
    const [first] = violations;
    const count = total ?? violations.length;
    const more = count > 1 ? ` (and ${count - 1} more)` : "";
    super(first ? `${first.path || "request"}: ${first.message}${more}` : "refused");
    this.violations = violations;
    this.total = count;
  }
}

/** Shorthand for a request refused for a single reason. */
export function refuse(
  tag: ErrorTag,
  path: string,
  message: string,
  appTag?: string,
): RequestError {
  return new RequestError([{ path, tag, message, ...(appTag === undefined ? {} : { appTag }) }]);
}

/**
 * A request that was in order but could not be carried out: the kernel refused (`kernel`:
 * everything done so far was undone), or writes are not possible now (`unavailable`: the journal
 * failed, the daemon stops, the caller gave up). The configuration is as before.
 */
export class CommitError extends Error {
  override readonly name = "CommitError";
  readonly kind: "kernel" | "unavailable";

  constructor(kind: CommitError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
