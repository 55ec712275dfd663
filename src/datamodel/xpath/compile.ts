import type { Binary, Expression, LocationPath, Step } from "./ast.ts";
import { compileEquality, compileRelation, isRelation } from "./compare.ts";
import { asBoolean, asNumber, type Compiled, type Evaluate, type Focus } from "./compiled.ts";
import { type Cursor, documentOrder } from "./cursor.ts";
import { compileCall } from "./functions.ts";
import { keyTests, lookUp } from "./keyed.ts";
import { axisWalks, childSchemas, reverseAxes } from "./steps.ts";
import { XpathError } from "./xpath-error.ts";

/** What the text of an expression stands in. */
export interface Surroundings {
  readonly expression: string;
  /** The module that names without a prefix belong to. */
  readonly module: string;
}

/** Makes an expression a function. @throws XpathError where types or functions do not fit */
export function compileExpression(expression: Expression, around: Surroundings): Compiled {
  const compile = (inner: Expression): Compiled => compileExpression(inner, around);
  switch (expression.kind) {
    case "literal": {
      const { value } = expression;
      return { type: "string", run: () => value, literal: value };
    }
    case "number": {
      const { value } = expression;
      return { type: "number", run: () => value };
    }
    case "negate": {
      const operand = asNumber(compile(expression.operand));
      return { type: "number", run: (focus) => -operand(focus) };
    }
    case "call":
      return compileCall(expression.name, expression.args.map(compile), around);
    case "path":
      return { type: "nodes", run: compilePath(expression, around) };
    case "binary":
      return compileBinary(expression, compile, around);
  }
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a % b,
};

function compileBinary(
  { operator, left: leftSide, right: rightSide }: Binary,
  compile: (expression: Expression) => Compiled,
  around: Surroundings,
): Compiled {
  const [left, right] = [compile(leftSide), compile(rightSide)];
  if (operator === "|") return union(left, right, around);
  if (operator === "and" || operator === "or") return logical(operator, left, right);
  if (operator === "=" || operator === "!=") {
    return { type: "boolean", run: compileEquality(operator === "=", left, right) };
  }
  if (isRelation(operator)) return { type: "boolean", run: compileRelation(operator, left, right) };
  const calculate = arithmetic[operator] ?? (() => Number.NaN);
  const [a, b] = [asNumber(left), asNumber(right)];
  return { type: "number", run: (focus) => calculate(a(focus), b(focus)) };
}

function logical(operator: "and" | "or", left: Compiled, right: Compiled): Compiled {
  const [a, b] = [asBoolean(left), asBoolean(right)];
  return operator === "and"
    ? { type: "boolean", run: (focus) => a(focus) && b(focus) }
    : { type: "boolean", run: (focus) => a(focus) || b(focus) };
}

function union(left: Compiled, right: Compiled, { expression }: Surroundings): Compiled {
  if (left.type !== "nodes" || right.type !== "nodes") {
    throw new XpathError(expression, "only node-sets can be united");
  }
  const [a, b] = [left.run, right.run];
  return { type: "nodes", run: (focus) => documentOrder([...a(focus), ...b(focus)]) };
}

function compilePath(path: LocationPath, around: Surroundings): Evaluate<readonly Cursor[]> {
  const start = compileStart(path, around);
  const steps = path.steps.map((step) => compileStep(step, around));
  const mayDisorder = path.steps.some(
    ({ axis }) => axis !== "child" && axis !== "self" && axis !== "parent",
  );
  return (focus) => {
    let nodes = start(focus);
    for (const step of steps) {
      if (nodes.length === 0) return nodes;
      nodes = step(nodes, focus);
    }
    return mayDisorder ? documentOrder(nodes) : nodes;
  };
}

function compileStart(path: LocationPath, around: Surroundings): Evaluate<readonly Cursor[]> {
  const { start } = path;
  if (start === "root") return ({ node }) => [node.root];
  if (start === "context") return ({ node }) => [node];
  const compiled = compileExpression(start.expression, around);
  if (compiled.type !== "nodes") {
    throw new XpathError(around.expression, "only a node-set can be filtered or stepped from");
  }
  const { run } = compiled;
  const filters = start.predicates.map((predicate) => compilePredicate(predicate, around));
  return (focus) => filters.reduce((nodes, filter) => filter(nodes, focus), run(focus));
}

type NodeFilter = (nodes: readonly Cursor[], focus: Focus) => readonly Cursor[];

function compileStep(step: Step, around: Surroundings): NodeFilter {
  const { axis, test } = step;
  const walk = axisWalks[axis];
  const filters = step.predicates.map((predicate) => compilePredicate(predicate, around));
  const tests = keyTests(step, (expression) => compileExpression(expression, around));
  const candidates = (node: Cursor, focus: Focus): readonly Cursor[] => {
    if (tests.length > 0) {
      const [child] = childSchemas(node.schema, test);
      const hits =
        child?.kind === "list" && (child.config || !focus.evaluation.configOnly)
          ? lookUp(node, child, tests, focus)
          : undefined;
      if (hits) return hits;
    }
    return walk(node, test, focus.evaluation);
  };
  const isOrdered = axis === "child" || axis === "self";
  return (nodes, focus) => {
    focus.evaluation.spend(nodes.length);
    const [only] = nodes;
    const fromNode = (node: Cursor): readonly Cursor[] =>
      filters.reduce((found, filter) => filter(found, focus), candidates(node, focus));
    if (nodes.length === 1 && only) {
      const found = fromNode(only);
      return reverseAxes.has(axis) ? [...found].reverse() : found;
    }
    const found = nodes.flatMap(fromNode);
    return isOrdered ? found : documentOrder(found);
  };
}

function compilePredicate(expression: Expression, around: Surroundings): NodeFilter {
  if (expression.kind === "number") {
    const index = expression.value - 1;
    return (nodes) => (Number.isInteger(index) ? nodes.slice(index, index + 1) : []);
  }
  const compiled = compileExpression(expression, around);
  const keep = compiled.type === "number" ? atPosition(compiled.run) : asBoolean(compiled);
  return (nodes, { evaluation }) => {
    const size = nodes.length;
    return nodes.filter((node, index) => keep({ node, position: index + 1, size, evaluation }));
  };
}

function atPosition(number: Evaluate<number>): Evaluate<boolean> {
  return (focus) => number(focus) === focus.position;
}
