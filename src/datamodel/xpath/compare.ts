import { ValueError, type ValueType } from "../schema/value-type.ts";
import type { Operator } from "./ast.ts";
import { asBoolean, asNumber, asString, type Compiled, type Evaluate } from "./compiled.ts";
import type { Cursor } from "./cursor.ts";
import type { Evaluation } from "./evaluation.ts";
import { cursorNumber, cursorText } from "./values.ts";

type Relation = "<" | "<=" | ">" | ">=";
type Nodes = Evaluate<readonly Cursor[]>;

const relations: Readonly<Record<Relation, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
const mirrored = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

export function isRelation(operator: Operator): operator is Relation {
  return operator in relations;
}

/** `<`, `<=`, `>` and `>=` (XPath 1.0 §3.4). */
export function compileRelation(
  operator: Relation,
  left: Compiled,
  right: Compiled,
): Evaluate<boolean> {
  const holds = relations[operator];
  if (left.type === "nodes" && right.type !== "boolean") {
    return someRelates(operator, left.run, right);
  }
  if (right.type === "nodes" && left.type !== "boolean") {
    return someRelates(mirrored[operator], right.run, left);
  }
  const [a, b] = [booleanIfNodes(left), booleanIfNodes(right)].map(asNumber);
  return (focus) => a !== undefined && b !== undefined && holds(a(focus), b(focus));
}

function booleanIfNodes(compiled: Compiled): Compiled {
  return compiled.type === "nodes" ? { type: "boolean", run: asBoolean(compiled) } : compiled;
}

/** True if any node relates to the other side, or to any node of it. */
function someRelates(operator: Relation, nodes: Nodes, other: Compiled): Evaluate<boolean> {
  const holds = relations[operator];
  if (other.type !== "nodes") {
    const bound = asNumber(other);
    return (focus) => {
      const limit = bound(focus);
      return nodes(focus).some((node) => holds(cursorNumber(node, focus.evaluation), limit));
    };
  }
  // Some pair relates if the extremes do; NaN relates to nothing.
  const [ofLeft, ofRight] = operator.startsWith("<") ? [Math.min, Math.max] : [Math.max, Math.min];
  return (focus) => {
    const [left, right] = [nodes(focus), other.run(focus)].map((side) =>
      side.map((node) => cursorNumber(node, focus.evaluation)).filter((n) => !Number.isNaN(n)),
    );
    if (!left?.length || !right?.length) return false;
    return holds(
      left.reduce((a, b) => ofLeft(a, b)),
      right.reduce((a, b) => ofRight(a, b)),
    );
  };
}

/** `=` and `!=` (XPath 1.0 §3.4). */
export function compileEquality(
  equal: boolean,
  left: Compiled,
  right: Compiled,
): Evaluate<boolean> {
  if (left.type === "boolean" || right.type === "boolean") {
    return same(asBoolean(left), asBoolean(right), equal);
  }
  if (left.type === "nodes" && right.type === "nodes")
    return nodesToNodes(equal, left.run, right.run);
  if (left.type === "nodes") return nodesToValue(equal, left.run, right);
  if (right.type === "nodes") return nodesToValue(equal, right.run, left);
  return left.type === "number" || right.type === "number"
    ? same(asNumber(left), asNumber(right), equal)
    : same(asString(left), asString(right), equal);
}

function same<T>(left: Evaluate<T>, right: Evaluate<T>, equal: boolean): Evaluate<boolean> {
  return (focus) => (left(focus) === right(focus)) === equal;
}

function nodesToNodes(equal: boolean, left: Nodes, right: Nodes): Evaluate<boolean> {
  return (focus) => {
    const texts = new Set(right(focus).map((node) => cursorText(node, focus.evaluation)));
    if (texts.size === 0) return false;
    // With two different texts on the right, any node on the left differs from one of them.
    return left(focus).some((node) => {
      const isThere = texts.has(cursorText(node, focus.evaluation));
      return equal ? isThere : texts.size > 1 || !isThere;
    });
  };
}

function nodesToValue(equal: boolean, nodes: Nodes, value: Compiled): Evaluate<boolean> {
  if (value.type === "number") {
    return (focus) => {
      const expected = value.run(focus);
      return nodes(focus).some(
        (node) => (cursorNumber(node, focus.evaluation) === expected) === equal,
      );
    };
  }
  const text = asString(value);
  const isLiteral = value.type === "string" && value.literal !== undefined;
  return (focus) => {
    const expected = text(focus);
    const matches = isLiteral ? matchesLiteral : matchesText;
    return nodes(focus).some((node) => matches(node, expected, focus.evaluation) === equal);
  };
}

function matchesText(node: Cursor, text: string, evaluation: Evaluation): boolean {
  return cursorText(node, evaluation) === text;
}

/** A literal is read as a value of the leaf's type, so `. = '1.50'` finds the canonical `1.5`. */
function matchesLiteral(node: Cursor, literal: string, evaluation: Evaluation): boolean {
  const text = cursorText(node, evaluation);
  if (text === literal) return true;
  const { schema } = node;
  if (schema.kind !== "leaf" && schema.kind !== "leaf-list") return false;
  return canonicalText(schema.type, literal) === text;
}

const canonicalTexts = new WeakMap<ValueType, Map<string, string>>();

function canonicalText(type: ValueType, literal: string): string {
  const known = canonicalTexts.get(type) ?? new Map<string, string>();
  canonicalTexts.set(type, known);
  const canonical = known.get(literal) ?? canonicalize(type, literal);
  known.set(literal, canonical);
  return canonical;
}

function canonicalize(type: ValueType, literal: string): string {
  try {
    return type.toText(type.fromText(literal));
  } catch (error) {
    // A literal outside the type equals no value of it.
    if (error instanceof ValueError) return literal;
    throw error;
  }
}
