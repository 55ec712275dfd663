import type { Violation } from "../error.ts";
import type { DataSchema, NotificationSchema, ParametersSchema, Schema } from "../schema/schema.ts";
import type { DataObject } from "../tree/node.ts";
import type { InstancePath } from "../tree/path.ts";
import { Cursor, instances, isParent, type NodeSchema } from "../xpath/cursor.ts";
import { XpathEngine } from "../xpath/engine.ts";
import { effectiveValue } from "../xpath/evaluation.ts";
import { instanceAt } from "../xpath/instance.ts";
import { type Constraint, mustConstraints, whenConstraint } from "./constraint.ts";
import { judgeWithinLimits } from "./judgement.ts";
import { presenceConstraint } from "./presence.ts";
import { referenceConstraint } from "./reference.ts";
import { Report } from "./report.ts";

/** Where an operation is invoked. */
export interface InvocationPoint {
  /** All data that expressions may refer to, state included where there is any. */
  readonly root: DataObject;
  /** The node that has the action or notification; [] for an rpc. */
  readonly path: InstancePath;
}

/** What is sent at once: the input or output of an rpc or action, or a notification. */
export type SentSchema = ParametersSchema | NotificationSchema;

export interface OperationValidator {
  /** What is wrong with what is sent, as a whole. */
  validate(parameters: SentSchema, value: DataObject, at: InvocationPoint): Violation[];
}

/** Judges what is sent (RFC 7950 §8.1, §8.2) by the constraints that configuration has, too. */
export function createOperationValidator(schema: Schema): OperationValidator {
  const engine = new XpathEngine(schema);
  const compiled = new WeakMap<NodeSchema, readonly Constraint[]>();
  const constraintsAt = (node: NodeSchema): readonly Constraint[] => {
    const known = compiled.get(node) ?? constraintsOf(engine, node);
    compiled.set(node, known);
    return known;
  };
  return {
    validate(parameters, value, { root, path }) {
      const report = new Report();
      const parent = instanceAt(new Cursor(undefined, schema.root, root), path);
      if (parent === undefined) return report.violations;
      for (const node of subtree(new Cursor(parent, parameters, value), engine)) {
        for (const one of constraintsAt(node.schema)) judgeWithinLimits(one, node, report);
      }
      return report.violations;
    },
  };
}

function constraintsOf(engine: XpathEngine, schema: NodeSchema): Constraint[] {
  const isLeaf = schema.kind === "leaf" || schema.kind === "leaf-list";
  const found = [
    "prop" in schema ? whenConstraint(engine, schema) : undefined,
    isLeaf ? referenceConstraint(engine, schema) : undefined,
    isParent(schema) ? presenceConstraint(engine, schema) : undefined,
  ];
  return [...found.filter((one) => one !== undefined), ...mustConstraints(engine, schema)];
}

function* subtree(node: Cursor, engine: XpathEngine): IterableIterator<Cursor> {
  yield node;
  if (!isParent(node.schema)) return;
  for (const child of node.schema.children) yield* below(node, child, engine);
}

function* below(parent: Cursor, child: DataSchema, engine: XpathEngine): IterableIterator<Cursor> {
  const value = effectiveValue(parent, child, engine.evaluation(parent, child.path));
  for (const node of instances(parent, child, value)) yield* subtree(node, engine);
}
