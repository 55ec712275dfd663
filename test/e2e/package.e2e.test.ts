import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describeKernel } from "../support/kernel.ts";
import { ServiceFolder } from "../support/service-folder.ts";
import { Shell } from "../support/shell.ts";

const grpcurl = resolve("build/tools/grpcurl");
const api = "yangplane.simplebridge.v1.SimplebridgeService";

function tarball(): string {
  const [name, ...others] = readdirSync("build/package").filter((file) => file.endsWith(".tgz"));
  assert.ok(name !== undefined && others.length === 0, "`make package` leaves one tarball");
  return resolve("build/package", name);
}

describeKernel("the npm package", { since: "6.6" }, () => {
  const folder = mkdtempSync(join(tmpdir(), "yangplane-package-"));
  const bin = join(folder, "node_modules/.bin");
  const path = join(folder, "path");

  before("installs it", () => {
    writeFileSync(join(folder, "package.json"), "{}");
    const options = ["--omit=dev", "--prefer-offline", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["install", ...options, tarball()], { cwd: folder, stdio: "inherit" });
    execFileSync("mkdir", [path]);
    symlinkSync(process.execPath, join(path, "node"));
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const program of ["yangplaned", "yangplane", "yangplane-gen"]) {
    it(`has ${program}`, () => {
      assert.ok(existsSync(join(bin, program)));
    });
  }

  it("carries the source of the programs it has compiled", () => {
    const installed = join(folder, "node_modules/yangplane");

    assert.ok(existsSync(join(installed, "build/bpf/simplebridge.bpf.o")));
    assert.ok(existsSync(join(installed, "bpf/simplebridge/simplebridge.bpf.c")));
    assert.ok(existsSync(join(installed, "bpf/LICENSE")));
  });

  it("generates from the models it carries", () => {
    const models = join(folder, "node_modules/yangplane/yang");
    const out = join(folder, "generated");
    const options = ["-p", models, "-p", join(models, "base"), "--out", out, "simplebridge"];

    execFileSync(join(bin, "yangplane-gen"), options, { env: { PATH: path }, stdio: "pipe" });

    assert.ok(existsSync(join(out, "simplebridge.ts")));
  });

  it("builds a service outside it where clang is there, and loads it where not", async () => {
    using service = new ServiceFolder();
    await using shell = new Shell();
    const clang = execFileSync("sh", ["-c", "command -v clang"], { encoding: "utf8" }).trim();
    const env = { PATH: path, CLANG: clang };

    execFileSync(join(bin, "yangplane-gen"), ["--service", service.path], { env, stdio: "pipe" });

    await shell.type("cd /; ip link add veth1 type veth peer name veth2; ip link set veth1 up");
    await shell.type(`PATH=${path} ${bin}/yangplaned &`);
    await shell.waitFor(/^yangplaned ready$/m);
    const yangplane = (line: string) => shell.type(`PATH=${path} ${bin}/yangplane ${line}`);
    assert.equal(await yangplane(`services add ${service.path}`), 0, shell.output);
    const add = "packetcounter add pc1 type=XDP_DRV";
    assert.equal(await yangplane(add), 0, shell.output);
    assert.equal(await yangplane("pc1 ports add in peer=veth1"), 0, shell.output);
    await shell.type("ip link show veth1");
    assert.match(shell.output, /prog\/xdp/);
  });

  it("has the contract of services for whoever imports it, with its types", () => {
    const source = `
      import { u32 } from "yangplane/codec";
      import { defineService, type YangList } from "yangplane/service";
      export const size: number = u32.size;
      export const entries = (list: YangList<{ readonly name: string }, [name: string]>) => list.size;
      console.log(typeof defineService, size);`;
    writeFileSync(join(folder, "own.mts"), source);
    const tsc = join(folder, "node_modules/typescript/bin/tsc");
    const flags = ["--strict", "--module", "nodenext", "--target", "es2023", "--lib"];
    const files = ["es2023,esnext.disposable,dom", "own.mts"];

    execFileSync(process.execPath, [tsc, ...flags, ...files], { cwd: folder, stdio: "inherit" });

    const said = execFileSync(process.execPath, ["own.mjs"], { cwd: folder, encoding: "utf8" });
    assert.equal(said, "function 4\n");
  });

  it("serves a bridge where there is no compiler", async () => {
    await using shell = new Shell();
    const call = (method: string, body: string) =>
      shell.type(`${grpcurl} -plaintext -unix -d '${body}' /run/socket ${api}/${method}`);
    await shell.type("ip link add veth1 type veth peer name veth2; ip link set veth1 up");
    await shell.type("ip link set veth2 up; cd /");
    await shell.type(
      `PATH=${path} ${bin}/yangplaned --socket /run/socket --state-dir /run/state &`,
    );
    await shell.waitFor(/^yangplaned ready$/m);

    assert.equal(await call("CreateSimplebridge", '{"simplebridge": {"name": "br0"}}'), 0);
    const port = '{"simplebridge_name": "br0", "ports": {"name": "p1", "peer": "veth1"}}';
    assert.equal(await call("CreatePorts", port), 0);
    await call("GetPorts", '{"simplebridge_name": "br0", "ports_name": "p1"}');

    assert.match(shell.output, /"status": "STATUS_UP"/);
  });
});
