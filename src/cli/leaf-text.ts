import type { IrEnum, IrType } from "../datamodel/schema/ir.ts";
import type { LeafListSchema, LeafSchema } from "../datamodel/schema/schema.ts";
import { type LeafValue, ValueError } from "../datamodel/schema/value-type.ts";
import { UsageError } from "./usage-error.ts";
import { coreJson, PlainScalar } from "./yaml-text.ts";

type Leaf = LeafSchema | LeafListSchema;

/** What was typed as a value of the leaf's type; names of enums in any case. @throws UsageError */
export function leafValue(leaf: Leaf, text: string): LeafValue {
  try {
    return leaf.type.fromText(canonicalName(leaf.ir.type, text));
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new UsageError(`${leaf.name}: ${error.message}`);
  }
}

/** As `leafValue`, in the form RFC 7951 gives it; the values of a leaf-list separated by commas. */
export function leafJson(leaf: Leaf, text: string): unknown {
  if (leaf.kind === "leaf") return leaf.type.toJson(leafValue(leaf, text));
  const texts = text === "" ? [] : text.split(",");
  return texts.map((part) => leaf.type.toJson(leafValue(leaf, part)));
}

/**
 * What stands in a JSON or YAML body, as the type wants it: `name: 5` is text where a name is one.
 * Anything that does not fit is left for the daemon to refuse, with all the rest.
 */
export function lenientJson(leaf: LeafSchema | LeafListSchema, json: unknown): unknown {
  if (leaf.kind === "leaf-list" && Array.isArray(json)) {
    return json.map((one) => lenientScalar(leaf, one));
  }
  return lenientScalar(leaf, json);
}

function lenientScalar(leaf: Leaf, json: unknown): unknown {
  if (json instanceof PlainScalar) return fromScalarText(leaf, json.text, json.value);
  if (!["string", "number", "boolean"].includes(typeof json)) return coreJson(json);
  try {
    return leaf.type.toJson(leaf.type.fromJson(json));
  } catch {
    return fromScalarText(leaf, String(json), json);
  }
}

function fromScalarText(leaf: Leaf, text: string, otherwise: unknown): unknown {
  try {
    return leaf.type.toJson(leafValue(leaf, text));
  } catch {
    return otherwise;
  }
}

/** The one name that differs from the text only in case, else the text. */
function canonicalName(type: IrType, text: string): string {
  const names = namesOf(type);
  if (names.includes(text)) return text;
  const same = names.filter((name) => name.toLowerCase() === text.toLowerCase());
  return same.length === 1 ? (same[0] ?? text) : text;
}

/** Names a value of the type may have, for help too: of enums, and of booleans. */
export function namesOf(type: IrType): string[] {
  if (type.base === "leafref") return namesOf(type.type);
  if (type.base === "union") return type.types.flatMap(namesOf);
  return type.base === "boolean" ? ["true", "false"] : enumsOf(type).map(({ name }) => name);
}

/** The enums of a type, those of a leafref's target and of a union's members too. */
export function enumsOf(type: IrType): readonly IrEnum[] {
  if (type.base === "leafref") return enumsOf(type.type);
  if (type.base === "union") return type.types.flatMap(enumsOf);
  return type.base === "enumeration" ? type.enums : [];
}
