import assert from "node:assert/strict";
import { rootHelp, targetHelp } from "../../src/cli/help.ts";
import { findTarget } from "../../src/cli/target.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";

const schema = linkSchema([simplebridgeIr]);

type Verb = Parameters<typeof targetHelp>[1];

function keywords(words: string[], command?: Verb): string[] {
  const lines = targetHelp(findTarget(schema, "simplebridge", words), command, undefined);
  return lines.slice(1).map((line) => line.trim().split(/\s+/)[0] ?? "");
}

describe("help", () => {
  const cases: { words: string[]; command?: Verb; expected: string[] }[] = [
    { words: [], expected: ["<name>", "add", "set", "show", "del"] },
    {
      words: [],
      command: "add",
      expected: [
        "<name>",
        "type=TC|XDP_SKB|XDP_DRV",
        "loglevel=TRACE|DEBUG|INFO|WARN|ERR|CRITICAL|OFF",
        "fdb.aging-time=value",
        "fdb.size=value",
      ],
    },
    {
      words: ["br0", "fdb"],
      expected: ["aging-time", "size", "entry", "flush", "add", "set", "show", "del"],
    },
    { words: ["br0", "fdb"], command: "set", expected: ["aging-time=value", "size=value"] },
    { words: ["br0", "fdb", "entry"], command: "add", expected: ["<address>", "port=value"] },
    { words: ["br0", "ports", "p1"], command: "add", expected: ["peer=value"] },
    { words: ["br0", "fdb", "flush"], expected: [] },
  ];
  for (const { words, command, expected } of cases) {
    it(`behind ${["simplebridge", ...words, command].join(" ")} offers ${expected.join(" ") || "nothing"}`, () => {
      assert.deepEqual(keywords(words, command), expected);
    });
  }

  it("names the values of an enum, the description and an example", () => {
    const lines = targetHelp(findTarget(schema, "simplebridge", ["br0"]), "set", undefined);

    const line = lines.find((text) => text.includes("loglevel="));
    assert.match(
      line ?? "",
      /loglevel=TRACE\|DEBUG.*enumeration +The least important message this cube logs +DEBUG$/,
    );
  });

  it("without words lists services, commands and running cubes", () => {
    const module = { name: "simplebridge", revision: "", description: "A bridge.\n  More." };
    const cube = { name: "br0", service: "simplebridge", type: "TC", uuid: "", path: "" };

    const text = rootHelp([module], [cube], undefined).join("\n");

    assert.match(text, /simplebridge +service +A bridge\n/);
    assert.match(text, /\n connect +command/);
    assert.match(text, /Running cubes:\n.*\n br0 +cube +simplebridge$/);
  });
});
