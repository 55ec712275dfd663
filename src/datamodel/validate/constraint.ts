import type { IrMust } from "../schema/ir.ts";
import type { DataSchema, ParentSchema } from "../schema/schema.ts";
import type { YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import { Cursor, instances, isParent, type NodeSchema } from "../xpath/cursor.ts";
import { conditionReads, existenceReads, type Reads, readsOf } from "../xpath/dependencies.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { conditionsHold, conditionsOf, effectiveValue } from "../xpath/evaluation.ts";
import type { Report } from "./report.ts";

/** A statement that every instance of a schema node has to satisfy. */
export interface Constraint {
  readonly context: NodeSchema;
  /** What a verdict depends on; other changes leave it as it was. */
  readonly reads: Reads;
  /** Also depends on whether there is the node that an instance-identifier names. */
  readonly followsIdentifiers?: boolean;
  /** Reports what is wrong with one instance. */
  judge(node: Cursor, report: Report): void;
}

/** The must statements of a node. */
export function mustConstraints(engine: XpathEngine, context: NodeSchema): Constraint[] {
  return mustsOf(context).map((must) => {
    const program = engine.program(must);
    const reads = unitedReads([readsOf(engine, must, context), existenceReads(engine, context)]);
    return {
      context,
      reads,
      judge(node, report) {
        if (program.boolean(node)) return;
        const message = must.message ?? `must condition "${must.expression}" is not satisfied`;
        report.add(node, {
          tag: "operation-failed",
          appTag: must.appTag ?? "must-violation",
          message,
        });
      },
    };
  });
}

function mustsOf(schema: NodeSchema): readonly IrMust[] {
  return isParent(schema) ? schema.musts : (schema.ir.musts ?? []);
}

/** RFC 7950 §15 gives it no app-tag; it tells the node from one that no model has. */
export const whenViolation = "when-violation";

/** A node whose `when` is false may not exist (RFC 7950 §8.1). */
export function whenConstraint(engine: XpathEngine, context: DataSchema): Constraint | undefined {
  const conditions = conditionsOf(context);
  if (conditions.length === 0) return undefined;
  const text = conditions.map(({ expression }) => `"${expression}"`).join(" and ");
  return {
    context,
    reads: conditionReads(engine, context),
    judge(node, report) {
      const { parent } = node;
      if (!parent || conditionsHold(node, context, engine.evaluation(parent, text))) return;
      report.add(node, {
        tag: "unknown-element",
        appTag: whenViolation,
        message: `may exist only when ${text} is true`,
      });
    },
  };
}

export function unitedReads(all: readonly Reads[]): Reads {
  const pivots = new Map<NodeSchema, number>();
  for (const reads of all) {
    for (const [schema, pivot] of reads.pivots) {
      pivots.set(schema, Math.min(pivot, pivots.get(schema) ?? pivot));
    }
  }
  return { pivots, everything: all.some(({ everything }) => everything) };
}

/** Instances of a schema node below one of its ancestors, or the ancestor itself. */
export function* instancesBelow(
  ancestor: Cursor,
  schema: NodeSchema,
  engine: XpathEngine,
): IterableIterator<Cursor> {
  const chain: DataSchema[] = [];
  let at: NodeSchema = schema;
  while (at !== ancestor.schema && "prop" in at) {
    chain.push(at);
    at = at.parent satisfies ParentSchema;
  }
  yield* descend(ancestor, chain.reverse(), engine);
}

function* descend(
  from: Cursor,
  chain: readonly DataSchema[],
  engine: XpathEngine,
): IterableIterator<Cursor> {
  const [next, ...rest] = chain;
  if (next === undefined) {
    yield from;
    return;
  }
  const value = effectiveValue(from, next, engine.evaluation(from, next.path));
  if (next.kind !== "list") {
    for (const child of instances(from, next, value)) yield* descend(child, rest, engine);
  } else if (value !== undefined) {
    // One by one: whoever asks may have seen enough after a few of a million.
    for (const [key, entry] of (value as YangList<DataObject>).entries()) {
      yield* descend(new Cursor(from, next, entry, key), rest, engine);
    }
  }
}
