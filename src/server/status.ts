import { CommitError, type ErrorTag, RequestError, type Violation } from "../datamodel/error.ts";

/** What went wrong, for every protocol; the names are gRPC's. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "RESOURCE_EXHAUSTED"
  | "UNIMPLEMENTED"
  | "PERMISSION_DENIED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "CANCELLED";

/** With several violations, the first of this list that one of them has is the status. */
const precedence: readonly StatusName[] = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "FAILED_PRECONDITION",
  "ABORTED",
  "RESOURCE_EXHAUSTED",
  "UNIMPLEMENTED",
  "PERMISSION_DENIED",
  "INTERNAL",
];

/** Application tags of a tree that would be invalid, whatever their error tag. */
const invalidTree = new Set(["instance-required", "missing-choice", "when-violation"]);

function violationStatus({ tag, appTag }: Violation): StatusName {
  if (appTag === "if-match") return "ABORTED";
  if (appTag !== undefined && invalidTree.has(appTag)) return "FAILED_PRECONDITION";
  return statusByTag[tag];
}

export const statusByTag: Readonly<Record<ErrorTag, StatusName>> = {
  "in-use": "FAILED_PRECONDITION",
  "invalid-value": "INVALID_ARGUMENT",
  "too-big": "RESOURCE_EXHAUSTED",
  "missing-attribute": "INVALID_ARGUMENT",
  "bad-attribute": "INVALID_ARGUMENT",
  "unknown-attribute": "INVALID_ARGUMENT",
  "missing-element": "INVALID_ARGUMENT",
  "bad-element": "INVALID_ARGUMENT",
  "unknown-element": "INVALID_ARGUMENT",
  "unknown-namespace": "INVALID_ARGUMENT",
  "access-denied": "PERMISSION_DENIED",
  "lock-denied": "ABORTED",
  "resource-denied": "RESOURCE_EXHAUSTED",
  "rollback-failed": "INTERNAL",
  "data-exists": "ALREADY_EXISTS",
  "data-missing": "NOT_FOUND",
  "operation-not-supported": "UNIMPLEMENTED",
  "operation-failed": "FAILED_PRECONDITION",
  "malformed-message": "INVALID_ARGUMENT",
};

export interface Refusal {
  readonly status: StatusName;
  readonly message: string;
  readonly violations: readonly Violation[];
  /** How many there are; the first so many are told. */
  readonly total: number;
}

/** What a client is told of an error; undefined for one that is a fault of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof RequestError) {
    return violationsRefusal(error);
  }
  if (!(error instanceof CommitError)) return undefined;
  const { kind, cause, message } = error;
  if (kind === "kernel") return { status: "INTERNAL", message, ...none };
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return { status: "UNAVAILABLE", message: message + reason, ...none };
}

const none = { violations: [], total: 0 };

/** The refusal that a list of violations adds up to. */
function violationsRefusal({ message, violations, total }: RequestError): Refusal {
  const found = new Set(violations.map(violationStatus));
  const status = precedence.find((name) => found.has(name)) ?? "INTERNAL";
  return { status, message, violations, total };
}
