import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const prefix = "/opt/yangplane";

describe("make install", () => {
  const root = mkdtempSync(join(tmpdir(), "yangplane-install-"));
  const installed = join(root, prefix);
  const unit = join(installed, "lib/systemd/system/yangplaned.service");

  before("below a folder and a prefix", function () {
    this.timeout(120_000);
    const env = { ...process.env, npm_config_prefer_offline: "true" };
    const words = ["--no-print-directory", "install", `DESTDIR=${root}`, `PREFIX=${prefix}`];
    execFileSync("make", words, { env, stdio: "pipe" });
  });

  after(() => rmSync(root, { recursive: true }));

  for (const program of ["yangplaned", "yangplane"]) {
    it(`installs ${program}, which runs from anywhere`, () => {
      const options = { cwd: "/", encoding: "utf8" } as const;

      const said = execFileSync(join(installed, "bin", program), ["--version"], options);

      assert.match(said, new RegExp(`^${program} \\d+\\.\\d+\\.\\d+\n$`));
    });
  }

  it("installs the models and the compiled programs", () => {
    const folder = join(installed, "lib/node_modules/yangplane");

    assert(existsSync(join(folder, "yang/simplebridge.yang")));
    assert(existsSync(join(folder, "build/bpf/simplebridge.bpf.o")));
  });

  it("installs a unit that starts what is installed", () => {
    assert.match(readFileSync(unit, "utf8"), /^ExecStart=\/opt\/yangplane\/bin\/yangplaned$/m);
  });

  it("installs a unit in which systemd finds nothing wrong", function () {
    if (spawnSync("systemd-analyze", ["--version"]).error) this.skip();
    const there = join(root, "yangplaned.service");
    writeFileSync(there, readFileSync(unit, "utf8").replaceAll(prefix, installed));

    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", there], {
      encoding: "utf8",
    });

    assert.equal(stderr, "");
    assert.equal(status, 0);
  }).timeout(20_000);
});
