import type { LeafValue } from "./value-type.ts";

/**
 * Longest text of any leaf value, in UTF-16 units; far above what a network's configuration needs.
 */
export const textLengthMax = 65_536;

/**
 * The way out of the canonical form, the same for every type: which JavaScript primitive a value is
 * already says how RFC 7951 §6 writes it (bigint as a string, null as `[null]`).
 */
export const plainForm = { toJson, toText };

function toJson(value: LeafValue): unknown {
  if (typeof value === "bigint") return value.toString();
  return value === null ? [null] : value;
}

function toText(value: LeafValue): string {
  return value === null ? "" : String(value);
}

const shownMax = 60;

/** How an error message names what was given: as JSON, cut to a readable length. */
export function shown(given: unknown): string {
  if (typeof given === "object" && given !== null) return kindOf(given);
  const isLong = typeof given === "string" && given.length > shownMax;
  return String(JSON.stringify(isLong ? `${given.slice(0, shownMax)}…` : given));
}

/** What JSON calls the kind of a parsed value, with its article. */
export function kindOf(json: unknown): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "an array";
  return typeof json === "object" ? "an object" : `a ${typeof json}`;
}

export function isJsonObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
