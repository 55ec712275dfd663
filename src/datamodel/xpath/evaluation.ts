import type { IrWhen } from "../schema/ir.ts";
import type { CaseMembership, DataSchema, Schema } from "../schema/schema.ts";
import type { YangList } from "../tree/list.ts";
import {
  type DataObject,
  type DataValue,
  defaultsOf,
  isConditional,
  isSet,
  leafDefault,
  leafListDefault,
} from "../tree/node.ts";
import { Cursor, instances, objectOf } from "./cursor.ts";
import { XpathError } from "./xpath-error.ts";

/** What evaluation needs beyond one expression; implemented by the engine. */
export interface Environment {
  readonly schema: Schema;
  whenHolds(when: IrWhen, context: Cursor, evaluation: Evaluation): boolean;
  deref(node: Cursor, evaluation: Evaluation): Cursor[];
}

/** Nodes one evaluation may look at, the conditions it depends on included. */
const evaluationStepsMax = 1_000_000;
/** `when` conditions whose outcome may depend on one another. */
const conditionDepthMax = 32;

/** One evaluation of an expression: its current node, and its budget. */
export class Evaluation {
  readonly environment: Environment;
  readonly current: Cursor;
  readonly expression: string;
  /** RFC 7950 §6.4.1: constraints on configuration see configuration only, those of rpcs all. */
  readonly configOnly: boolean;
  readonly #depth: number;
  readonly #budget: { left: number };

  constructor(
    environment: Environment,
    current: Cursor,
    options: { readonly expression: string; readonly outer?: Evaluation },
  ) {
    const { expression, outer } = options;
    this.environment = environment;
    this.current = current;
    this.expression = expression;
    this.configOnly = outer ? outer.configOnly : isConfiguration(current);
    this.#budget = outer ? outer.#budget : { left: evaluationStepsMax };
    this.#depth = outer ? outer.#depth + 1 : 0;
    if (this.#depth > conditionDepthMax) {
      throw new XpathError(expression, "when conditions depend on one another in a circle");
    }
  }

  spend(steps: number): void {
    this.#budget.left -= steps;
    if (this.#budget.left < 0) {
      throw new XpathError(this.expression, `looks at more than ${evaluationStepsMax} nodes`);
    }
  }
}

function isConfiguration(current: Cursor): boolean {
  if ("config" in current.schema && !current.schema.config) return false;
  for (let at: Cursor | undefined = current; at; at = at.parent) {
    if (at.schema.kind === "parameters" || at.schema.kind === "notification") return false;
  }
  return true;
}

/** Instances of a child in the accessible tree: explicit ones, else defaults that are in effect. */
export function childCursors(parent: Cursor, child: DataSchema, evaluation: Evaluation): Cursor[] {
  if (evaluation.configOnly && !child.config) return [];
  const cursors = instances(parent, child, effectiveValue(parent, child, evaluation));
  evaluation.spend(1 + cursors.length);
  return cursors;
}

/** What an object holds for a child, defaults under a case or `when` included if they apply. */
export function effectiveValue(
  parent: Cursor,
  child: DataSchema,
  evaluation: Evaluation,
): DataValue | undefined {
  const value = objectOf(parent)[child.prop];
  if (isSet(objectOf(parent), child) || !isConditional(child)) return value;
  const implicit = implicitValue(child);
  return implicit !== undefined && isActive(parent, child, evaluation) ? implicit : value;
}

const implicitValues = new WeakMap<DataSchema, { readonly value: DataValue | undefined }>();

/** The default of a node whose default depends on a case or `when`. */
export function implicitValue(child: DataSchema): DataValue | undefined {
  const known = implicitValues.get(child) ?? { value: computeImplicit(child) };
  implicitValues.set(child, known);
  return known.value;
}

function computeImplicit(child: DataSchema): DataValue | undefined {
  if (child.kind === "leaf") return leafDefault(child);
  if (child.kind === "leaf-list") {
    const defaults = leafListDefault(child);
    return defaults.length > 0 ? defaults : undefined;
  }
  return child.kind === "container" && !child.presence ? defaultsOf(child) : undefined;
}

/** True if the child's cases are chosen and its conditions hold: it may have a default. */
function isActive(parent: Cursor, child: DataSchema, evaluation: Evaluation): boolean {
  return (
    caseChainActive(parent, child.inCase) && conditionsHold(dummy(parent, child), child, evaluation)
  );
}

function caseChainActive(parent: Cursor, inCase: CaseMembership | undefined): boolean {
  for (let at = inCase; at; at = at.outer) {
    if (!caseActive(objectOf(parent), at)) return false;
  }
  return true;
}

function caseActive(object: DataObject, { choice, caseName }: CaseMembership): boolean {
  if (caseExists(object, choice.cases.get(caseName) ?? [])) return true;
  if (choice.defaultCase !== caseName) return false;
  for (const [name, nodes] of choice.cases) {
    if (name !== caseName && caseExists(object, nodes)) return false;
  }
  return true;
}

/** True if a client gave any of the nodes. */
export function caseExists(object: DataObject, nodes: readonly DataSchema[]): boolean {
  return nodes.some((node) => isSet(object, node) && hasContent(node, object[node.prop]));
}

/** False for what exists without saying anything: empty lists and non-presence containers. */
function hasContent(schema: DataSchema, value: DataValue | undefined): boolean {
  if (value === undefined) return false;
  if (schema.kind === "list") return (value as YangList<DataObject>).size > 0;
  if (schema.kind === "leaf-list") return (value as readonly unknown[]).length > 0;
  if (schema.kind !== "container" || schema.presence) return true;
  return caseExists(value as DataObject, schema.children);
}

/** The `when` statements that decide whether a child may exist, those of its cases included. */
export function conditionsOf(child: DataSchema): readonly IrWhen[] {
  const known = conditions.get(child) ?? collectConditions(child);
  conditions.set(child, known);
  return known;
}

const conditions = new WeakMap<DataSchema, readonly IrWhen[]>();

function collectConditions(child: DataSchema): readonly IrWhen[] {
  const whens = [...child.when];
  for (let at = child.inCase; at; at = at.outer) {
    whens.push(...at.when.map((when) => ({ ...when, context: "parent" as const })));
  }
  return whens;
}

/**
 * True if the node, existing or a stand-in, may exist as far as `when` statements, its own and its
 * cases', are concerned.
 */
export function conditionsHold(self: Cursor, schema: DataSchema, evaluation: Evaluation): boolean {
  return conditionsOf(schema).every((when) => {
    const context = when.context === "self" ? self : self.parent;
    return context === undefined || evaluation.environment.whenHolds(when, context, evaluation);
  });
}

/** A stand-in for a node that does not exist, to judge its `when` from (RFC 7950 §7.21.5). */
export function dummy(parent: Cursor, child: DataSchema): Cursor {
  const holdsChildren = child.kind === "container" || child.kind === "list";
  return new Cursor(parent, child, holdsChildren ? defaultsOf(child) : "");
}
