import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** The ids of all programs below a folder of bpffs. */
export function programIds(folder: string): number[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const programs = names.filter((name) => /\/programs\/./.test(name));
  return programs.map((name) => {
    const shown = execFileSync("bpftool", ["--json", "prog", "show", "pinned", join(folder, name)]);
    return (JSON.parse(String(shown)) as { id: number }).id;
  });
}
