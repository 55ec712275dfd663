import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { libbpf } from "../../src/dataplane/libbpf.ts";
import { libc } from "../../src/dataplane/libc.ts";
import { describeKernel, pinDirectory } from "../support/kernel.ts";

/** A tenth of what the kernel's verifier looks at before it gives up: room for other kernels. */
const VERIFIED_INSTRUCTIONS_MAX = 100_000;

const sources = new URL("../../bpf/", import.meta.url).pathname;

function compiledObjects(): string[] {
  const names = readdirSync(sources, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".bpf.c"));
  return files.map((name) => /([^/]+)\.bpf\.c$/.exec(name)?.[1] ?? name);
}

function verifiedInstructions(pin: string): number {
  const fd = libbpf().openPin(pin);
  try {
    const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    return Number(/^verified_insns:\s*(\d+)$/m.exec(text)?.[1]);
  } finally {
    libc().close(fd);
  }
}

// No program has constants that make it larger: as compiled is the heaviest they get.
describeKernel("programs as the verifier sees them", { since: "5.17" }, () => {
  let objectDirectory: string;

  before("compiles them anew", function () {
    this.timeout(60_000);
    objectDirectory = mkdtempSync(join(tmpdir(), "yangplane-bpf-"));
    const folders = [`OUT=${objectDirectory}`, `DEPS=${objectDirectory}`];
    execFileSync("make", ["--silent", "-C", sources, ...folders]);
  });

  after(() => rmSync(objectDirectory, { recursive: true }));

  for (const object of compiledObjects()) {
    it(`are simple enough in ${object}`, () => {
      using pins = pinDirectory();
      using dataplane = openKernelDataplane({ pinDirectory: pins.path, objectDirectory });

      dataplane.loadObject({ id: "a", object, constants: {}, capacity: {} });

      const folder = join(pins.path, "a", "programs");
      for (const program of readdirSync(folder)) {
        const count = verifiedInstructions(join(folder, program));
        assert.ok(count > 0 && count < VERIFIED_INSTRUCTIONS_MAX, `${program}: ${count}`);
      }
    });
  }
});
