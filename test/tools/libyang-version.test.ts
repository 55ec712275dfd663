import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "../../tools/libyang/native.ts";

/** The generator with a library of one's own for libyang. */
function generateWith(library: string) {
  const args = ["--import", "tsx", "tools/generate/main.ts", "-p", "yang", "--out", "/dev/null/x"];
  const { status, stderr } = spawnSync(process.execPath, [...args, "netdev"], {
    encoding: "utf8",
    env: { ...process.env, YANGPLANE_LIBYANG: library },
  });
  return { status, stderr };
}

describe("a libyang of another version", function () {
  this.timeout(30_000);
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "yangplane-libyang-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function libraryOf(source: string): string {
    const file = join(folder, "libyang.so");
    execFileSync("clang", ["-shared", "-x", "c", "-o", file, "-"], { input: source });
    return file;
  }

  const others = [
    {
      what: "a newer one",
      source: "unsigned ly_version_so_major(void) { return 5; }",
      says: /found libyang 5, supported is libyang 2, 3, 4 \(/,
    },
    {
      what: "one that has other functions",
      source: "int ly_ctx_new(void) { return 0; }",
      says: /found no libyang 2, 3, 4 \(.*\) but another: .*ly_/,
    },
  ];
  for (const { what, source, says } of others) {
    it(`is named and refused in one line: ${what}`, () => {
      const { status, stderr } = generateWith(libraryOf(source));

      assert.equal(status, 1);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    });
  }

  it("is asked for where there is none", () => {
    const { status, stderr } = generateWith(join(folder, "nowhere.so"));

    assert.equal(status, 1);
    assert.match(
      stderr,
      /libyang 2, 3, 4 \(.*\) is needed \(Debian: libyang2 or libyang3\): .*nowhere/,
    );
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  });

  it("is one of those that are supported here", () => {
    assert([2, 3, 4].includes(native().major));
  });
});
