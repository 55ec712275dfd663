import type { IrType } from "../../src/datamodel/schema/ir.ts";

/** The TypeScript type of a leaf's canonical value; see LeafValue. */
export function typeText(type: IrType): string {
  return [...new Set(alternatives(type))].join(" | ");
}

function alternatives(type: IrType): string[] {
  switch (type.base) {
    case "int8":
    case "int16":
    case "int32":
    case "uint8":
    case "uint16":
    case "uint32":
      return ["number"];
    case "int64":
    case "uint64":
      return ["bigint"];
    case "boolean":
      return ["boolean"];
    case "empty":
      return ["null"];
    case "enumeration":
      return type.enums.map(({ name }) => JSON.stringify(name));
    case "leafref":
      return alternatives(type.type);
    case "union":
      return unionAlternatives(type.types);
    default:
      return ["string"];
  }
}

/** Literals beside `string` say nothing. */
function unionAlternatives(members: readonly IrType[]): string[] {
  const texts = members.flatMap(alternatives);
  return texts.includes("string") ? texts.filter((text) => !text.startsWith('"')) : texts;
}
