import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { KernelError } from "../../src/dataplane/dataplane.ts";
import { requireEnvironment } from "../../src/dataplane/environment.ts";
import {
  recirculationNames,
  removeRecirculationDevice,
} from "../../src/dataplane/recirculation-device.ts";
import { checkLeaks, expectGone } from "./leaks.ts";
import { untilExit } from "./until-exit.ts";

const PINS = "/sys/fs/bpf";

/** Unique on this machine while this process lives. */
let created = 0;
export function uniqueName(prefix: string): string {
  created += 1;
  return `${prefix}${process.pid.toString(36)}${created.toString(36)}`;
}

/**
 * A suite that needs root and a kernel of at least `since`. An older kernel skips it; missing
 * privilege too, except with REQUIRE_KERNEL=1, where it fails. What the suite leaves open or loaded
 * fails it.
 */
export function describeKernel(title: string, { since }: { since: string }, suite: () => void) {
  const reason = isOlder(release(), since) ? `kernel ${since} needed` : missingPrivilege();
  if (reason !== undefined) {
    describe.skip(`${title} (${reason})`, suite);
    return;
  }
  describe(title, () => {
    checkLeaks();
    suite();
  });
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

/** A folder on bpffs of its own; disposing removes all that was pinned and made there, for good. */
export function pinDirectory(): { readonly path: string } & Disposable {
  const path = join(PINS, uniqueName("yptest"));
  mkdirSync(path, { recursive: true });
  return {
    path,
    ...untilExit(() => {
      expectGone(path);
      rmSync(path, { recursive: true, force: true });
      removeRecirculationDevice(recirculationNames(path));
    }),
  };
}

const FIXTURES = new URL("../fixtures/bpf/", import.meta.url).pathname;
const CENSUS = new URL("../../build/bpf/census.bpf.o", import.meta.url).pathname;
const BUILT = new URL("../../build/test-bpf/", import.meta.url).pathname;

/**
 * Compiles test/fixtures/bpf/*.bpf.c where that changed, and gives the folder of the objects, with
 * what the data plane itself loads.
 */
export function fixtureDirectory(): string {
  mkdirSync(BUILT, { recursive: true });
  cpSync(CENSUS, join(BUILT, "census.bpf.o"));
  for (const source of readdirSync(FIXTURES).filter((name) => name.endsWith(".bpf.c"))) {
    compileFixture(join(FIXTURES, source), join(BUILT, source.replace(/\.c$/, ".o")));
  }
  return BUILT;
}

/** A copy of the fixtures, in which the object `fixture` can become another one. */
export function changingFixtures(): { readonly path: string; change(): void } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "yptest"));
  cpSync(fixtureDirectory(), path, { recursive: true });
  return {
    path,
    /** The rows of its map `table` have another form now, of the same size. */
    change: () => {
      const changed = join(BUILT, "changed-fixture.o");
      compileFixture(join(FIXTURES, "fixture.bpf.c"), changed, ["-DTABLE_VALUE=__s64"]);
      cpSync(changed, join(path, "fixture.bpf.o"));
    },
    ...untilExit(() => rmSync(path, { recursive: true })),
  };
}

function compileFixture(from: string, to: string, macros: readonly string[] = []): void {
  if (existsSync(to) && statSync(to).mtimeMs >= statSync(from).mtimeMs) return;
  const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const options = ["-O2", "-g", "-target", "bpf", "-Wall", "-Wextra", "-Werror", include];
  execFileSync("clang", [...options, ...macros, "-c", from, "-o", to]);
}
