import type { IrType } from "./ir.ts";
import { plainForm, shown } from "./plain-form.ts";
import { type IntervalCheck, intervalCheck } from "./restriction.ts";
import { ValueError, type ValueType } from "./value-type.ts";

export type DecimalIr = Extract<IrType, { base: "decimal64" }>;

const int64Max = 2n ** 63n - 1n;

/** Exact: computed on the integer that counts units of the last fraction digit (RFC 7950 §9.3). */
export function decimalType(ir: DecimalIr): ValueType {
  const unitsOf = (text: string): bigint => parseUnits(text, ir.fractionDigits);
  const check: IntervalCheck<bigint> = ir.range
    ? intervalCheck(ir.range, unitsOf, "range")
    : () => {};
  const fromText = (text: string): string => {
    const units = unitsOf(text);
    const canonical = formatUnits(units, ir.fractionDigits);
    check(units, () => canonical);
    return canonical;
  };
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "string") return fromText(json);
      throw new ValueError(`${shown(json)} is not a decimal, which is a JSON string`);
    },
    fromText,
  };
}

function parseUnits(text: string, fractionDigits: number): bigint {
  const parts = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?$/.exec(text);
  if (!parts) throw new ValueError(`${shown(text)} is not a decimal number`);
  const [, sign, whole, fraction = ""] = parts;
  const significant = fraction.replace(/0+$/, "");
  if (significant.length > fractionDigits) {
    throw new ValueError(`${shown(text)} has more than ${fractionDigits} fraction digits`);
  }
  const units = BigInt(`${whole}${significant.padEnd(fractionDigits, "0")}`);
  const signed = sign === "-" ? -units : units;
  if (signed > int64Max || signed < -int64Max - 1n) {
    throw new ValueError(`${shown(text)} does not fit 64 bits`);
  }
  return signed;
}

/** At least one digit on either side of the point, no other trailing zeros (RFC 7950 §9.3.2). */
function formatUnits(units: bigint, fractionDigits: number): string {
  const magnitude = units < 0n ? -units : units;
  const digits = magnitude.toString().padStart(fractionDigits + 1, "0");
  const fraction = digits.slice(-fractionDigits).replace(/0+$/, "") || "0";
  return `${units < 0n ? "-" : ""}${digits.slice(0, -fractionDigits)}.${fraction}`;
}
