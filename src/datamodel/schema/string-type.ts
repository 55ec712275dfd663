import { canonicalForm } from "./canonical-form.ts";
import type { IrPattern, IrType } from "./ir.ts";
import { plainForm, shown, textLengthMax } from "./plain-form.ts";
import { intervalCheck } from "./restriction.ts";
import { ValueError, type ValueType } from "./value-type.ts";
import { patternRegExp } from "./xsd-pattern.ts";

export type StringIr = Extract<IrType, { base: "string" }>;
export type BinaryIr = Extract<IrType, { base: "binary" }>;

/** What yang-char (RFC 7950 §14) leaves out; with the `u` flag this finds lone surrogates too. */
const notYangCharacter = (() => {
  const planes = Array.from({ length: 17 }, (_, plane) => plane.toString(16).replace(/^0$/, ""));
  const nonCharacters = planes.map((plane) => `\\u{${plane}fffe}\\u{${plane}ffff}`).join("");
  return new RegExp(
    `[\\u{0}-\\u{8}\\u{b}\\u{c}\\u{e}-\\u{1f}\\p{Cs}\\u{fdd0}-\\u{fdef}${nonCharacters}]`,
    "u",
  );
})();

/** Printable ASCII, which needs no closer look: nearly every value. */
const plainText = /^[ -~]*$/;

/** Lengths count characters, not UTF-16 units (RFC 7950 §9.4.4). */
export function stringType(ir: StringIr): ValueType {
  const checkLength = ir.length && intervalCheck(ir.length, Number, "length");
  const patterns = (ir.patterns ?? []).map(patternCheck);
  const canonical = canonicalForm(ir);
  const fromText = (text: string): string => {
    checkCharacters(text);
    checkLength?.(characterCount(text), () => shown(text));
    for (const check of patterns) check(text);
    return canonical === undefined ? text : canonicalText(canonical(text), text, ir.typedef);
  };
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "string") return fromText(json);
      throw new ValueError(`${shown(json)} is not a string`);
    },
    fromText,
  };
}

function canonicalText(
  canonical: string | undefined,
  text: string,
  typedef: string | undefined,
): string {
  if (canonical !== undefined) return canonical;
  throw new ValueError(`${shown(text)} is not a value of ${typedef}`);
}

function checkCharacters(text: string): void {
  if (text.length > textLengthMax) {
    throw new ValueError(
      `${shown(text)} has ${text.length} characters, more than ${textLengthMax}`,
    );
  }
  const found = plainText.test(text) ? undefined : notYangCharacter.exec(text)?.[0];
  if (found === undefined) return;
  const code = found.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0");
  throw new ValueError(`${shown(text)} contains U+${code}, which YANG strings cannot hold`);
}

function characterCount(text: string): number {
  let count = text.length;
  if (plainText.test(text)) return count;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00) count -= 1;
  }
  return count;
}

function patternCheck(pattern: IrPattern): (text: string) => void {
  const regExp = patternRegExp(pattern.expression);
  const wanted = pattern.invertMatch !== true;
  return (text) => {
    if (regExp.test(text) === wanted) return;
    const verdict = wanted ? "does not match" : "matches the excluded";
    const message = `${shown(text)} ${verdict} pattern ${pattern.expression}`;
    throw new ValueError(pattern.message ?? message, pattern.appTag);
  };
}

/** Base64 without line breaks (RFC 4648 §4); lengths count octets (RFC 7950 §9.8). */
export function binaryType(ir: BinaryIr): ValueType {
  const checkLength = ir.length && intervalCheck(ir.length, Number, "length");
  const fromText = (text: string): string => {
    if (text.length > textLengthMax) {
      throw new ValueError(`${text.length} characters of base64 are more than ${textLengthMax}`);
    }
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      throw new ValueError(`${shown(text)} is not base64`);
    }
    const octets = Buffer.from(text, "base64");
    checkLength?.(octets.length, () => shown(text));
    // Bits that the padding leaves over may be set in what was given; encoding again clears them.
    return octets.toString("base64");
  };
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "string") return fromText(json);
      throw new ValueError(`${shown(json)} is not a base64 string`);
    },
    fromText,
  };
}
