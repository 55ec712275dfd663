import type { IrType } from "./ir.ts";
import { plainForm, shown } from "./plain-form.ts";
import { ValueError, type ValueType } from "./value-type.ts";

/**
 * Types whose values are names: enumeration, bits, identityref; and the two with hardly a value.
 */
type Ir<Base extends IrType["base"]> = Extract<IrType, { base: Base }>;

export function booleanType(ir: Ir<"boolean">): ValueType {
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (typeof json === "boolean") return json;
      throw new ValueError(`${shown(json)} is not true or false`);
    },
    fromText(text) {
      if (text === "true" || text === "false") return text === "true";
      throw new ValueError(`${shown(text)} is not true or false`);
    },
  };
}

export function emptyType(ir: Ir<"empty">): ValueType {
  return {
    ...plainForm,
    ir,
    fromJson(json) {
      if (Array.isArray(json) && json.length === 1 && json[0] === null) return null;
      throw new ValueError(`${shown(json)} is not [null], the value of an empty leaf`);
    },
    fromText(text) {
      if (text === "") return null;
      throw new ValueError(`${shown(text)} is a value, but the leaf is empty`);
    },
  };
}

export function enumerationType(ir: Ir<"enumeration">): ValueType {
  const names = new Set(ir.enums.map(({ name }) => name));
  const fromText = (text: string): string => {
    if (names.has(text)) return text;
    throw new ValueError(`${shown(text)} is not one of ${listed([...names])}`);
  };
  return { ...plainForm, ir, fromJson: (json) => fromText(stringOf(json)), fromText };
}

/** The canonical form has the bits in the order of their positions (RFC 7950 §9.7.2). */
export function bitsType(ir: Ir<"bits">): ValueType {
  const ordered = [...ir.bits].sort((a, b) => a.position - b.position).map(({ name }) => name);
  const known = new Set(ordered);
  const fromText = (text: string): string => {
    const given = text.split(/[ \t\r\n]+/).filter((name) => name !== "");
    const chosen = new Set(given);
    if (chosen.size < given.length) throw new ValueError(`${shown(text)} names a bit twice`);
    const unknown = given.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw new ValueError(`${shown(unknown)} is not one of the bits ${listed(ordered)}`);
    }
    return ordered.filter((name) => chosen.has(name)).join(" ");
  };
  return { ...plainForm, ir, fromJson: (json) => fromText(stringOf(json)), fromText };
}

/** A name without a module is one of the leaf's own module (RFC 7951 §6.8). */
export function identityrefType(
  ir: Ir<"identityref">,
  identities: ReadonlyMap<string, ReadonlySet<string>>,
  module: string,
): ValueType {
  const none: ReadonlySet<string> = new Set();
  const derived = ir.bases.map((base) => identities.get(base) ?? none);
  const fromText = (text: string): string => {
    const name = text.includes(":") ? text : `${module}:${text}`;
    if (derived.every((members) => members.has(name))) return name;
    throw new ValueError(
      `${shown(text)} is not an identity derived from ${ir.bases.join(" and ")}`,
    );
  };
  return { ...plainForm, ir, fromJson: (json) => fromText(stringOf(json)), fromText };
}

function stringOf(json: unknown): string {
  if (typeof json === "string") return json;
  throw new ValueError(`${shown(json)} is not a string`);
}

/** As many names as a line of an error message bears. */
function listed(names: readonly string[]): string {
  const few = names.slice(0, 12);
  const more = names.length - few.length;
  return few.join(", ") + (more > 0 ? ` and ${more} more` : "");
}
