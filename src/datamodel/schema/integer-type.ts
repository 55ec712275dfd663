import type { IrIntegerBase, IrType } from "./ir.ts";
import { kindOf, plainForm, shown } from "./plain-form.ts";
import { intervalCheck } from "./restriction.ts";
import { ValueError, type ValueType } from "./value-type.ts";

export type IntegerIr = Extract<IrType, { base: IrIntegerBase }>;

const bounds: Readonly<Record<IrIntegerBase, readonly [min: string, max: string]>> = {
  int8: ["-128", "127"],
  int16: ["-32768", "32767"],
  int32: ["-2147483648", "2147483647"],
  int64: ["-9223372036854775808", "9223372036854775807"],
  uint8: ["0", "255"],
  uint16: ["0", "65535"],
  uint32: ["0", "4294967295"],
  uint64: ["0", "18446744073709551615"],
};

/** No integer in any notation is longer; keeps BigInt from reading a book. */
const digitsMax = 64;

/** Up to 32 bits are JSON numbers, 64 bits JSON strings (RFC 7951 §6.1). */
export function integerType(ir: IntegerIr): ValueType {
  return ir.base === "int64" || ir.base === "uint64" ? wideType(ir) : narrowType(ir);
}

function narrowType(ir: IntegerIr): ValueType {
  const checked = rangeChecked(ir, Number);
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json !== "number") throw new ValueError(`${shown(json)} is not a number`);
      if (!Number.isInteger(json)) throw new ValueError(`${json} is not an integer`);
      // -0 is a JSON number but not a canonical integer.
      return checked(json === 0 ? 0 : json);
    },
    fromText: (text) => checked(Number(parseInteger(text))),
  };
}

function wideType(ir: IntegerIr): ValueType {
  const checked = rangeChecked(ir, BigInt);
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "string") return checked(parseInteger(json));
      if (Number.isSafeInteger(json)) return checked(BigInt(json as number));
      const kind = typeof json === "number" ? String(json) : kindOf(json);
      throw new ValueError(`${kind} is not an integer of 64 bits, which is a JSON string`);
    },
    fromText: (text) => checked(parseInteger(text)),
  };
}

/** Gives back a value that is in the type's range. */
function rangeChecked<T extends number | bigint>(
  { base, range }: IntegerIr,
  parse: (bound: string) => T,
): (value: T) => T {
  const [min, max] = bounds[base];
  const check = intervalCheck(range ?? { intervals: [{ min, max }] }, parse, "range");
  return (value) => {
    check(value, () => String(value));
    return value;
  };
}

/** Decimal, hexadecimal with "0x", octal with a leading zero (RFC 7950 §9.2.1). */
function parseInteger(text: string): bigint {
  const parts = /^([+-]?)(?:(0[xX][0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/.exec(text);
  if (!parts || text.length > digitsMax) throw new ValueError(`${shown(text)} is not an integer`);
  const [, sign, hexadecimal, octal, decimal] = parts;
  const magnitude = BigInt(hexadecimal ?? decimal ?? (octal === "0" ? 0 : `0o${octal}`));
  return sign === "-" ? -magnitude : magnitude;
}
