import { execFileSync } from "node:child_process";

export function git(...args: string[]): string {
  return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** What a promise is compared with: main, or on main itself the commit before. */
export function referenceCommit(): string | undefined {
  const base = commitOf("origin/main") ?? commitOf("main");
  return base === commitOf("HEAD") ? commitOf("HEAD^") : base;
}

function commitOf(revision: string): string | undefined {
  try {
    return git("rev-parse", "--verify", "--quiet", `${revision}^{commit}`).trim();
  } catch {
    return undefined; // A shallow clone or a first commit has no such revision.
  }
}
