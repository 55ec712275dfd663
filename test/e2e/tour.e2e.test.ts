import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describeKernel } from "../support/kernel.ts";
import { Shell } from "../support/shell.ts";

/** The commands of the README's tour, in order. */
function tourBlocks(): string[] {
  const [, tour = ""] = readFileSync("README.md", "utf8").split("## Five-minute tour");
  const [text = ""] = tour.split(/^## /m);
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

describeKernel("the tour of the README", { since: "6.6" }, () => {
  it("works as it is typed", async () => {
    await using shell = new Shell();

    for (const block of tourBlocks()) {
      assert.equal(await shell.type(`set -e\n${block}`), 0, `${block}\n${shell.output}`);
      if (block.startsWith("yangplaned")) await shell.waitFor(/^yangplaned ready$/m);
    }

    assert.match(shell.output, /yangplane\.simplebridge\.v1\.SimplebridgeService/);
    assert.match(shell.output, /3 received, 0% packet loss/);
    assert.match(shell.output, /"address": "02:00:00:00:00:01"/);
    assert.match(shell.output, /"plan"/);
  });
});
