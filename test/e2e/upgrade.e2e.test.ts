import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import typescript from "typescript";
import { generateBpf } from "../../tools/btf/generate.ts";
import { describeKernel } from "../support/kernel.ts";
import { untilExit } from "../support/until-exit.ts";
import { countedStream, Host, Lab } from "./forwarding-lab.ts";

/**
 * The package as a later version of it might be: the rows of the static table have another layout
 * in C, and so in the codecs that follow from it.
 */
function laterVersion(): { readonly root: string } & Disposable {
  const root = mkdtempSync(join(tmpdir(), "yangplane-later-"));
  for (const part of ["bin", "dist", "yang", "proto", "bpf", "package.json", "build/bpf"]) {
    cpSync(part, join(root, part), { recursive: true });
  }
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  const header = join(root, "bpf/simplebridge/simplebridge.h");
  const text = readFileSync(header, "utf8");
  const changed = text.replace(/(struct simplebridge_static \{\n)/, "$1\t__u32 pad;\n");
  assert.notEqual(changed, text);
  writeFileSync(header, changed);
  execFileSync("make", ["-C", join(root, "bpf")], { stdio: "pipe" });
  writeCodecs(root);
  return { root, ...untilExit(() => rmSync(root, { recursive: true })) };
}

function writeCodecs(root: string): void {
  const generated = join(root, "generated");
  mkdirSync(generated);
  generateBpf(join(root, "build/bpf"), generated);
  const compilerOptions = {
    module: typescript.ModuleKind.ESNext,
    target: typescript.ScriptTarget.ES2023,
    rewriteRelativeImportExtensions: true,
  };
  for (const name of readdirSync(generated)) {
    const source = readFileSync(join(generated, name), "utf8");
    const { outputText } = typescript.transpileModule(source, { compilerOptions });
    writeFileSync(join(root, "dist/src/gen/bpf", name.replace(/ts$/, "js")), outputText);
  }
}

describeKernel("a bridge whose traffic goes on", { since: "6.6" }, () => {
  let lab: Lab;
  let hosts: readonly [Host, Host, Host];

  beforeEach(async function () {
    this.timeout(30_000);
    lab = new Lab();
    hosts = [new Host(1), new Host(2), new Host(3)];
    await lab.start();
    await lab.bridge("TC", ...hosts.map(({ device }) => device));
  });

  afterEach(async () => {
    await lab[Symbol.asyncDispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  const all = (sent: number) => Array.from({ length: sent }, (_, n) => n);

  it("is upgraded to other rows and back, without a datagram or a learned address lost", async () => {
    using later = laterVersion();
    const [first, second, third] = hosts;
    await lab.addEntry(third.mac, "p3");
    const roots = [later.root, ".", later.root];

    const { sent, arrived } = await countedStream(first, second, async () => {
      for (const root of roots) {
        const before = await lab.received("p1");
        await lab.stop("SIGTERM");
        await lab.start(root);
        assert.ok((await lab.received("p1")) > before);
      }
    });

    assert.deepEqual(arrived, all(sent));
    assert.deepEqual(await lab.learnedPorts(), {
      [first.mac]: "p1",
      [second.mac]: "p2",
      [third.mac]: "p3",
    });
    // By the static entry alone, as the program of the later version reads it.
    assert.match(await first.output(`ping -c 1 -W 5 ${third.address}`), /1 received/);
  }).timeout(120_000);

  it("grows beyond its static table without a datagram lost", async () => {
    const [first, second] = hosts;

    const { sent, arrived } = await countedStream(first, second, async () => {
      for (const count of [3_000, 5_000, 20_000]) await lab.addEntries(count, "p3");
    });

    assert.deepEqual(arrived, all(sent));
    assert.equal(Object.keys(await lab.learnedPorts()).length, 1000);
  }).timeout(60_000);
});
