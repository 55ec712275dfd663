import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import { UsageError } from "../../src/cli/usage-error.ts";

describe("the arguments of yangplane", () => {
  const nothing = {
    command: undefined,
    words: [],
    parameters: new Map(),
    format: undefined,
    hidden: [],
    asksHelp: false,
    readsInput: false,
    isPlan: false,
    isAll: false,
    isRepair: false,
    socket: undefined,
    about: undefined,
  };
  const cases: [string, object][] = [
    ["", {}],
    ["br0 show", { words: ["br0"], command: "show" }],
    ["show br0 -json", { words: ["br0"], command: "show", format: "json" }],
    ["br0 show --yaml", { words: ["br0"], command: "show", format: "yaml" }],
    [
      "br0 show -hide=ports.uuid,type",
      { words: ["br0"], command: "show", hidden: ["ports.uuid", "type"] },
    ],
    [
      "br0 set a=1 b==",
      {
        words: ["br0"],
        command: "set",
        parameters: new Map([
          ["a", "1"],
          ["b", "="],
        ]),
      },
    ],
    ["br0 ports ?", { words: ["br0", "ports"], asksHelp: true }],
    ["plan br0 del", { words: ["br0"], command: "del", isPlan: true }],
    ["br0 del --plan", { words: ["br0"], command: "del", isPlan: true }],
    ["br0 del --all", { words: ["br0"], command: "del", isAll: true }],
    ["br0 plan show", { words: ["br0", "plan"], command: "show" }],
    ["plan br0 del -json", { words: ["br0"], command: "del", isPlan: true, format: "json" }],
    ["--socket /s br0 show", { words: ["br0"], command: "show", socket: "/s" }],
    ["br0 show --socket=/s", { words: ["br0"], command: "show", socket: "/s" }],
    ["br0 add - ", { words: ["br0"], command: "add", readsInput: true }],
    ["br0 show -- -x show a=b", { words: ["br0", "-x", "show", "a=b"], command: "show" }],
    ["-h", { about: "help" }],
    ["help", { about: "help" }],
    ["br0 ports --help", { words: ["br0", "ports"], asksHelp: true }],
    ["-h add", { command: "add", asksHelp: true }],
    ["help br0 ports", { words: ["br0", "ports"], asksHelp: true }],
    ["--version", { about: "version" }],
  ];
  for (const [line, expected] of cases) {
    it(`${line || "(none)"} are sorted`, () => {
      const argv = line.split(" ").filter((word) => word !== "");

      assert.deepEqual(parseCommandLine(argv), { ...nothing, ...expected });
    });
  }

  const mistakes: [string, RegExp][] = [
    ["br0 add show", /two commands, add and show/],
    ["br0 a=1 add", /add has to stand before a=/],
    ["br0 add a=1 more", /more has to stand before a=/],
    ["br0 add a=1 a=2", /a= is given twice/],
    ["br0 add =1", /no name before the =/],
    ["? br0", /\? has to be the last word/],
    ["br0 show -json -yaml", /exclude each other/],
    ["br0 show -json -hide=a", /exclude each other/],
    ["br0 add -json", /-json has no meaning here/],
    ["br0 show -detailed", /unknown flag -detailed/],
    ["br0 show -jsn", /unknown flag -jsn \(did you mean json\?\)/],
    ["br0 show -all", /-all goes with del/],
    ["plan br0 show", /show changes nothing to plan/],
    ["br0 show --socket", /needs the path/],
  ];
  for (const [line, message] of mistakes) {
    it(`${line} are refused: ${message.source}`, () => {
      assert.throws(() => parseCommandLine(line.split(" ")), message);
    });
  }

  it("of any kind are sorted or refused, nothing else", () => {
    const argument = fc.oneof(
      fc.constantFrom("add", "show", "?", "-", "--", "plan", "-json", "--socket", "a=1", "br0"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), (argv) => {
        try {
          parseCommandLine(argv);
        } catch (error) {
          assert(error instanceof UsageError, String(error));
        }
      }),
    );
  });
});
