import type { MapOwner, MapType } from "../layout.ts";
import type { Btf, BtfEnum, BtfReference, BtfStruct } from "./btf.ts";
import { BtfError } from "./btf.ts";
import { reasonNames, tagOf } from "./names.ts";

/** What a compiled object has, by C names, each kind in order of name; types by BTF id. */
export interface ObjectDescription {
  readonly maps: readonly MapDescription[];
  readonly programs: readonly ProgramDescription[];
  readonly constants: readonly { readonly name: string; readonly type: number }[];
  /** Reasons of all services, then the object's own: `<object>_drop_reason`. */
  readonly drops: readonly { readonly index: number; readonly reason: string }[];
}

export interface MapDescription {
  readonly name: string;
  readonly type: MapType;
  readonly owner: MapOwner;
  readonly maxEntries: number;
  /** BTF types; ring buffers have none. */
  readonly key: number | undefined;
  readonly value: number | undefined;
}

export interface ProgramDescription {
  readonly name: string;
  readonly family: "tc" | "xdp";
}

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
const coreMaps = /^(hops|egress_hops|cube|counters|hop|jmp_\w+)$/;

const contexts: Readonly<Record<string, "tc" | "xdp">> = { __sk_buff: "tc", xdp_md: "xdp" };

/** @throws BtfError for a map that is not declared as ours are */
export function describeObject(name: string, btf: Btf): ObjectDescription {
  return {
    maps: btf.variables(".maps").map((variable) => describeMap(btf, variable)),
    programs: describePrograms(btf),
    constants: describeConstants(btf),
    drops: describeDrops(name, btf),
  };
}

/** `__uint(x, 5)` is a pointer to an array of 5, `__type(x, T)` a pointer to T. */
function describeMap(btf: Btf, { name, type_id }: BtfReference): MapDescription {
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
  if (type === undefined) throw new BtfError(`map ${name}: no map type ${number("type")}`);
  const owner = members.has("pinning") ? "shared" : ownerOf(name, number("map_flags"));
  const [key, value] = [pointee("key"), pointee("value")];
  return { name, type, owner, maxEntries: number("max_entries"), key, value };
}

function membersOf(btf: Btf, name: string, id: number): ReadonlyMap<string, number> {
  const definition = btf.resolve(id);
  if (definition.kind !== "STRUCT") throw new BtfError(`map ${name} is not defined by a struct`);
  const { members }: BtfStruct = definition;
  return new Map(members.map((member) => [member.name, member.type_id]));
}

function ownerOf(name: string, flags: number): MapOwner {
  if (coreMaps.test(name)) return "core";
  return (flags & readOnlyForPrograms) === 0 ? "state" : "config";
}

/** Programs are the global functions whose only parameter is the context of a hook. */
function describePrograms(btf: Btf): ProgramDescription[] {
  return btf.types
    .flatMap((type) => {
      if (type.kind !== "FUNC" || type.linkage !== "global") return [];
      const family = contexts[contextOf(btf, type.type_id)];
      return family === undefined ? [] : [{ name: type.name, family }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function contextOf(btf: Btf, prototypeId: number): string {
  const prototype = btf.type(prototypeId);
  if (prototype.kind !== "FUNC_PROTO") return "";
  const [context, ...others] = prototype.params;
  if (context === undefined || others.length > 0) return "";
  return btf.resolve(context.type_id).kind === "PTR" ? btf.pointee(context.type_id).name : "";
}

/** What is static in .rodata is the program's own: format strings, tables. */
function describeConstants(btf: Btf): ObjectDescription["constants"] {
  const settable = btf.variables(".rodata").filter(({ linkage }) => linkage !== "static");
  return settable.map(({ name, type_id }) => ({ name, type: type_id }));
}

function describeDrops(name: string, btf: Btf) {
  const tags = ["drop_reason", `${tagOf(name)}_drop_reason`];
  const enums = tags.flatMap((tag) =>
    btf.types.filter((type): type is BtfEnum => type.kind === "ENUM" && type.name === tag),
  );
  return enums.flatMap(({ values }) => {
    const names = reasonNames(values.map((value) => value.name));
    return values.map(({ val }, index) => ({ index: val, reason: names[index] ?? "" }));
  });
}
