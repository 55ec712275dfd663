import type { Btf, BtfInt, BtfMember, BtfStruct } from "./btf.ts";
import { camelCase, enumNames } from "./names.ts";

const wireOrder: Readonly<Record<string, string>> = {
  __be16: "be16",
  __be32: "be32",
  __be64: "be64",
};

/**
 * The form of a C type as the codec generated from it tells it (`BinaryCodec.form`). What has no
 * codec is named by its kind, so that it is like nothing else.
 */
export function formOf(btf: Btf, id: number): string {
  return wireForm(btf, id) ?? resolvedForm(btf, id);
}

/** `__be32` is one of several names on the way to a type. */
function wireForm(btf: Btf, id: number): string | undefined {
  const type = btf.type(id);
  if (type.kind === "CONST" || type.kind === "VOLATILE") return wireForm(btf, type.type_id);
  if (type.kind !== "TYPEDEF") return undefined;
  return wireOrder[type.name] ?? wireForm(btf, type.type_id);
}

function resolvedForm(btf: Btf, id: number): string {
  const type = btf.resolve(id);
  switch (type.kind) {
    case "INT":
      return integerForm(type);
    case "ENUM":
      return enumForm(type, type.size);
    case "ARRAY":
      return `${formOf(btf, type.type_id)}[${type.nr_elems}]`;
    case "STRUCT":
      return structForm(btf, type);
    default:
      return `${type.kind.toLowerCase()} ${type.name}`;
  }
}

function integerForm({ size, encoding }: BtfInt): string {
  if (encoding === "BOOL") return "bool";
  return `${encoding === "SIGNED" ? "i" : "u"}${size * 8}`;
}

type EnumValues = { readonly values: readonly { readonly name: string; readonly val: number }[] };

function enumForm({ values }: EnumValues, size: number): string {
  const names = enumNames(values.map(({ name }) => name));
  const listed = values.map(({ val }, index) => `${names[index]} ${val}`);
  return `enum u${size * 8} (${listed.join(", ")})`;
}

function structForm(btf: Btf, { size, members }: BtfStruct): string {
  const listed = members
    .filter((member) => !isPadding(member))
    .map((member) => `${camelCase(member.name)} ${memberForm(btf, member)}`);
  return `${size} bytes {${listed.join(", ")}}`;
}

function memberForm(btf: Btf, { type_id, bits_offset, bitfield_size }: BtfMember): string {
  const type = btf.resolve(type_id);
  const isEnumField = bitfield_size !== undefined && type.kind === "ENUM";
  const form = isEnumField ? enumForm(type, bitfield_size / 8) : formOf(btf, type_id);
  return `${form} at ${bits_offset / 8}`;
}

/** Explicit padding is called so in C, and is nobody's business in TypeScript. */
export function isPadding({ name }: BtfMember): boolean {
  return /^pad\d*$/.test(name);
}
