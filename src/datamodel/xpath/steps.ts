import type { DataSchema } from "../schema/schema.ts";
import type { Axis, NodeTest } from "./ast.ts";
import { type Cursor, isParent } from "./cursor.ts";
import { childCursors, type Evaluation } from "./evaluation.ts";

/** The nodes of an axis that pass the test, in the order of the axis. */
export type AxisWalk = (node: Cursor, test: NodeTest, evaluation: Evaluation) => Cursor[];

/** Axes whose order is against that of the document. */
export const reverseAxes: ReadonlySet<Axis> = new Set([
  "ancestor",
  "ancestor-or-self",
  "preceding",
  "preceding-sibling",
]);

export const axisWalks: Readonly<Record<Axis, AxisWalk>> = {
  self: (node, test) => (passes(node, test) ? [node] : []),
  child: children,
  parent: ({ parent }, test) => (parent && passes(parent, test) ? [parent] : []),
  ancestor: (node, test) => ancestors(node.parent).filter((other) => passes(other, test)),
  "ancestor-or-self": (node, test) => ancestors(node).filter((other) => passes(other, test)),
  descendant: (node, test, evaluation) =>
    descendants(node, evaluation).filter((other) => passes(other, test)),
  "descendant-or-self": (node, test, evaluation) =>
    [node, ...descendants(node, evaluation)].filter((other) => passes(other, test)),
  "following-sibling": (node, test, evaluation) =>
    siblings(node, evaluation).after.filter((other) => passes(other, test)),
  "preceding-sibling": (node, test, evaluation) =>
    siblings(node, evaluation).before.filter((other) => passes(other, test)),
  following: (node, test, evaluation) =>
    ancestors(node)
      .flatMap((at) => siblings(at, evaluation).after)
      .flatMap((at) => [at, ...descendants(at, evaluation)])
      .filter((other) => passes(other, test)),
  preceding: (node, test, evaluation) =>
    ancestors(node)
      .flatMap((at) => siblings(at, evaluation).before)
      .flatMap((at) => [at, ...descendants(at, evaluation)].reverse())
      .filter((other) => passes(other, test)),
  // YANG data has neither attributes nor namespace nodes (RFC 7950 §6.4.1).
  attribute: () => [],
  namespace: () => [],
};

function passes({ schema }: Cursor, test: NodeTest): boolean {
  return test.kind === "node" || ("prop" in schema && schemaPasses(schema, test));
}

/** True if instances of the schema node pass the test. */
export function schemaPasses(schema: DataSchema, test: NodeTest): boolean {
  if (test.kind === "node") return true;
  if (test.kind === "nothing") return false;
  if (test.kind === "text") return schema.kind === "leaf" || schema.kind === "leaf-list";
  const { module, name } = test;
  return (
    (module === undefined || schema.module === module) &&
    (name === undefined || schema.name === name)
  );
}

/** By the array of children: that of the root is another when a module comes or goes. */
const reached = new WeakMap<NodeTest, WeakMap<object, readonly DataSchema[]>>();

/** The children a `child` step reaches from a schema node. */
export function childSchemas(parent: Cursor["schema"], test: NodeTest): readonly DataSchema[] {
  const byParent = reached.get(test) ?? new WeakMap<object, readonly DataSchema[]>();
  reached.set(test, byParent);
  const key = isParent(parent) ? parent.children : parent;
  const known = byParent.get(key) ?? findChildSchemas(parent, test);
  byParent.set(key, known);
  return known;
}

function findChildSchemas(parent: Cursor["schema"], test: NodeTest): readonly DataSchema[] {
  if (!isParent(parent) || test.kind === "text") return [];
  if (test.kind === "name" && test.module !== undefined && test.name !== undefined) {
    const child = parent.childByName.get(`${test.module}:${test.name}`);
    return child ? [child] : [];
  }
  return parent.children.filter((child) => schemaPasses(child, test));
}

function children(node: Cursor, test: NodeTest, evaluation: Evaluation): Cursor[] {
  if (test.kind === "text") return passes(node, test) ? [node] : [];
  const [only, ...more] = childSchemas(node.schema, test);
  if (only === undefined) return [];
  const first = childCursors(node, only, evaluation);
  return more.length === 0
    ? first
    : first.concat(more.flatMap((child) => childCursors(node, child, evaluation)));
}

function ancestors(from: Cursor | undefined): Cursor[] {
  const chain: Cursor[] = [];
  for (let at = from; at; at = at.parent) chain.push(at);
  return chain;
}

function descendants(node: Cursor, evaluation: Evaluation): Cursor[] {
  const below = children(node, { kind: "node" }, evaluation);
  return below.flatMap((child) => [child, ...descendants(child, evaluation)]);
}

function siblings(node: Cursor, evaluation: Evaluation): { before: Cursor[]; after: Cursor[] } {
  if (node.parent === undefined) return { before: [], after: [] };
  const all = children(node.parent, { kind: "node" }, evaluation);
  const at = all.findIndex(({ identity }) => identity === node.identity);
  return { before: all.slice(0, Math.max(at, 0)).reverse(), after: all.slice(at + 1) };
}
