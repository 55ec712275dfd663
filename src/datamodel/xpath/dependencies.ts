import type { IrType, IrXpath } from "../schema/ir.ts";
import type { DataSchema, RootSchema } from "../schema/schema.ts";
import type { Call, Expression, LocationPath, Step } from "./ast.ts";
import { isParent, type NodeSchema } from "./cursor.ts";
import type { XpathEngine } from "./engine.ts";
import { conditionsOf, implicitValue } from "./evaluation.ts";
import { childSchemas, schemaPasses } from "./steps.ts";

/**
 * What an expression may read, found by running it over the schema in place of data.
 *
 * Each schema node that is read comes with a *pivot*: the depth of the highest node the way from
 * the context node to it passes. A changed instance can only matter to context nodes below the
 * same instance of the pivot, so that a must that stays within its list entry is judged again for
 * that entry alone.
 */
export interface Reads {
  readonly pivots: ReadonlyMap<NodeSchema, number>;
  /** True where the schema does not tell: an instance-identifier is followed. */
  readonly everything: boolean;
}

/** Schema nodes with their pivots. */
type Places = ReadonlyMap<NodeSchema, number>;

const nestingMax = 32;
const nowhere: Places = new Map();

/** Depth of a node; 0 for the root. */
export function depthOf(schema: NodeSchema): number {
  let depth = 0;
  for (let at = parentOf(schema); at; at = parentOf(at)) depth += 1;
  return depth;
}

function parentOf(schema: NodeSchema): NodeSchema | undefined {
  return "parent" in schema ? schema.parent : undefined;
}

/** Reads of an expression with instances of `context` for context node. */
export function readsOf(engine: XpathEngine, xpath: IrXpath, context: NodeSchema): Reads {
  const analysis = new Analysis(engine);
  analysis.expression(xpath, new Map([[context, depthOf(context)]]));
  return analysis.reads();
}

/** Reads that decide whether a node without explicit value exists, seen from itself. */
export function existenceReads(engine: XpathEngine, schema: NodeSchema): Reads {
  const analysis = new Analysis(engine);
  analysis.existence(schema);
  return analysis.reads();
}

/** What a choice or node's conditions read, seen from the node's parent. */
export function conditionReads(engine: XpathEngine, child: DataSchema): Reads {
  const analysis = new Analysis(engine);
  analysis.conditions(child, depthOf(child.parent));
  return analysis.reads();
}

class Analysis {
  readonly #engine: XpathEngine;
  readonly #pivots = new Map<NodeSchema, number>();
  #everything = false;
  #nesting = 0;
  #current: Places = nowhere;

  constructor(engine: XpathEngine) {
    this.#engine = engine;
  }

  reads(): Reads {
    return { pivots: this.#pivots, everything: this.#everything };
  }

  /** Analyses an expression of its own: `current()` is its context. */
  expression(xpath: IrXpath, context: Places): Places {
    if (this.#nesting >= nestingMax) {
      this.#everything = true;
      return nowhere;
    }
    const outer = this.#current;
    this.#current = context;
    this.#nesting += 1;
    const result = this.#visit(this.#engine.program(xpath).ast, context);
    this.#readValues(result);
    this.#nesting -= 1;
    this.#current = outer;
    return result;
  }

  /** Conditions of the nodes from the root down to this one. */
  existence(schema: NodeSchema): void {
    for (let at: NodeSchema | undefined = schema; at; at = parentOf(at)) {
      this.#read(at, depthOf(at));
    }
  }

  conditions(child: DataSchema, pivot: number): void {
    for (const when of conditionsOf(child)) {
      const context = when.context === "self" ? child : child.parent;
      this.expression(when, new Map([[context, Math.min(pivot, depthOf(context))]]));
    }
  }

  #visit(expression: Expression, context: Places): Places {
    switch (expression.kind) {
      case "literal":
      case "number":
        return nowhere;
      case "negate":
        this.#readValues(this.#visit(expression.operand, context));
        return nowhere;
      case "binary": {
        const left = this.#visit(expression.left, context);
        const right = this.#visit(expression.right, context);
        if (expression.operator === "|") return merged([left, right]);
        this.#readValues(left);
        this.#readValues(right);
        return nowhere;
      }
      case "call":
        return this.#call(expression, context);
      case "path":
        return this.#path(expression, context);
    }
  }

