import assert from "node:assert/strict";
import { Btf, type BtfMember, type BtfType } from "../../src/dataplane/btf/btf.ts";
import { camelCase, enumNames, pascalCase, reasonNames } from "../../src/dataplane/btf/names.ts";
import { fileTexts } from "../../tools/btf/generate.ts";
import { objectText } from "../../tools/btf/object-text.ts";
import { TypeWriter } from "../../tools/btf/type-text.ts";

/** What every object has, by C name. */
const base: readonly BtfType[] = [
  { id: 1, kind: "INT", name: "unsigned char", size: 1, encoding: "(none)" },
  { id: 2, kind: "INT", name: "unsigned short", size: 2, encoding: "(none)" },
  { id: 3, kind: "INT", name: "unsigned int", size: 4, encoding: "(none)" },
  { id: 4, kind: "INT", name: "unsigned long long", size: 8, encoding: "(none)" },
  { id: 5, kind: "INT", name: "int", size: 4, encoding: "SIGNED" },
  { id: 6, kind: "INT", name: "long long", size: 8, encoding: "SIGNED" },
  { id: 7, kind: "INT", name: "_Bool", size: 1, encoding: "BOOL" },
  { id: 8, kind: "TYPEDEF", name: "__u16", type_id: 2 },
  { id: 9, kind: "TYPEDEF", name: "__be16", type_id: 8 },
  { id: 10, kind: "TYPEDEF", name: "__be32", type_id: 3 },
  { id: 11, kind: "TYPEDEF", name: "__be64", type_id: 4 },
  { id: 12, kind: "ARRAY", name: "(anon)", type_id: 1, nr_elems: 6 },
  { id: 13, kind: "ARRAY", name: "(anon)", type_id: 4, nr_elems: 16 },
  { id: 14, kind: "ARRAY", name: "(anon)", type_id: 13, nr_elems: 2 },
  { id: 15, kind: "VOLATILE", name: "(anon)", type_id: 16 },
  { id: 16, kind: "CONST", name: "(anon)", type_id: 10 },
  {
    id: 17,
    kind: "ENUM",
    name: "paint_mode",
    size: 4,
    values: [
      { name: "PAINT_NONE", val: 0 },
      { name: "PAINT_ALL_OVER", val: 3 },
    ],
  },
  { id: 18, kind: "PTR", name: "(anon)", type_id: 3 },
  { id: 19, kind: "UNION", name: "either" },
  { id: 20, kind: "INT", name: "__int128", size: 16, encoding: "(none)" },
  { id: 21, kind: "ARRAY", name: "(anon)", type_id: 10, nr_elems: 4 },
  { id: 22, kind: "STRUCT", name: "(anon)", size: 4, members: [] },
];

function structOf(...members: readonly Omit<BtfMember, "bits_offset">[]): Btf {
  const placed = members.map((member, index) => ({ ...member, bits_offset: index * 64 }));
  const struct: BtfType = { id: 100, kind: "STRUCT", name: "wall", size: 64, members: placed };
  return new Btf([...base, struct]);
}

