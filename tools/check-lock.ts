/**
 * Fails if an entry of a lock file that main has is changed or gone: field numbers are a promise
 * to clients. On main itself the commit before is what counts.
 */
import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { git, referenceCommit } from "./main-commit.ts";

/** Entries of `before` that `after` has lost or altered, as paths of object keys. */
export function brokenPromises(before: unknown, after: unknown, path = ""): string[] {
  if (!isObject(before)) return isDeepStrictEqual(before, after) ? [] : [path];
  if (!isObject(after)) return [path];
  return Object.entries(before).flatMap(([key, value]) =>
    brokenPromises(value, after[key], path === "" ? key : `${path} ${key}`),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkAgainst(commit: string): string[] {
  const locks = git("ls-tree", "-r", "--name-only", commit, "proto", "examples").split("\n");
  return locks
    .filter((file) => file.endsWith(".lock.json"))
    .flatMap((file) => {
      const now = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
      const then = JSON.parse(git("show", `${commit}:${file}`));
      return brokenPromises(then, now).map((entry) => `${file}: ${entry}`);
    });
}

if (process.argv[1] === import.meta.filename) {
  const reference = referenceCommit();
  const broken = reference === undefined ? [] : checkAgainst(reference);
  for (const entry of broken) console.log(`${entry} was changed or removed`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}
