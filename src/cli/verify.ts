import type { Drift, Verification } from "./daemon.ts";
import { causeBelow, parsed, shown, wordOf } from "./plan-view.ts";
import { tableLines } from "./table.ts";

/** What `verify` prints for a person: a line for each drift, and what that means. */
export function verificationLines(found: Verification, width: number | undefined): string[] {
  const { drifts, total } = found;
  if (total === 0) return [verdict(found)];
  const header = ["cube", "thing", "is", "target", "key", "expected", "found", "because of"];
  const rows = drifts.map((drift) => [
    drift.cube,
    wordOf("THING", drift.thing),
    wordOf("KIND", drift.kind),
    drift.target,
    shown(drift.key),
    shown(drift.expected),
    shown(drift.found),
    causeBelow(drift.cause),
  ]);
  const used = header.map((_, column) => rows.some((row) => row[column] !== ""));
  const pick = (row: readonly string[]) => row.filter((_, column) => used[column]);
  const more = total > drifts.length ? [`and ${total - drifts.length} more`] : [];
  return [...tableLines(pick(header), rows.map(pick), { width }), ...more, "", verdict(found)];
}

/** The same as data. */
export function verificationJson({ drifts, total, isRepaired, commitId }: Verification): unknown {
  return { "commit-id": commitId, total, repaired: isRepaired, drifts: drifts.map(driftJson) };
}

function verdict({ total, isRepaired, commitId }: Verification): string {
  if (total === 0) return `the data plane is as configured (commit ${commitId})`;
  const count = `${total} ${total === 1 ? "thing is" : "things are"} not as configured`;
  return isRepaired ? `${count}; repaired` : `${count}; verify --repair mends that`;
}

function driftJson({ cube, thing, kind, target, key, expected, found, cause }: Drift): object {
  return {
    cube,
    thing: wordOf("THING", thing),
    kind: wordOf("KIND", kind),
    target,
    ...(key === "" ? {} : { key: parsed(key) }),
    ...(expected === "" ? {} : { expected: parsed(expected) }),
    ...(found === "" ? {} : { found: parsed(found) }),
    cause,
  };
}
