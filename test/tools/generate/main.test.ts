import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = process.cwd();

function generate(folder: string, ...args: string[]) {
  const main = join(root, "tools/generate/main.ts");
  const tsx = createRequire(join(root, "package.json")).resolve("tsx");
  const { status, stderr } = spawnSync(process.execPath, ["--import", tsx, main, ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stderr };
}

describe("yangplane-gen", function () {
  this.timeout(60_000);
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "yangplane-gen-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const torture = ["-p", join(root, "test/fixtures/yang/torture"), "--out", "out"];

  it("writes TypeScript and .proto files that compile by themselves, from any folder", () => {
    const { status, stderr } = generate(folder, ...torture, "torture", "torture-more");
    assert.equal(status, 0, stderr);

    const files = readdirSync(join(folder, "out")).filter((file) => file.endsWith(".ts"));
    assert.deepEqual(files, ["torture-more.ts", "torture.ts", "yangplane-types.ts"]);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const sources = files.map((file) => join("out", file));
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"];
    execFileSync(process.execPath, [tsc, ...flags, ...sources], { cwd: folder });
    const proto = "yangplane/torture/v1/torture.proto";
    execFileSync("protoc", ["-I", "out", "--descriptor_set_out=/dev/null", proto], { cwd: folder });
  });

  it("keeps all numbers in one lock file if there is one, and changes nothing the second time", () => {
    const args = [...torture, "--lock", "numbers.json", "torture", "torture-more"];
    generate(folder, ...args);
    const lock = readFileSync(join(folder, "numbers.json"), "utf8");
    const proto = readFileSync(join(folder, "out/yangplane/torture/v1/torture.proto"), "utf8");
    generate(folder, ...args);

    assert.equal(readFileSync(join(folder, "numbers.json"), "utf8"), lock);
    assert.equal(
      readFileSync(join(folder, "out/yangplane/torture/v1/torture.proto"), "utf8"),
      proto,
    );
  });

  const refused = [
    { what: "no --out", args: ["m"], says: /--out is missing/ },
    { what: "no module", args: ["--out", "x"], says: /no module is named/ },
    { what: "an unknown option", args: ["--colour"], says: /--colour/ },
    {
      what: "a file for --out",
      args: ["--out", "/dev/null/x", "ietf-yang-types"],
      says: /ENOTDIR/,
    },
    { what: "a module not found", args: ["--out", "x", "nowhere"], says: /nowhere/ },
    {
      what: "features without a module",
      args: ["--out", "x", "-F", "a", "m"],
      says: /-?features a/,
    },
  ];
  for (const { what, args, says } of refused) {
    it(`refuses ${what} in one line`, () => {
      const { status, stderr } = generate(folder, ...args);

      assert.equal(status, 1);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    });
  }

  it("takes seconds for a module of 1,000 leaves", () => {
    const leaves = Array.from({ length: 1000 }, (_, index) => `leaf l${index} { type string; }`);
    const text = `module big { yang-version 1.1; namespace urn:big; prefix b; container c { ${leaves.join("\n")} } }`;
    writeFileSync(join(folder, "big.yang"), text);

    assert.equal(generate(folder, "-p", folder, "--out", "out", "big").status, 0);
  });
});
