/** The maps, programs and constants of a compiled object, as its `ObjectLayout`. */
import type { MapOwner, MapType } from "../../src/dataplane/layout.ts";
import type { Btf, BtfEnum, BtfReference, BtfStruct } from "./btf.ts";
import { camelCase, enumNames, property } from "./names.ts";
import type { TypeWriter } from "./type-text.ts";

/** BPF_MAP_TYPE_… of the kernel's uapi/linux/bpf.h. */
const mapTypes: Readonly<Record<number, MapType>> = {
  1: "hash",
  2: "array",
  3: "prog_array",
  5: "percpu_hash",
  6: "percpu_array",
  9: "lru_hash",
  11: "lpm_trie",
  12: "array_of_maps",
  13: "hash_of_maps",
  14: "devmap",
  27: "ringbuf",
};

/** BPF_F_RDONLY_PROG. */
const readOnlyForPrograms = 1 << 7;

/** Declared in bpf/include and bpf/core; the engine's own wiring. */
const coreMaps = /^(hops|cube|counters|hop|jmp_\w+)$/;

const contexts: Readonly<Record<string, string>> = { __sk_buff: "tc", xdp_md: "xdp" };

export function objectText(name: string, btf: Btf, writer: TypeWriter): string {
  const drops = dropReasons(name, btf);
  return [
    `export const ${camelCase(name)}Object = {`,
    `  name: ${JSON.stringify(name)},`,
    ...section("maps", mapLines(btf, writer)),
    ...section("programs", programLines(btf)),
    ...section("constants", constantLines(btf, writer)),
    ...(drops.length === 0 ? [] : section("drops", drops)),
    "} as const satisfies ObjectLayout;",
  ].join("\n");
}

function section(name: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [`  ${name}: {},`];
  return [`  ${name}: {`, ...lines.map((line) => `    ${line}`), "  },"];
}

function mapLines(btf: Btf, writer: TypeWriter): string[] {
  return btf.variables(".maps").flatMap((variable) => {
    const { key, value, ...map } = mapOf(btf, variable);
    const codecOf = (id: number | undefined, what: string) =>
      (id === undefined ? writer.nothing() : writer.write(id, `${what} of map ${map.name}`)).codec;
    const form = { key: codecOf(key, "key"), value: codecOf(value, "value") };
    return [
      `${property(camelCase(map.name))}: {`,
      `  name: ${JSON.stringify(map.name)},`,
      `  type: ${JSON.stringify(map.type)},`,
      `  owner: ${JSON.stringify(map.owner)},`,
      `  key: ${form.key},`,
      `  value: ${form.value},`,
      `  maxEntries: ${map.maxEntries},`,
      "},",
    ];
  });
}

interface MapDefinition {
  readonly name: string;
  readonly type: MapType;
  readonly owner: MapOwner;
  readonly maxEntries: number;
  /** BTF types; ring buffers have none. */
  readonly key: number | undefined;
  readonly value: number | undefined;
}

/** `__uint(x, 5)` is a pointer to an array of 5, `__type(x, T)` a pointer to T. */
function mapOf(btf: Btf, { name, type_id }: BtfReference): MapDefinition {
  const members = membersOf(btf, name, type_id);
  const number = (member: string): number => {
    const id = members.get(member);
    const type = id === undefined ? undefined : btf.pointee(id);
    return type?.kind === "ARRAY" ? type.nr_elems : 0;
  };
  const pointee = (member: string): number | undefined => {
    const id = members.get(member);
    return id === undefined ? undefined : btf.pointeeId(id);
  };
  const type = mapTypes[number("type")];
  if (type === undefined) throw new Error(`map ${name}: no map type ${number("type")}`);
  const owner = ownerOf(name, number("map_flags"));
  const [key, value] = [pointee("key"), pointee("value")];
  return { name, type, owner, maxEntries: number("max_entries"), key, value };
}

function membersOf(btf: Btf, name: string, id: number): ReadonlyMap<string, number> {
  const definition = btf.resolve(id);
  if (definition.kind !== "STRUCT") throw new Error(`map ${name} is not defined by a struct`);
  const { members }: BtfStruct = definition;
  return new Map(members.map((member) => [member.name, member.type_id]));
}

function ownerOf(name: string, flags: number): MapOwner {
  if (coreMaps.test(name)) return "core";
  return (flags & readOnlyForPrograms) === 0 ? "state" : "config";
}

/** Programs are the global functions whose only parameter is the context of a hook. */
function programLines(btf: Btf): string[] {
  return btf.types
    .flatMap((type) => {
      if (type.kind !== "FUNC" || type.linkage !== "global") return [];
      const family = contexts[contextOf(btf, type.type_id)];
      return family === undefined ? [] : [{ name: type.name, family }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, family }) => {
      const layout = `{ name: ${JSON.stringify(name)}, family: ${JSON.stringify(family)} }`;
      return `${property(camelCase(name))}: ${layout},`;
    });
}

function contextOf(btf: Btf, prototypeId: number): string {
  const prototype = btf.type(prototypeId);
  if (prototype.kind !== "FUNC_PROTO") return "";
  const [context, ...others] = prototype.params;
  if (context === undefined || others.length > 0) return "";
  return btf.resolve(context.type_id).kind === "PTR" ? btf.pointee(context.type_id).name : "";
}

/** What is static in .rodata is the program's own: format strings, tables. */
function constantLines(btf: Btf, writer: TypeWriter): string[] {
  const settable = btf.variables(".rodata").filter(({ linkage }) => linkage !== "static");
  return settable.map(({ name, type_id }) => {
    const { codec } = writer.write(type_id, `constant ${name}`);
    const layout = `{ name: ${JSON.stringify(name)}, value: ${codec} }`;
    return `${property(camelCase(name))}: ${layout},`;
  });
}

/** Reasons of all services, then the object's own: `<object>_drop_reason`. */
function dropReasons(name: string, btf: Btf): string[] {
  const tags = ["drop_reason", `${name}_drop_reason`];
  const enums = tags.flatMap((tag) =>
    btf.types.filter((type): type is BtfEnum => type.kind === "ENUM" && type.name === tag),
  );
  return enums.flatMap(({ values }) => {
    const names = enumNames(values.map((value) => value.name));
    return values.map(({ val }, index) => `${val}: ${JSON.stringify(names[index])},`);
  });
}