describe("the BTF generator", () => {
  const types = [
    { id: 1, type: "number", codec: "u8" },
    { id: 2, type: "number", codec: "u16" },
    { id: 3, type: "number", codec: "u32" },
    { id: 4, type: "bigint", codec: "u64" },
    { id: 5, type: "number", codec: "i32" },
    { id: 6, type: "bigint", codec: "i64" },
    { id: 7, type: "boolean", codec: "bool" },
    { id: 8, type: "number", codec: "u16" },
    { id: 9, type: "number", codec: "be16" },
    { id: 10, type: "number", codec: "be32" },
    { id: 11, type: "bigint", codec: "be64" },
    { id: 12, type: "Uint8Array", codec: "bytes(6)" },
    { id: 13, type: "readonly bigint[]", codec: "array(u64, 16)" },
    { id: 14, type: "readonly readonly bigint[][]", codec: "array(array(u64, 16), 2)" },
    { id: 15, type: "number", codec: "be32" },
    { id: 17, type: "PaintMode", codec: "enumeration(u32, paintMode)" },
    { id: 21, type: "readonly number[]", codec: "array(be32, 4)" },
  ];

  for (const { id, type, codec } of types) {
    it(`writes BTF type ${id} as ${type} with codec ${codec}`, () => {
      assert.deepEqual(new TypeWriter(new Btf(base)).write(id, "it"), { type, codec });
    });
  }

  it("declares a struct without its padding, each member where it lies", () => {
    const btf = structOf(
      { name: "paint_mode", type_id: 17, bitfield_size: 8 },
      { name: "pad", type_id: 12 },
      { name: "local_mac", type_id: 12 },
      { name: "pad2", type_id: 1 },
    );
    const writer = new TypeWriter(btf);

    const text = writer.write(100, "it");

    assert.deepEqual(text, { type: "Wall", codec: "wall" });
    assert.equal(
      writer.declarations.get("wall")?.text,
      [
        "export interface Wall {",
        "  readonly paintMode: PaintMode;",
        "  readonly localMac: Uint8Array;",
        "}",
        "",
        "export const wall = struct<Wall>(64, {",
        "  paintMode: [0, enumeration(u8, paintMode)],",
        "  localMac: [16, bytes(6)],",
        "});",
      ].join("\n"),
    );
  });

  it("declares an enum by the names that its values do not share", () => {
    const writer = new TypeWriter(new Btf(base));

    writer.declare(17, "it");

    assert.equal(
      writer.declarations.get("paint_mode")?.text,
      [
        "export const paintMode = {",
        "  none: 0,",
        '  "all-over": 3,',
        "} as const;",
        "",
        "export type PaintMode = keyof typeof paintMode;",
      ].join("\n"),
    );
  });

  const refused = [
    {
      title: "a pointer",
      member: { name: "next", type_id: 18 },
      message: /next of struct wall: a PTR/,
    },
    { title: "a union", member: { name: "u", type_id: 19 }, message: /u of struct wall: a UNION/ },
    {
      title: "a 128-bit integer",
      member: { name: "big", type_id: 20 },
      message: /no codec for __int128/,
    },
    {
      title: "an anonymous struct",
      member: { name: "inner", type_id: 22 },
      message: /inner of struct wall: an anonymous struct/,
    },
    {
      title: "an anonymous member",
      member: { name: "(anon)", type_id: 17 },
      message: /an anonymous member/,
    },
    {
      title: "a bit field of odd size",
      member: { name: "mode", type_id: 17, bitfield_size: 3 },
      message: /bit fields can be/,
    },
  ];

  for (const { title, member, message } of refused) {
    it(`refuses ${title} and says where`, () => {
      assert.throws(() => new TypeWriter(structOf(member)).write(100, "it"), message);
    });
  }

  const names = [
    { c: "source_prefix", camel: "sourcePrefix", pascal: "SourcePrefix" },
    { c: "ipv4_9", camel: "ipv49", pascal: "Ipv49" },
    { c: "x", camel: "x", pascal: "X" },
  ];

  for (const { c, camel, pascal } of names) {
    it(`spells ${c} as ${camel} and ${pascal}`, () => {
      assert.deepEqual([camelCase(c), pascalCase(c)], [camel, pascal]);
    });
  }

  const enums = [
    { c: ["DROP_NO_PEER", "DROP_TRUNCATED"], names: ["no-peer", "truncated"] },
    { c: ["A_X_ONE", "A_X_TWO"], names: ["one", "two"] },
    { c: ["FLAG_XDP_XMIT", "FLAG_XDP"], names: ["xdp-xmit", "xdp"] },
    { c: ["HOP_NONE"], names: ["none"] },
    { c: ["ONE", "TWO"], names: ["one", "two"] },
  ];

  for (const { c, names: expected } of enums) {
    it(`names the values ${c.join(", ")} ${expected.join(", ")}`, () => {
      assert.deepEqual(enumNames(c), expected);
    });
  }

  const reasons = [
    { c: ["DROP_NO_PEER", "DROP_HOP_LIMIT"], names: ["no-peer", "hop-limit"] },
    { c: ["WALL_DROP_RULE"], names: ["rule"] },
    { c: ["WALL_DROP_RULE", "WALL_DROP_RULE_SET"], names: ["rule", "rule-set"] },
    { c: ["WALL_THICK", "WALL_DROP_RULE"], names: ["thick", "drop-rule"] },
  ];

  for (const { c, names: expected } of reasons) {
    it(`names the drop reasons ${c.join(", ")} ${expected.join(", ")}`, () => {
      assert.deepEqual(reasonNames(c), expected);
    });
  }

  const owners = [
    { name: "deny_rules", flags: 128 + 1, owner: "config" },
    { name: "sessions", flags: 1, owner: "state" },
    { name: "hops", flags: 128, owner: "core" },
    { name: "jmp_tc", flags: 0, owner: "core" },
    { name: "counters", flags: 0, owner: "core" },
  ];

  for (const { name, flags, owner } of owners) {
    it(`takes map ${name} with flags ${flags} for a ${owner} map`, () => {
      const btf = withMap(name, { type: 1, max_entries: 7, map_flags: flags });

      const text = objectText("wall", btf, new TypeWriter(btf));

      assert.match(text, new RegExp(`name: "${name}",\n {6}type: "hash",\n {6}owner: "${owner}",`));
      assert.match(text, /key: u32,\n {6}value: u64,\n {6}maxEntries: 7,/);
    });
  }

  it("takes a map that is pinned by name for one of all objects, whatever its flags", () => {
    const btf = withMap("common", { type: 1, max_entries: 7, map_flags: 128, pinning: 1 });

    assert.match(objectText("wall", btf, new TypeWriter(btf)), /owner: "shared"/);
  });

  it("refuses a map type that has no twin in memory", () => {
    const btf = withMap("stack", { type: 23, max_entries: 1, map_flags: 0 });

    assert.throws(() => objectText("wall", btf, new TypeWriter(btf)), /map stack: no map type 23/);
  });

  it("takes global functions for programs of the hook whose context they have", () => {
    const btf = new Btf([
      ...base,
      { id: 30, kind: "STRUCT", name: "xdp_md", size: 24, members: [] },
      { id: 31, kind: "PTR", name: "(anon)", type_id: 30 },
      { id: 32, kind: "FUNC_PROTO", name: "(anon)", params: [{ name: "ctx", type_id: 31 }] },
      { id: 33, kind: "FUNC", name: "xdp_ingress", type_id: 32, linkage: "global" },
      { id: 34, kind: "FUNC", name: "helper", type_id: 32, linkage: "static" },
    ]);

    const text = objectText("wall", btf, new TypeWriter(btf));

    assert.match(
      text,
      /programs: \{\n {4}xdpIngress: \{ name: "xdp_ingress", family: "xdp" \},\n {2}\}/,
    );
  });

  it("takes global variables of .rodata for constants, static ones are the program's own", () => {
    const btf = new Btf([
      ...base,
      { id: 30, kind: "VAR", name: "local_mac", type_id: 12, linkage: "global" },
      { id: 31, kind: "VAR", name: "____fmt", type_id: 12, linkage: "static" },
      { id: 32, kind: "DATASEC", name: ".rodata", vars: [{ type_id: 30 }, { type_id: 31 }] },
    ]);

    const text = objectText("wall", btf, new TypeWriter(btf));

    assert.match(
      text,
      /constants: \{\n {4}localMac: \{ name: "local_mac", value: bytes\(6\) \},\n {2}\}/,
    );
  });

  it("puts types that objects share into one file, and refuses those that differ", () => {
    const object = (size: number) =>
      new Btf([
        ...base,
        { id: 40, kind: "STRUCT", name: "hop", size, members: [] },
        { id: 41, kind: "PTR", name: "(anon)", type_id: 40 },
        { id: 42, kind: "VAR", name: "exported_hop", type_id: 41 },
        { id: 43, kind: "DATASEC", name: ".exported_types", vars: [{ type_id: 42 }] },
      ]);

    const files = fileTexts([
      { name: "a", btf: object(8) },
      { name: "b", btf: object(8) },
    ]);

    assert.deepEqual([...files.keys()], ["a.ts", "b.ts", "core.ts"]);
    assert.match(files.get("core.ts") ?? "", /export interface Hop/);
    assert.doesNotMatch(files.get("a.ts") ?? "", /interface Hop/);
    const clash = [
      { name: "a", btf: object(8) },
      { name: "b", btf: object(16) },
    ];
    assert.throws(() => fileTexts(clash), /hop of b differs/);
  });
});

/** A map from u32 to u64 as the kernel's macros define it: numbers are lengths of arrays. */
function withMap(name: string, numbers: Readonly<Record<string, number>>): Btf {
  const types: BtfType[] = [...base, { id: 50, kind: "PTR", name: "(anon)", type_id: 4 }];
  const members: BtfMember[] = [
    { name: "key", type_id: 18, bits_offset: 0 },
    { name: "value", type_id: 50, bits_offset: 64 },
  ];
  for (const [index, [member, value]] of Object.entries(numbers).entries()) {
    const id = 60 + 2 * index;
    types.push({ id, kind: "ARRAY", name: "(anon)", type_id: 5, nr_elems: value });
    types.push({ id: id + 1, kind: "PTR", name: "(anon)", type_id: id });
    members.push({ name: member, type_id: id + 1, bits_offset: 128 + 64 * index });
  }
  types.push({ id: 51, kind: "STRUCT", name: "(anon)", size: 40, members });
  types.push({ id: 52, kind: "VAR", name, type_id: 51 });
  types.push({ id: 53, kind: "DATASEC", name: ".maps", vars: [{ type_id: 52 }] });
  return new Btf(types);
}
