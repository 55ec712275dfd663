import type { LeafSchema, ListSchema } from "../schema/schema.ts";
import { type LeafValue, ValueError } from "../schema/value-type.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import type { Expression, Step } from "./ast.ts";
import { asString, type Compiled, type Focus } from "./compiled.ts";
import { Cursor, objectOf } from "./cursor.ts";
import { cursorText } from "./values.ts";

/**
 * `list[key = value]` without a scan. The predicates still judge what is found here, so this only
 * has to name every entry that can match; where it cannot, it says so and the list is walked.
 */

/** `name = value` where the value does not depend on the entry being tested. */
export interface KeyTest {
  readonly module: string | undefined;
  readonly name: string;
  readonly value: Compiled;
}

/** Combinations of key values looked up before a scan is cheaper. */
const lookupsMax = 256;

const integerBases = /^u?int(8|16|32|64)$/;

/** The equality tests at the front of a step's predicates. */
export function keyTests(step: Step, compile: (expression: Expression) => Compiled): KeyTest[] {
  const tests: KeyTest[] = [];
  if (step.axis !== "child" || step.test.kind !== "name") return tests;
  for (const predicate of step.predicates) {
    if (isPositional(predicate)) break;
    for (const term of conjunction(predicate)) {
      const test = keyTest(term, compile);
      if (test) tests.push(test);
    }
  }
  return tests;
}

function conjunction(expression: Expression): Expression[] {
  return expression.kind === "binary" && expression.operator === "and"
    ? [...conjunction(expression.left), ...conjunction(expression.right)]
    : [expression];
}

function keyTest(
  term: Expression,
  compile: (expression: Expression) => Compiled,
): KeyTest | undefined {
  if (term.kind !== "binary" || term.operator !== "=") return undefined;
  for (const [side, other] of [
    [term.left, term.right],
    [term.right, term.left],
  ] as const) {
    const name = childName(side);
    if (name && isIndependent(other)) return { ...name, value: compile(other) };
  }
  return undefined;
}

function childName(
  expression: Expression,
): { module: string | undefined; name: string } | undefined {
  if (expression.kind !== "path" || expression.start !== "context") return undefined;
  const [step, ...more] = expression.steps;
  if (step?.axis !== "child" || step.predicates.length > 0 || more.length > 0) return undefined;
  const { test } = step;
  if (test.kind !== "name" || test.name === undefined) return undefined;
  return { module: test.module, name: test.name };
}

const callsOnContext = new Set(["position", "last", "lang"]);
/** Without an argument these take the context node. */
const callsOnContextWithoutArgument = new Set([
  "string",
  "number",
  "string-length",
  "normalize-space",
  "name",
  "local-name",
  "namespace-uri",
]);

/** True if the value is the same whatever node is being tested. */
function isIndependent(expression: Expression): boolean {
  switch (expression.kind) {
    case "literal":
    case "number":
      return true;
    case "negate":
      return isIndependent(expression.operand);
    case "binary":
      return isIndependent(expression.left) && isIndependent(expression.right);
    case "call":
      if (callsOnContext.has(expression.name)) return false;
      if (expression.args.length === 0) return !callsOnContextWithoutArgument.has(expression.name);
      return expression.args.every(isIndependent);
    case "path":
      // What predicates inside the path test is below the path's own start.
      return (
        expression.start === "root" ||
        (expression.start !== "context" && isIndependent(expression.start.expression))
      );
  }
}

/** True unless the predicate surely is a boolean that does not look at positions. */
function isPositional(expression: Expression): boolean {
  if (expression.kind !== "binary") return true;
  const { operator, left, right } = expression;
  if (operator === "and") return isPositional(left) || isPositional(right);
  return operator !== "=" || usesPosition(left) || usesPosition(right);
}

function usesPosition(expression: Expression): boolean {
  switch (expression.kind) {
    case "call":
      return callsOnContext.has(expression.name) || expression.args.some(usesPosition);
    case "binary":
      return usesPosition(expression.left) || usesPosition(expression.right);
    case "negate":
      return usesPosition(expression.operand);
    default:
      return false;
  }
}

/** The entries that can match, or undefined where only a walk over the list can tell. */
export function lookUp(
  parent: Cursor,
  list: ListSchema,
  tests: readonly KeyTest[],
  focus: Focus,
): Cursor[] | undefined {
  if (list.keys.length === 0) return undefined;
  let combinations: LeafValue[][] = [[]];
  for (const key of list.keys) {
    const test = tests.find(
      ({ name, module }) => name === key.name && (module ?? key.module) === key.module,
    );
    const candidates = test && keyCandidates(key, test.value, focus);
    if (candidates === undefined) return undefined;
    combinations = combinations.flatMap((keys) => candidates.map((value) => [...keys, value]));
    if (combinations.length > lookupsMax) return undefined;
  }
  return found(parent, list, combinations.map(sortKey));
}

function found(parent: Cursor, list: ListSchema, keys: readonly string[]): Cursor[] {
  const entries = objectOf(parent)[list.prop] as YangList<DataObject> | undefined;
  const cursors: Cursor[] = [];
  for (const key of new Set(keys)) {
    const entry = entries?.at(key);
    if (entry) cursors.push(new Cursor(parent, list, entry, key));
  }
  return cursors;
}

function keyCandidates(key: LeafSchema, value: Compiled, focus: Focus): LeafValue[] | undefined {
  switch (value.type) {
    case "boolean":
      return undefined;
    case "number":
      return integerBases.test(key.type.ir.base) ? parsed(key, asString(value)(focus)) : undefined;
    case "string":
      return parsed(key, value.run(focus));
    case "nodes": {
      const nodes = value.run(focus);
      if (nodes.length > lookupsMax) return undefined;
      return nodes.flatMap((node) => parsed(key, cursorText(node, focus.evaluation)));
    }
  }
}

function parsed(key: LeafSchema, text: string): LeafValue[] {
  const { base } = key.type.ir;
  if (base === "string" || base === "enumeration") return [text];
  try {
    return [key.type.fromText(text)];
  } catch (error) {
    if (error instanceof ValueError) return [];
    throw error;
  }
}
