/** Says which file breaks a rule of this project that no other tool knows; see tools/tidy/. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { checkC } from "./tidy/c-rules.ts";
import { checkEnumPairs } from "./tidy/enum-pairs.ts";
import type { Finding, Source } from "./tidy/finding.ts";
import { excuse, offenders } from "./tidy/offenders.ts";
import { checkServiceSet } from "./tidy/service-set.ts";
import { checkText } from "./tidy/text-rules.ts";
import { checkFunctions } from "./tidy/typescript-sizes.ts";

const isGenerated = /^src\/gen\/|vmlinux|\.json$/;

function check(source: Source): Finding[] {
  const { file } = source;
  if (file.endsWith(".ts")) return [...checkText(source), ...checkFunctions(source)];
  return /\.[ch]$/.test(file) ? [...checkText(source), ...checkC(source)] : [];
}

/** Tracked files and new ones that git does not ignore. */
function projectFiles(): string[] {
  const listing = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
  });
  return listing.split("\n").filter((file) => file !== "" && existsSync(file));
}

const files = projectFiles();
const sources = files
  .filter(
    (file) => /^(src|test|tools|bench|bpf|examples|yang)\//.test(file) && !isGenerated.test(file),
  )
  .map((file) => ({ file, text: readFileSync(file, "utf8") }));
const all = [...sources.flatMap(check), ...checkServiceSet(files), ...checkEnumPairs(sources)];
const findings = excuse(all, offenders);
const failures = findings.filter(({ severity }) => severity === "failure");
const shown = process.argv.includes("--warnings") ? findings : failures;
for (const { file, line, rule, message } of shown) {
  console.log(`${file}:${line}: ${message} (${rule})`);
}
console.log(`tidy: ${failures.length} failures, ${findings.length - failures.length} warnings`);
process.exitCode = failures.length === 0 ? 0 : 1;
