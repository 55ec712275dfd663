import type { IrType } from "./ir.ts";
import { plainForm, shown } from "./plain-form.ts";
import { type LeafValue, ValueError, type ValueType } from "./value-type.ts";

/**
 * The first member type that accepts the value has it (RFC 7950 §9.12). JSON says more than the
 * text would: a number is never a string, nor an integer of 64 bits (RFC 7951 §6.10).
 */
export function unionType(
  ir: Extract<IrType, { base: "union" }>,
  members: readonly ValueType[],
): ValueType {
  return {
    ...plainForm,
    ir,
    fromJson: (json) =>
      firstAccepting(members, json, (member) => {
        if (typeof json === "number" && isWide(member.ir)) throw notWide(json);
        return member.fromJson(json);
      }),
    fromText: (text) => firstAccepting(members, text, (member) => member.fromText(text)),
  };
}

function firstAccepting(
  members: readonly ValueType[],
  given: unknown,
  read: (member: ValueType) => LeafValue,
): LeafValue {
  const reasons = new Set<string>();
  for (const member of members) {
    try {
      return read(member);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      reasons.add(error.message);
    }
  }
  throw new ValueError(`${shown(given)} fits no member type: ${[...reasons].join("; ")}`);
}

function isWide(ir: IrType): boolean {
  return ir.base === "leafref" ? isWide(ir.type) : ir.base === "int64" || ir.base === "uint64";
}

function notWide(json: number): ValueError {
  return new ValueError(`${json} is not an integer of 64 bits, which is a JSON string`);
}
