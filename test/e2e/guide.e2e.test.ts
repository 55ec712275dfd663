import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describeKernel } from "../support/kernel.ts";
import { Shell } from "../support/shell.ts";

interface Block {
  readonly language: string;
  /** Name of the file whose content it is. */
  readonly file: string | undefined;
  readonly text: string;
}

/** The fenced blocks of a guide, in order. */
function blocksOf(guide: string): Block[] {
  const fences = readFileSync(guide, "utf8").matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms);
  return [...fences].map(([, language = "", file, text = ""]) => ({ language, file, text }));
}

const example = "examples/packetcounter";

describe("the guide to a service of one's own", () => {
  const blocks = blocksOf("docs/guides/write-a-service.md");

  it("has the files of the example, and all of them", () => {
    const written = blocks.filter(({ file }) => file !== undefined);
    const sources = readdirSync(example).filter((file) => /\.(yang|c|h|ts)$/.test(file));

    assert.deepEqual(written.map(({ file }) => file).sort(), sources.sort());
    for (const { file, text } of written) {
      assert.equal(text, readFileSync(`${example}/${file}`, "utf8"), file);
    }
  });

  describeKernel("as it is typed", { since: "6.6" }, () => {
    it("counts packets and leaves nothing behind", async () => {
      await using shell = new Shell();
      await shell.type("export HOME=/run/home");
      const shown: string[] = [];

      for (const { language, file, text } of blocks) {
        const before = shell.output.length;
        const lines =
          file === undefined ? text : `cat > ~/packetcounter/${file} <<'END'\n${text}END`;
        assert.ok(language === "sh" || file !== undefined, `${language} is shell or a file`);
        assert.equal(await shell.type(`set -e\n${lines}`), 0, `${text}\n${shell.output}`);
        if (text.startsWith("yangplaned")) await shell.waitFor(/^yangplaned ready$/m);
        if (text.startsWith("ip link show") || text.includes("services del")) {
          shown.push(shell.output.slice(before));
        }
      }

      const [attached = "", gone = ""] = shown;
      assert.match(attached, /veth1.*[\s\S]*prog\/xdp id \d+/);
      assert.match(gone, /veth1/);
      assert.doesNotMatch(gone, /prog|xdp/);
      assert.match(shell.output, /3 received, 0% packet loss/);
      assert.match(shell.output, /rpc ReceivedReset|rpc PacketcounterReceivedReset|Reset \(/);
      const counted = Number(/"packets": "(\d+)"/.exec(shell.output)?.[1]);
      assert.ok(counted >= 3, `${counted} packets by gRPC`);
      assert.match(shell.output, /^Received \d+ packets$/m);
      const lock = "packetcounter.lock.json";
      assert.equal(await shell.type(`diff ~/packetcounter/${lock} ${example}/${lock}`), 0);
    }).timeout(120_000);
  });
});
