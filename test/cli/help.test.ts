import assert from "node:assert/strict";
import { builtins } from "../../src/cli/builtins.ts";
import { builtinHelp, rootHelp, targetHelp } from "../../src/cli/help.ts";
import { findTarget, rpcTarget } from "../../src/cli/target.ts";
import { usage } from "../../src/cli/usage.ts";
import type { IrType } from "../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../src/datamodel/schema/schema.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";
import { topologyIr } from "../../src/gen/yang/topology.ts";
import { type Build, irModule, leaf, leafList, list, type } from "../support/ir.ts";

const schema = linkSchema([simplebridgeIr]);

type Verb = Parameters<typeof targetHelp>[1];

function keywords(words: string[], command?: Verb): string[] {
  const lines = targetHelp(findTarget(schema, "simplebridge", words), command, undefined);
  return lines
    .flatMap((line) => /^ (\S+)/.exec(line)?.[1] ?? [])
    .filter((word) => word !== "Keyword");
}

describe("help", () => {
  const cases: { words: string[]; command?: Verb; expected: string[] }[] = [
    { words: [], expected: ["<name>", "add", "set", "show", "del"] },
    {
      words: [],
      command: "add",
      expected: [
        "<name>",
        "type=value",
        "loglevel=value",
        "fdb.aging-time=value",
        "fdb.size=value",
      ],
    },
    {
      words: ["br0", "fdb"],
      expected: ["aging-time", "size", "entry", "flush", "add", "set", "show", "del"],
    },
    { words: ["br0", "fdb"], command: "set", expected: ["aging-time=value"] },
    { words: ["br0", "fdb", "entry"], command: "add", expected: ["<address>", "port=value"] },
    { words: ["br0", "ports", "p1"], command: "add", expected: ["peer=value", "tcubes=value"] },
    { words: ["br0", "fdb", "flush"], expected: [] },
    { words: ["br0", "fdb", "aging-time"], expected: ["show", "del"] },
    { words: ["br0", "type"], expected: ["TC", "XDP_SKB", "XDP_DRV", "show", "del"] },
    { words: ["br0", "uuid"], expected: ["show"] },
    { words: ["br0", "ports", "p1", "name"], expected: ["show"] },
  ];
  for (const { words, command, expected } of cases) {
    it(`behind ${["simplebridge", ...words, command].join(" ")} offers ${expected.join(" ") || "nothing"}`, () => {
      assert.deepEqual(keywords(words, command), expected);
    });
  }

  const leaves: { words: string[]; command: Verb; line: RegExp; more: string[] }[] = [
    {
      words: [],
      command: "add",
      line: /^ type=value +enumeration +Where in the kernel the programs of this cube are attached +XDP_DRV$/,
      more: ["TC, XDP_SKB or XDP_DRV, default TC, only when it is created"],
    },
    {
      words: ["br0", "fdb"],
      command: "set",
      line: /^ aging-time=value +uint32 +How long a learned entry lives .* 60$/,
      more: ["1..1000000 seconds, default 300"],
    },
    {
      words: ["br0", "fdb", "entry"],
      command: "add",
      line: /^ <address> +mac-address +Unicast address of a station +02:00:00:00:00:01$/,
      more: ["a group address cannot be behind a port", "the null address is nobody's"],
    },
    {
      words: ["br0", "fdb", "entry"],
      command: "add",
      line: /^ port=value +string +The port the station is behind$/,
      more: ["an existing ports name, required"],
    },
    {
      words: ["br0", "ports", "p1"],
      command: "set",
      line: /^ peer=value +string +What the port is connected to +veth1$/,
      more: [
        "0..129 characters",
        "a peer is the name of a network device, or cube:port",
        "no device can be called '.' or '..'",
        "a port cannot have a port of its own cube for peer",
      ],
    },
  ];
  for (const { words, command, line, more } of leaves) {
    it(`${line.source.slice(2, 12)}… says what the model says: ${more.join("; ")}`, () => {
      const lines = targetHelp(findTarget(schema, "simplebridge", words), command, undefined);

      const at = lines.findIndex((text) => line.test(text));
      assert.notEqual(at, -1, lines.join("\n"));
      const rules = lines.slice(at + 1, at + 1 + more.length).map((text) => text.trim());
      assert.deepEqual(rules, more);
    });
  }

  it("of one leaf is all of its description, and what each of its values means", () => {
    const target = findTarget(schema, "simplebridge", ["br0", "type"]);

    const text = targetHelp(target, undefined, 80).join("\n");

    assert.match(
      text,
      /^Where in the kernel the programs of this cube are attached\.\nTC, XDP_SKB/,
    );
    assert.match(text, /\n XDP_DRV +value +Native XDP, run by the driver\n/);
  });

  const types: [string, Build, RegExp][] = [
    ["a range in parts", leaf("x", ranged("1", "4", "7", "7")), /1\.\.4 or 7$/],
    ["units without a range", leaf("x", "uint8", { units: "ms" }), /in ms$/],
    ["an empty default", leaf("x", "string", { default: "" }), /default empty$/],
    ["a boolean", leaf("x", "boolean"), /true or false$/],
    ["a pattern without a message", leaf("x", patterned("[a-f]+")), /matches \[a-f\]\+$/],
    ["the members of a union", leaf("x", unionOf("boolean", ranged("1", "9"))), /1\.\.9, true or/],
    ["a leaf-list", leafList("x", "int8", { defaults: ["1", "2"] }), /list of int8\s+default 1 2$/],
  ];
  for (const [title, node, expected] of types) {
    it(`tells ${title}`, () => {
      const router = list("router", "name", [leaf("name", "string"), node]);
      const linked = linkSchema([irModule("router", [router])]);

      const lines = targetHelp(findTarget(linked, "router", ["r1"]), "add", undefined);

      assert.match(lines.join(" "), expected);
    });
  }

  it("without words lists services, commands and running cubes", () => {
    const cube = { name: "br0", service: "simplebridge", type: "TC", uuid: "", path: "" };

    const text = rootHelp([simplebridgeIr, topologyIr], [cube], undefined).join("\n");

    assert.match(text, /simplebridge +service +A learning Ethernet bridge/);
    assert.match(text, /\n connect +command +Makes two ports/);
    assert.doesNotMatch(text, /topology +service/);
    assert.match(text, /Running cubes:\n.*\n br0 +cube +simplebridge$/);
  });

  it("of an rpc names its words in order, what may be added, and an example", () => {
    const target = rpcTarget(linkSchema([topologyIr]), ["attach"]);

    const lines = targetHelp(target, undefined, undefined);

    assert.equal(lines[0], "Attaches a transparent cube to a port or a device.");
    const words = lines.flatMap((line) => /^ (\S+)/.exec(line)?.[1] ?? []).slice(1);
    assert.deepEqual(words, ["<cube>", "<port>", "position=value", "before=value", "after=value"]);
    assert.equal(lines.at(-1), "Example: yangplane attach fw0 br0:p1");
  });

  it("of every command that is no service's fits a terminal", () => {
    for (const [name, builtin] of builtins) {
      const lines = builtinHelp(builtin, 80);
      assert.match(lines.at(-1) ?? "", new RegExp(`^Example: yangplane ${name}`));
      for (const line of [...lines, ...usage.split("\n")]) assert(line.length <= 80, line);
    }
  });
});

function ranged(...bounds: string[]): IrType {
  const pairs = Array.from({ length: bounds.length / 2 }, (_, pair) => pair * 2);
  const intervals = pairs.map((at) => ({ min: bounds[at] ?? "", max: bounds[at + 1] ?? "" }));
  return { base: "uint8", range: { intervals } };
}

function patterned(expression: string): IrType {
  return { base: "string", patterns: [{ expression }] };
}

function unionOf(...members: (IrType | "boolean")[]): IrType {
  return { base: "union", types: members.map(type) };
}
