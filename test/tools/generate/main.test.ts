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

  /** TypeScript and proto of modules, by the compilers of both. */
  function compile(modules: readonly string[]): void {
    const files = readdirSync(join(folder, "out")).filter((file) => file.endsWith(".ts"));
    assert.deepEqual(files, [...modules.map((name) => `${name}.ts`), "yangplane-types.ts"]);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const sources = files.map((file) => join("out", file));
    const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"];
    execFileSync(process.execPath, [tsc, ...flags, ...sources], { cwd: folder });
    const [first = ""] = modules.toReversed();
    const proto = `yangplane/${first}/v1/${first}.proto`;
    execFileSync("protoc", ["-I", "out", "--descriptor_set_out=/dev/null", proto], { cwd: folder });
  }

  it("writes TypeScript and .proto files that compile by themselves, from any folder", () => {
    const { status, stderr } = generate(folder, ...torture, "torture", "torture-more");

    assert.equal(status, 0, stderr);
    compile(["torture-more", "torture"]);
  });

  it("gets along with names that mean something to TypeScript, JavaScript or proto", () => {
    const names = ["-p", join(root, "test/fixtures/yang/names"), "--out", "out", "names"];
    const { status, stderr } = generate(folder, ...names);

    assert.equal(status, 0, stderr);
    compile(["names"]);
  });

  const nested = (depth: number) =>
    `module deep { yang-version 1.1; namespace urn:deep; prefix d;
      ${Array.from({ length: depth }, (_, at) => `container c${at} {`).join(" ")}
      leaf x { type string; } ${"}".repeat(depth)} }`;

  it("nests containers as deep as protoc takes them", () => {
    writeFileSync(join(folder, "deep.yang"), nested(31));

    assert.equal(generate(folder, "-p", ".", "--out", "out", "deep").status, 0);
    compile(["deep"]);
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
      what: "a file for a folder",
      args: ["--out", "/dev/null/x", "ietf-yang-types"],
      says: /writing \/dev\/null\/x\/.*ENOTDIR/,
    },
    {
      what: "a folder that cannot be made",
      args: ["--out", "/proc/zz", "ietf-yang-types"],
      says: /writing \/proc\/zz\/.*ENOENT/,
    },
    { what: "an empty --out", args: ["--out", "", "m"], says: /--out is missing/ },
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

  const small = (name: string, body: string) =>
    `module ${name} { yang-version 1.1; namespace urn:${name}; prefix p; container c { ${body} } }`;
  const locks = [
    { what: "no JSON", text: "{bad", says: /no JSON/ },
    { what: "nothing", text: "", says: /no JSON/ },
    { what: "no object", text: "[]", says: /has to be a JSON object/ },
    { what: "an entry that is none", text: '{"/c/a":5}', says: /\/c\/a: an entry has number/ },
    {
      what: "a number that is none",
      text: '{"/c/a":{"number":-1,"name":"a","wire":"string"}}',
      says: /\/c\/a: -1 is not the number of a field/,
    },
    {
      what: "a name that is none",
      text: '{"/c/a":{"number":1,"name":"a-b","wire":"string"}}',
      says: /\/c\/a: "a-b" is not a name in proto/,
    },
    {
      what: "one number twice",
      text: `{"/c/a":{"number":1,"name":"a","wire":"string"},
        "/c/b":{"number":1,"name":"b","wire":"string"}}`,
      says: /\/c\/b: number 1 is that of \/c\/a, too/,
    },
    {
      what: "one entry twice",
      text: `{"/c/a":{"number":1,"name":"a","wire":"string"},
        "/c/a":{"number":2,"name":"a","wire":"string"}}`,
      says: /given twice/,
    },
  ];
  for (const { what, text, says } of locks) {
    it(`refuses a lock that is ${what}, and writes nothing`, () => {
      writeFileSync(join(folder, "m.yang"), small("m", "leaf a { type string; }"));
      writeFileSync(join(folder, "lock.json"), text);

      const { status, stderr } = generate(
        folder,
        ...["-p", ".", "--lock", "lock.json"],
        "--out",
        "out",
        "m",
      );

      assert.equal(status, 1);
      assert.match(stderr, /^yangplane-gen: lock lock.json: /);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
      assert.deepEqual(readdirSync(folder).sort(), ["lock.json", "m.yang"]);
    });
  }

  const clashes = [
    {
      what: "containers nested deeper than protoc takes them",
      texts: { deep: nested(300) },
      says: /c31: protoc takes no more than 31 nested messages/,
    },
    {
      what: "two leaves of one name in proto",
      texts: { m: small("m", "leaf a-b { type string; } leaf a_b { type string; }") },
      says: /\/c\/a_b and \/c\/a-b both become a_b: give one of them another name in the lock file/,
    },
    {
      what: "two modules of one package",
      texts: { "a-b": small("a-b", ""), a_b: small("a_b", "") },
      says: /a_b and another module both become yangplane\/a_b/,
    },
  ];
  for (const { what, texts, says } of clashes) {
    it(`refuses ${what} in one line`, () => {
      for (const [name, text] of Object.entries(texts)) {
        writeFileSync(join(folder, `${name}.yang`), text);
      }

      const { status, stderr } = generate(folder, "-p", ".", "--out", "out", ...Object.keys(texts));

      assert.equal(status, 1);
      assert.match(stderr, says);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    });
  }

  it("takes the name that the lock settles a clash with", () => {
    const leaves = "leaf a-b { type string; } leaf a_b { type string; }";
    writeFileSync(join(folder, "m.yang"), small("m", leaves));
    const entry = { number: 2, name: "a_b_too", wire: "string" };
    writeFileSync(join(folder, "lock.json"), JSON.stringify({ "/c/a_b": entry }));

    const args = ["-p", ".", "--lock", "lock.json", "--out", "out", "m"];
    const { status, stderr } = generate(folder, ...args);

    assert.equal(status, 0, stderr);
    const proto = readFileSync(join(folder, "out/yangplane/m/v1/m.proto"), "utf8");
    assert.match(proto, /string a_b_too = 2;/);
  });

  it("leaves everything as it was where one file cannot be written", () => {
    writeFileSync(join(folder, "m.yang"), small("m", "leaf a { type string; }"));
    const args = ["-p", ".", "--out", "out", "m"];
    assert.equal(generate(folder, ...args).status, 0);
    const before = treeOf(join(folder, "out"));
    writeFileSync(join(folder, "m.yang"), small("m", "leaf b { type string; }"));
    rmSync(join(folder, "out/yangplane/core"), { recursive: true });
    writeFileSync(join(folder, "out/yangplane/core"), "a file in place of a folder");

    const { status, stderr } = generate(folder, ...args);

    assert.equal(status, 1);
    assert.match(stderr, /writing out\/yangplane\/core\/v1\/core.proto: ENOTDIR/);
    const after = treeOf(join(folder, "out"));
    for (const [file, text] of after) {
      if (!file.includes("core")) assert.equal(text, before.get(file), file);
    }
    assert.deepEqual(
      [...after.keys()].filter((file) => file.endsWith(".new")),
      [],
    );
  });

  it("takes seconds for a module of 1,000 leaves", () => {
    const leaves = Array.from({ length: 1000 }, (_, index) => `leaf l${index} { type string; }`);
    const text = `module big { yang-version 1.1; namespace urn:big; prefix b; container c { ${leaves.join("\n")} } }`;
    writeFileSync(join(folder, "big.yang"), text);

    assert.equal(generate(folder, "-p", folder, "--out", "out", "big").status, 0);
  });
});

/** Texts of all files in a folder. */
function treeOf(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file, readFileSync(file, "utf8")];
    }),
  );
}
