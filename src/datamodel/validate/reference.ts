import { valueType } from "../schema/compile-type.ts";
import type { IrType } from "../schema/ir.ts";
import type { DataSchema, LeafListSchema, LeafSchema } from "../schema/schema.ts";
import { ValueError, type ValueType } from "../schema/value-type.ts";
import type { Cursor } from "../xpath/cursor.ts";
import { existenceReads, readsOf } from "../xpath/dependencies.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { type Constraint, unitedReads } from "./constraint.ts";
import type { Report } from "./report.ts";

type Referrer = LeafSchema | LeafListSchema;
type ReferenceType = Extract<IrType, { readonly requireInstance: boolean }>;

/**
 * A reference judged by following it: instance-identifiers, unions, and leafrefs that
 * LeafrefIndex does not cover. Undefined where the value need not refer to anything.
 */
export function referenceConstraint(
  engine: XpathEngine,
  context: Referrer,
): Constraint | undefined {
  const { ir } = context.type;
  const needed = referencesOf(ir).filter(({ requireInstance }) => requireInstance);
  if (needed.length === 0) return undefined;
  const accepts = acceptance(engine, context, ir);
  const leafrefs = needed.filter((type) => type.base === "leafref");
  return {
    context,
    reads: unitedReads([
      existenceReads(engine, context),
      ...leafrefs.map(({ path }) => readsOf(engine, path, context)),
    ]),
    followsIdentifiers: leafrefs.length < needed.length,
    judge(node, report) {
      if (!accepts(node)) reportDangling(node, context, report);
    },
  };
}

/** Says that a leaf refers to nothing (RFC 7950 §15.5). */
export function reportDangling(node: Cursor, { type }: Referrer, report: Report): void {
  const value = type.toText(node.value as string);
  const target = type.ir.base === "leafref" ? type.ir.target : "the tree";
  const message = `"${value}" refers to no instance in ${target}`;
  report.add(node, { tag: "data-missing", appTag: "instance-required", message });
}

function referencesOf(type: IrType): ReferenceType[] {
  if (type.base === "union") return type.types.flatMap(referencesOf);
  return type.base === "leafref" || type.base === "instance-identifier" ? [type] : [];
}

/** A union is content if any member is (RFC 7950 §9.12). */
function acceptance(
  engine: XpathEngine,
  context: DataSchema,
  type: IrType,
): (node: Cursor) => boolean {
  if (type.base === "union") {
    const members = type.types.map((member) => acceptance(engine, context, member));
    return (node) => members.some((accepts) => accepts(node));
  }
  const compiled = valueType(type, engine.schema.derivedIdentities, context.module);
  if (type.base !== "leafref" && type.base !== "instance-identifier") {
    return (node) => takes(compiled, textOf(node));
  }
  if (!type.requireInstance) return (node) => takes(compiled, textOf(node));
  return (node) => engine.referred(node, type).length > 0;
}

function textOf({ schema, value }: Cursor): string {
  return (schema as Referrer).type.toText(value as string);
}

function takes(type: ValueType, text: string): boolean {
  try {
    type.fromText(text);
    return true;
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
}
