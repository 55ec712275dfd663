import type { IrBit, IrEnum, IrType } from "../../datamodel/schema/ir.ts";
import type { ProtoScalar } from "./proto-model.ts";

/** How values of a YANG type travel in a protobuf message. */
export type LeafForm =
  | { readonly kind: "scalar"; readonly scalar: ProtoScalar }
  /** A message that is there already. */
  | { readonly kind: "known"; readonly message: string }
  | { readonly kind: "enum"; readonly members: readonly (IrEnum | IrBit)[] }
  | { readonly kind: "bits"; readonly members: readonly (IrEnum | IrBit)[] }
  | { readonly kind: "union"; readonly members: readonly UnionMember[] };

/** All members of one base type share one field of the union's message. */
export interface UnionMember {
  readonly base: IrType["base"];
  readonly form: LeafForm;
}

const decimalMessage = "yangplane.core.v1.Decimal64";
const emptyMessage = "google.protobuf.Empty";

const scalars: Partial<Record<IrType["base"], ProtoScalar>> = {
  int8: "int32",
  int16: "int32",
  int32: "int32",
  int64: "int64",
  uint8: "uint32",
  uint16: "uint32",
  uint32: "uint32",
  uint64: "uint64",
  boolean: "bool",
  string: "string",
  binary: "bytes",
  identityref: "string",
  "instance-identifier": "string",
};

/** The form of a leaf's value; a leafref has that of its target. */
export function leafForm(type: IrType): LeafForm {
  switch (type.base) {
    case "leafref":
      return leafForm(type.type);
    case "union":
      return unionForm(type);
    case "enumeration":
      return { kind: "enum", members: type.enums };
    case "bits":
      return { kind: "bits", members: [...type.bits].sort((a, b) => a.position - b.position) };
    case "decimal64":
      return { kind: "known", message: decimalMessage };
    case "empty":
      return { kind: "known", message: emptyMessage };
    default:
      return { kind: "scalar", scalar: scalars[type.base] ?? "string" };
  }
}

/** One element of a leaf-list: bits have no message of their own and become their lexical form. */
export function elementForm(type: IrType): LeafForm {
  const form = leafForm(type);
  return form.kind === "bits" ? { kind: "scalar", scalar: "string" } : form;
}

function unionForm(type: Extract<IrType, { base: "union" }>): LeafForm {
  const types = memberTypes(type);
  const isText = types.every((member) => scalars[member.base] === "string");
  if (isText) return { kind: "scalar", scalar: "string" };
  const bases = [...new Set(types.map(({ base }) => base))];
  return { kind: "union", members: bases.map((base) => unionMember(base, types)) };
}

function unionMember(base: IrType["base"], types: readonly IrType[]): UnionMember {
  const enums = types.flatMap((type) =>
    base === "enumeration" && type.base === "enumeration" ? type.enums : [],
  );
  const [first] = types.filter((type) => type.base === base);
  if (first === undefined || enums.length === 0) {
    return { base, form: elementForm(first ?? { base: "string" }) };
  }
  const distinct = new Map(enums.map((member) => [member.name, member]));
  return { base, form: { kind: "enum", members: [...distinct.values()] } };
}

/** The members of a union with nested unions and leafrefs resolved, in order. */
export function memberTypes(type: IrType): IrType[] {
  if (type.base === "union") return type.types.flatMap(memberTypes);
  return type.base === "leafref" ? memberTypes(type.type) : [type];
}
