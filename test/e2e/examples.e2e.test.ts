import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { describeKernel } from "../support/kernel.ts";

/** What only a scene that was played to its end has shown. */
const scenes: Readonly<Record<string, readonly RegExp[]>> = {
  "simplebridge.sh": [
    /^\$ yangplane connect br0:toveth1 veth1$/m,
    /^ {2}loglevel: INFO$/m,
    /^\$ kill -9 \d+\n\$ ip netns exec ns1 ping[^$]* 0% packet loss/m,
  ],
  "chain.sh": [
    /^ {3}├─ a ──\[th0\]── veth1$/m,
    /=DROP\n\$ ip netns exec ns1 ping[^$]* 100% packet loss/m,
    /^\$ kill -9 \d+\n\$ ip netns exec ns2 ping[^$]* 0% packet loss/m,
  ],
  "packetcounter.sh": [/^ {2}Received [1-9]\d* packets$/m, /^ +prog\/xdp id \d+/m],
};

/** `scene.sh` is what they have in common, `demo.sh` has a test of its own. */
const others = ["demo.sh", "scene.sh"];

describe("the examples", () => {
  const files = readdirSync("examples").filter((file) => file.endsWith(".sh"));

  it("are those of this test, and the README names them", () => {
    assert.deepEqual(files.toSorted(), [...Object.keys(scenes), ...others].toSorted());
    const readme = readFileSync("README.md", "utf8");
    for (const name of Object.keys(scenes)) assert.match(readme, new RegExp(`\`${name}\``));
  });

  describeKernel("as they are run", { since: "6.6" }, () => {
    for (const [name, shown] of Object.entries(scenes)) {
      it(`show all there is to see: ${name}`, () => {
        const { status, stdout, stderr } = spawnSync(`examples/${name}`, { encoding: "utf8" });

        const output = stripVTControlCharacters(stdout);
        assert.equal(status, 0, output + stderr);
        for (const pattern of shown) assert.match(output, pattern);
      }).timeout(120_000);
    }
  });
});
