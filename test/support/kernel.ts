import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, statSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { KernelError } from "../../src/dataplane/dataplane.ts";
import { requireEnvironment } from "../../src/dataplane/environment.ts";
import { libbpf } from "../../src/dataplane/libbpf.ts";

const PINS = "/sys/fs/bpf";

/** Unique on this machine while this process lives. */
let created = 0;
export function uniqueName(prefix: string): string {
  created += 1;
  return `${prefix}${process.pid.toString(36)}${created.toString(36)}`;
}

/**
 * A suite that needs root and a kernel of at least `since`. An older kernel skips it; missing
 * privilege too, except with REQUIRE_KERNEL=1, where it fails.
 */
export function describeKernel(title: string, { since }: { since: string }, suite: () => void) {
  const reason = isOlder(release(), since) ? `kernel ${since} needed` : missingPrivilege();
  if (reason !== undefined) {
    describe.skip(`${title} (${reason})`, suite);
    return;
  }
  describe(title, suite);
}

function missingPrivilege(): string | undefined {
  try {
    requireEnvironment(PINS);
    return undefined;
  } catch (error) {
    if (!(error instanceof KernelError) || process.env["REQUIRE_KERNEL"] === "1") throw error;
    return error.message;
  }
}

function isOlder(actual: string, wanted: string): boolean {
  const numbers = (version: string) => version.split(".").map((part) => Number.parseInt(part, 10));
  const [major = 0, minor = 0] = numbers(actual);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(wanted);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** A folder on bpffs of its own; disposing removes all that was pinned there. */
export function pinDirectory(): { readonly path: string } & Disposable {
  const path = join(PINS, uniqueName("yptest"));
  mkdirSync(path, { recursive: true });
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const FIXTURES = new URL("../fixtures/bpf/", import.meta.url).pathname;
const BUILT = new URL("../../build/test-bpf/", import.meta.url).pathname;

/** Compiles test/fixtures/bpf/*.bpf.c where that changed, and gives the folder of the objects. */
export function fixtureDirectory(): string {
  mkdirSync(BUILT, { recursive: true });
  for (const source of readdirSync(FIXTURES).filter((name) => name.endsWith(".bpf.c"))) {
    const from = join(FIXTURES, source);
    const to = join(BUILT, source.replace(/\.c$/, ".o"));
    if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) continue;
    const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
    const options = ["-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-Werror", include];
    execFileSync("clang", [...options, "-c", from, "-o", to]);
  }
  return BUILT;
}

/** What the process and the kernel hold; two of them tell a leak. */
export interface Holdings {
  /** Open file descriptors of this process that the kernel's BPF or netlink side is behind. */
  readonly descriptors: readonly string[];
  readonly ids: Readonly<Record<"map" | "program" | "link", ReadonlySet<number>>>;
}

export function holdings(): Holdings {
  return {
    descriptors: descriptors(),
    ids: { map: idsOf("map"), program: idsOf("program"), link: idsOf("link") },
  };
}

function descriptors(): string[] {
  const targets: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (/^(anon_inode:bpf|anon_inode:bpf_link|socket:)/.test(target)) targets.push(target);
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
  return targets.sort();
}

function idsOf(kind: "map" | "program" | "link"): Set<number> {
  const ids = new Set<number>();
  const next: [number] = [0];
  while (libbpf().nextId[kind](next[0], next) >= 0) ids.add(next[0]);
  return ids;
}