  #call({ name, args }: Call, context: Places): Places {
    const results = args.map((argument) => this.#visit(argument, context));
    for (const places of results) this.#readValues(places);
    if (args.length === 0) this.#readValues(context);
    if (name === "current") return this.#current;
    return name === "deref" ? merged(results.map((places) => this.#deref(places))) : nowhere;
  }

  #deref(places: Places): Places {
    const targets: Places[] = [];
    for (const [schema, pivot] of places) {
      if (schema.kind !== "leaf" && schema.kind !== "leaf-list") continue;
      for (const type of referenceTypes(schema.type.ir)) {
        if (type.base === "leafref") {
          targets.push(this.expression(type.path, new Map([[schema, pivot]])));
        } else this.#everything = true;
      }
    }
    return merged(targets);
  }

  #path({ start, steps }: LocationPath, context: Places): Places {
    let places = context;
    if (start === "root") places = new Map([[this.#rootOf(context), 0]]);
    else if (start !== "context") {
      places = this.#visit(start.expression, context);
      for (const predicate of start.predicates) this.#predicate(predicate, places);
    }
    for (const step of steps) places = this.#step(step, places);
    return places;
  }

  #rootOf(context: Places): NodeSchema {
    const [first] = context.keys();
    let at: NodeSchema = first ?? this.#engine.schema.root;
    for (let up = parentOf(at); up; up = parentOf(up)) at = up;
    return at;
  }

  #step(step: Step, from: Places): Places {
    const reached = merged([...from].map(([schema, pivot]) => stepPlaces(step, schema, pivot)));
    for (const [schema, pivot] of reached) this.#read(schema, pivot);
    for (const predicate of step.predicates) this.#predicate(predicate, reached);
    return reached;
  }

  #predicate(predicate: Expression, context: Places): void {
    this.#readValues(this.#visit(predicate, context));
  }

  /** The string value of a node that holds children is all text below it. */
  #readValues(places: Places): void {
    for (const [schema, pivot] of places) this.#readSubtree(schema, pivot);
  }

  #readSubtree(schema: NodeSchema, pivot: number): void {
    this.#read(schema, pivot);
    if (!isParent(schema) || schema.kind === "root") return;
    for (const child of schema.children) this.#readSubtree(child, pivot);
  }

  #read(schema: NodeSchema, pivot: number): void {
    const known = this.#pivots.get(schema);
    if (known !== undefined && known <= pivot) return;
    this.#pivots.set(schema, pivot);
    if ("inCase" in schema && implicitValue(schema) !== undefined) this.#implicit(schema, pivot);
  }

  /** A default that depends on a case or condition changes with what decides it. */
  #implicit(schema: DataSchema, pivot: number): void {
    const fromParent = Math.min(pivot, depthOf(schema.parent));
    for (let at = schema.inCase; at; at = at.outer) {
      for (const member of [...at.choice.cases.values()].flat()) {
        this.#readSubtree(member, fromParent);
      }
    }
    this.conditions(schema, pivot);
  }
}

function referenceTypes(type: IrType): IrType[] {
  if (type.base === "union") return type.types.flatMap(referenceTypes);
  return type.base === "leafref" || type.base === "instance-identifier" ? [type] : [];
}

function merged(sets: readonly Places[]): Places {
  const all = new Map<NodeSchema, number>();
  for (const set of sets) {
    for (const [schema, pivot] of set) {
      all.set(schema, Math.min(pivot, all.get(schema) ?? pivot));
    }
  }
  return all;
}

function stepPlaces({ axis, test }: Step, from: NodeSchema, pivot: number): Places {
  const at = (schema: NodeSchema): [NodeSchema, number] => [
    schema,
    Math.min(pivot, depthOf(schema)),
  ];
  const passes = (schema: NodeSchema): boolean =>
    test.kind === "node" || (schema.kind !== "root" && schemaPasses(schema as DataSchema, test));
  switch (axis) {
    case "self":
      return new Map(passes(from) ? [at(from)] : []);
    case "child":
      if (test.kind === "text") return new Map(passes(from) ? [at(from)] : []);
      return new Map(childSchemas(from, test).map(at));
    case "parent":
      return new Map(ancestors(parentOf(from)).slice(0, 1).filter(passes).map(at));
    case "ancestor":
      return new Map(ancestors(parentOf(from)).filter(passes).map(at));
    case "ancestor-or-self":
      return new Map(ancestors(from).filter(passes).map(at));
    case "descendant":
      return new Map(descendants(from).filter(passes).map(at));
    case "descendant-or-self":
      return new Map([from, ...descendants(from)].filter(passes).map(at));
    case "attribute":
    case "namespace":
      return nowhere;
    default:
      return new Map(
        aside(axis, from)
          .filter(passes)
          .map((schema) => underParent(schema, from, pivot)),
      );
  }
}

function ancestors(from: NodeSchema | undefined): NodeSchema[] {
  const chain: NodeSchema[] = [];
  for (let at = from; at; at = parentOf(at)) chain.push(at);
  return chain;
}

function descendants(schema: NodeSchema): NodeSchema[] {
  if (!isParent(schema)) return [];
  return schema.children.flatMap((child) => [child, ...descendants(child)]);
}

/** Siblings, or for `following` and `preceding` anything in the tree. */
function aside(axis: Step["axis"], from: NodeSchema): NodeSchema[] {
  const parent = parentOf(from);
  if (parent === undefined || !isParent(parent)) return [];
  if (axis.endsWith("-sibling")) return [...parent.children];
  const root = ancestors(from).at(-1) as RootSchema;
  return descendants(root);
}

function underParent(schema: NodeSchema, from: NodeSchema, pivot: number): [NodeSchema, number] {
  const sameParent = parentOf(schema) === parentOf(from);
  return [schema, sameParent ? Math.min(pivot, depthOf(from) - 1) : 0];
}
