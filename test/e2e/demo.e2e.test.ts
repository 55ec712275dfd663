import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describeKernel } from "../support/kernel.ts";

interface Demo {
  readonly id: string;
  readonly exitCode: number | null;
  readonly output: string;
}

function runDemo(): Promise<Demo> {
  const child = spawn("examples/demo.sh", { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ id: `yp${child.pid}`, exitCode, output }));
  });
}

describeKernel("the demo", { since: "6.6" }, () => {
  let demos: readonly Demo[] = [];

  before("runs it twice at the same time", async () => {
    demos = await Promise.all([runDemo(), runDemo()]);
  });

  it("passes packets, twice at the same time", () => {
    for (const { exitCode, output } of demos) assert.equal(exitCode, 0, output);
  });

  const shown = [
    { what: "the grpcurl commands", pattern: /\$ grpcurl -plaintext -unix .*CreateSimplebridge/s },
    { what: "the ping", pattern: /5 received, 0% packet loss/ },
    { what: "the throughput of TCP", pattern: /TCP .* [1-9][\d.]* Gbits\/sec/ },
    { what: "a learned address", pattern: /"address": "02:00:00:00:00:02"/ },
    { what: "the plan of an edit", pattern: /"operation": "OPERATION_PUT"/ },
    { what: "the picture", pattern: /┤ p1 {5}br0 {5}p2 ├/ },
  ];

  for (const { what, pattern } of shown) {
    it(`shows ${what}`, () => {
      for (const { output } of demos) assert.match(output, pattern);
    });
  }

  it("leaves no namespace, device or pin", () => {
    const namespaces = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
    for (const { id } of demos) {
      assert.doesNotMatch(namespaces, new RegExp(`^${id}-`, "m"));
      assert.equal(existsSync(`/sys/class/net/${id}h1`), false);
      assert.equal(existsSync(`/sys/fs/bpf/${id}`), false);
    }
  });
});
