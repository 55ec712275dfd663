import type { Commit, CommitOptions, PlanStep } from "../../datamodel/datastore/datastore.ts";
import type { PlainMessage } from "./leaf-codec.ts";

const waitApplied = 2;

/** A yangplane.core.v1.WriteOptions for the datastore. */
export function commitOptions(
  options: unknown,
  { user, call, signal }: { user: string; call: string; signal: AbortSignal },
): CommitOptions {
  const { if_match: ifMatch, dry_run: dryRun, comment, wait } = (options ?? {}) as PlainMessage;
  return {
    user,
    call,
    signal,
    wait: wait === waitApplied ? "applied" : "durable",
    ...(ifMatch ? { ifMatch: ifMatch as string } : {}),
    ...(dryRun ? { dryRun: true } : {}),
    ...(comment ? { comment: comment as string } : {}),
  };
}

export function commitMessage({ id, durable, time }: Commit): PlainMessage {
  return { id, durable, time: timestamp(time) };
}

export function timestamp(time: Date): PlainMessage {
  const ms = time.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}

const operations: Readonly<Record<PlanStep["operation"], number>> = {
  load: 1,
  unload: 2,
  put: 3,
  delete: 4,
  "set-program": 5,
  "clear-program": 6,
  attach: 7,
  detach: 8,
  "set-device": 9,
  "restore-device": 10,
};

export function planMessage(plan: readonly PlanStep[]): PlainMessage {
  return {
    steps: plan.map(({ cube, operation, target, key, value, cause }) => ({
      cube,
      operation: operations[operation],
      target,
      key: jsonText(key),
      value: jsonText(value),
      cause: cause ?? "",
    })),
  };
}

export function jsonText(value: unknown): string {
  if (value === undefined) return "";
  return JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner));
}
