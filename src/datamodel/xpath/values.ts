import type { LeafListSchema, LeafSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { type Cursor, isParent } from "./cursor.ts";
import { childCursors, type Evaluation } from "./evaluation.ts";

/** XPath 1.0 §4.4: NaN for anything but an optional minus, digits and a point. */
export function textToNumber(text: string): number {
  const trimmed = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  return /^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(trimmed) ? Number(trimmed) : Number.NaN;
}

/** XPath 1.0 §4.2: no exponent, and no sign on zero. */
export function numberToText(value: number): string {
  if (Number.isInteger(value)) {
    if (value === 0) return "0";
    return Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString();
  }
  const text = String(value);
  return text.includes("e") ? plainDecimal(text) : text;
}

function plainDecimal(text: string): string {
  const [mantissa = "0", exponent = "0"] = text.split("e-");
  const digits = mantissa.replace("-", "").replace(".", "");
  const zeros = "0".repeat(Number(exponent) - 1);
  return `${mantissa.startsWith("-") ? "-" : ""}0.${zeros}${digits}`;
}

/** The string value: a leaf's canonical text, of other nodes all text below them. */
export function cursorText(cursor: Cursor, evaluation: Evaluation): string {
  const { schema, value } = cursor;
  if (schema.kind === "leaf" || schema.kind === "leaf-list") return leafText(schema, value);
  if (!isParent(schema)) return "";
  return schema.children
    .flatMap((child) => childCursors(cursor, child, evaluation))
    .map((child) => cursorText(child, evaluation))
    .join("");
}

function leafText(schema: LeafSchema | LeafListSchema, value: Cursor["value"]): string {
  return typeof value === "string" ? value : schema.type.toText(value as LeafValue);
}

export function cursorNumber(cursor: Cursor, evaluation: Evaluation): number {
  return typeof cursor.value === "number"
    ? cursor.value
    : textToNumber(cursorText(cursor, evaluation));
}
