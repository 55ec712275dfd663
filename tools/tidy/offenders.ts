import type { Finding } from "./finding.ts";

/**
 * Sizes that were too large when the rule came, by `rule file subject`. An entry may only shrink:
 * tidy fails when the size grows, and when an entry is larger than what it excuses.
 */
export const offenders: Readonly<Record<string, number>> = {};

export function excuse(
  findings: readonly Finding[],
  list: Readonly<Record<string, number>>,
): Finding[] {
  const used = new Map<string, number>();
  const rest = findings.filter((finding) => {
    const key = keyOf(finding);
    if (finding.severity !== "failure" || finding.size === undefined) return true;
    const allowed = list[key];
    if (allowed === undefined || finding.size > allowed) return true;
    used.set(key, Math.max(used.get(key) ?? 0, finding.size));
    return false;
  });
  return [...rest, ...staleEntries(findings, list, used)];
}

function staleEntries(
  findings: readonly Finding[],
  list: Readonly<Record<string, number>>,
  used: ReadonlyMap<string, number>,
): Finding[] {
  const offending = new Set(findings.map(keyOf));
  return Object.entries(list)
    .filter(([key, allowed]) => used.get(key) !== allowed && (used.has(key) || !offending.has(key)))
    .map(([key]) => {
      const size = used.get(key);
      const message = size === undefined ? `${key}: remove it` : `${key}: lower it to ${size}`;
      return { ...here, message };
    });
}

const here = {
  rule: "offenders-shrink",
  file: "tools/tidy/offenders.ts",
  line: 1,
  severity: "failure",
} satisfies Partial<Finding>;

function keyOf({ rule, file, subject }: Finding): string {
  return `${rule} ${file} ${subject ?? ""}`.trimEnd();
}
