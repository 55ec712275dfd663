/** Makes everything generated again and fails if a file changed: it was not what is checked in. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folders = ["src/gen", "proto", "docs/reference", "examples"];

function fingerprints(): Map<string, string> {
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return new Map(
    files.map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

const before = fingerprints();
const { status } = spawnSync("make", ["--no-print-directory", "generate"], { stdio: "inherit" });
const after = fingerprints();
const stale = [...new Set([...before.keys(), ...after.keys()])].filter(
  (file) => before.get(file) !== after.get(file),
);
for (const file of stale.sort()) console.log(`${file}: not current`);
if (stale.length > 0) console.log("they are now; please look at the difference and commit it");
process.exitCode = status === 0 && stale.length === 0 ? 0 : 1;
