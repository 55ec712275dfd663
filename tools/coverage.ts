/**
 * How much of src the unit tests run, in per cent: never less than `test/coverage.json` says, and
 * that file keeps up. c8 measures (`.c8rc.json`).
 */
import { existsSync, readFileSync } from "node:fs";
import { git, referenceCommit } from "./main-commit.ts";

const kinds = ["lines", "branches", "functions"] as const;

export type Coverage = Readonly<Record<(typeof kinds)[number], number>>;

/** Random tests take other branches each time. */
const slack = 2;

const thresholdFile = "test/coverage.json";
const measuredFile = "build/coverage/coverage-summary.json";

/** `before`: the threshold on main. */
export function coverageFaults(measured: Coverage, least: Coverage, before = least): string[] {
  return kinds.flatMap((kind) => {
    const [is, must] = [measured[kind], least[kind]];
    if (must < before[kind]) {
      return [`${thresholdFile}: ${kind} was ${before[kind]} and may only rise`];
    }
    if (is < must) return [`the unit tests run ${is} % of ${kind}, and ran ${must} % before`];
    const next = Math.floor(is);
    if (next - must < slack) return [];
    return [`${thresholdFile}: the unit tests run ${is} % of ${kind}: raise it to ${next - 1}`];
  });
}

/** What is wrong with the coverage that was measured last. */
export function judgeCoverage(): string[] {
  if (!existsSync(measuredFile)) return [`${measuredFile}: nothing was measured`];
  const { total } = JSON.parse(readFileSync(measuredFile, "utf8")) as {
    readonly total: Readonly<Record<string, { readonly pct: number }>>;
  };
  const measured = Object.fromEntries(kinds.map((kind) => [kind, total[kind]?.pct ?? 0]));
  const least = JSON.parse(readFileSync(thresholdFile, "utf8")) as Coverage;
  return coverageFaults(measured as Coverage, least, thresholdOnMain());
}

function thresholdOnMain(): Coverage | undefined {
  const commit = referenceCommit();
  if (commit === undefined) return undefined;
  const isThere = git("ls-tree", "--name-only", commit, thresholdFile) !== "";
  return isThere ? (JSON.parse(git("show", `${commit}:${thresholdFile}`)) as Coverage) : undefined;
}
