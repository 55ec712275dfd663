import type { DataSchema, LeafListSchema, LeafSchema, ParentSchema } from "../schema/schema.ts";
import { isConditional } from "../tree/node.ts";
import { isParent, type NodeSchema } from "../xpath/cursor.ts";
import { depthOf } from "../xpath/dependencies.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { type Constraint, mustConstraints, whenConstraint } from "./constraint.ts";
import { IdentifierIndex } from "./identifier-index.ts";
import { LeafrefIndex, leafrefRoute } from "./leafref-index.ts";
import { presenceConstraint } from "./presence.ts";
import { referenceConstraint } from "./reference.ts";
import { UniqueIndex } from "./unique-index.ts";

/** A constraint that reads some node; it matters below the same instance of the pivot. */
export interface Dependent {
  readonly constraint: Constraint;
  readonly pivotDepth: number;
}

/** What the validator has to do at the instances of one schema node. */
export interface NodeRules {
  readonly schema: NodeSchema;
  readonly depth: number;
  /** Children where anything has to be done. */
  readonly children: readonly ChildRules[];
  /** Judged where an instance is new. */
  readonly constraints: readonly Constraint[];
  /** Judged where an instance is new or any of its children changed. */
  readonly presence: Constraint | undefined;
  readonly uniques: readonly UniqueIndex[];
  /** Leafrefs that this node has, and leafrefs that go to it. */
  readonly refers: readonly LeafrefIndex[];
  readonly referred: readonly LeafrefIndex[];
  /** Judged again where an instance changed. */
  readonly dependents: readonly Dependent[];
  /** Judged again where an instance came or went: dependents of all below, with pivots above. */
  readonly outerDependents: readonly Dependent[];
}

export interface ChildRules extends NodeRules {
  readonly schema: DataSchema;
  /** True where a default takes effect by a case or `when`. */
  readonly conditional: boolean;
}

export interface SchemaRules {
  readonly root: NodeRules;
  readonly constraints: readonly Constraint[];
  /** Judged after every change of anything. */
  readonly afterAnyChange: readonly Constraint[];
  /** Judged again where what they name is gone; undefined where there are none. */
  readonly identifiers: IdentifierIndex | undefined;
}

/** Compiles the constraints on the configuration of a schema. @throws XpathError */
export function compileRules(engine: XpathEngine): SchemaRules {
  return rulesOf(new RulesCompiler(engine, "all"));
}

/** Only the `when` statements, judged where what they read changed; not where a node is new. */
export function compileConditions(engine: XpathEngine): SchemaRules {
  return rulesOf(new RulesCompiler(engine, "conditions"));
}

function rulesOf(compiler: RulesCompiler): SchemaRules {
  const root = compiler.root();
  const { constraints, identifiers } = compiler;
  return {
    root,
    constraints,
    afterAnyChange: constraints.filter(({ reads }) => reads.everything),
    identifiers,
  };
}

class RulesCompiler {
  readonly #engine: XpathEngine;
  readonly #wanted: "all" | "conditions";
  readonly constraints: Constraint[] = [];
  identifiers: IdentifierIndex | undefined;
  readonly #constraintsAt = new Map<NodeSchema, Constraint[]>();
  readonly #presenceAt = new Map<NodeSchema, Constraint>();
  readonly #dependents = new Map<NodeSchema, Dependent[]>();
  readonly #refers = new Map<NodeSchema, LeafrefIndex[]>();
  readonly #referred = new Map<NodeSchema, LeafrefIndex[]>();

  constructor(engine: XpathEngine, wanted: "all" | "conditions") {
    this.#engine = engine;
    this.#wanted = wanted;
  }

  root(): NodeRules {
    const { root } = this.#engine.schema;
    this.#collect(root);
    for (const constraint of this.constraints) {
      for (const [schema, pivotDepth] of constraint.reads.pivots) {
        addTo(this.#dependents, schema, { constraint, pivotDepth });
      }
    }
    const following = this.constraints.filter(({ followsIdentifiers }) => followsIdentifiers);
    if (following.length > 0) this.identifiers = new IdentifierIndex(this.#engine, following);
    return this.#node(root);
  }

  #collect(schema: NodeSchema): void {
    for (const constraint of this.#constraintsOf(schema)) {
      this.constraints.push(constraint);
      if (this.#wanted === "all") addTo(this.#constraintsAt, schema, constraint);
    }
    if (!isParent(schema)) return;
    const presence = this.#wanted === "all" ? presenceConstraint(this.#engine, schema) : undefined;
    if (presence) {
      this.constraints.push(presence);
      this.#presenceAt.set(schema, presence);
    }
    for (const child of configChildren(schema)) this.#collect(child);
  }

  #constraintsOf(schema: NodeSchema): Constraint[] {
    const when = "prop" in schema ? whenConstraint(this.#engine, schema) : undefined;
    if (this.#wanted === "conditions") return when ? [when] : [];
    const musts = mustConstraints(this.#engine, schema);
    const isLeaf = schema.kind === "leaf" || schema.kind === "leaf-list";
    const reference = isLeaf ? this.#reference(schema) : undefined;
    return [...(when ? [when] : []), ...musts, ...(reference ? [reference] : [])];
  }

  /** A constraint for a reference that no index covers; makes the index for one that it does. */
  #reference(leaf: LeafSchema | LeafListSchema): Constraint | undefined {
    const { ir } = leaf.type;
    const route = leafrefRoute(this.#engine, leaf);
    if (route === undefined || ir.base !== "leafref" || !ir.requireInstance) {
      return referenceConstraint(this.#engine, leaf);
    }
    const index = new LeafrefIndex(this.#engine, leaf, route);
    addTo(this.#refers, leaf, index);
    addTo(this.#referred, route.target, index);
    return undefined;
  }

  #node(schema: NodeSchema): NodeRules {
    const children = isParent(schema) ? configChildren(schema) : [];
    const rules = children.map((child) => this.#child(child));
    const depth = depthOf(schema);
    const dependents = this.#dependents.get(schema) ?? [];
    const below = [...dependents, ...rules.flatMap((child) => child.outerDependents)];
    return {
      schema,
      depth,
      // Any node may be one that an instance-identifier names.
      children: this.identifiers ? rules : rules.filter(matters),
      constraints: this.#constraintsAt.get(schema) ?? [],
      presence: this.#presenceAt.get(schema),
      uniques: this.#uniques(schema),
      refers: this.#refers.get(schema) ?? [],
      referred: this.#referred.get(schema) ?? [],
      dependents,
      outerDependents: highest(below.filter(({ pivotDepth }) => pivotDepth < depth)),
    };
  }

  #child(schema: DataSchema): ChildRules {
    return { ...this.#node(schema), schema, conditional: isConditional(schema) };
  }

  #uniques(schema: NodeSchema): UniqueIndex[] {
    if (schema.kind !== "list" || this.#wanted === "conditions") return [];
    return (schema.ir.uniques ?? [])
      .map((paths) => new UniqueIndex(this.#engine, schema, paths))
      .filter(({ isConfig }) => isConfig);
  }
}

function configChildren(schema: ParentSchema): DataSchema[] {
  return schema.children.filter(({ config }) => config);
}

function addTo<K, V>(index: Map<K, V[]>, key: K, value: V): void {
  const values = index.get(key) ?? [];
  values.push(value);
  index.set(key, values);
}

/** Of several pivots of one constraint the highest covers the others. */
function highest(dependents: readonly Dependent[]): Dependent[] {
  const byConstraint = new Map<Constraint, Dependent>();
  for (const dependent of dependents) {
    const known = byConstraint.get(dependent.constraint);
    if (known === undefined || dependent.pivotDepth < known.pivotDepth) {
      byConstraint.set(dependent.constraint, dependent);
    }
  }
  return [...byConstraint.values()];
}

function matters(rules: NodeRules): boolean {
  return (
    rules.presence !== undefined ||
    [
      rules.children,
      rules.constraints,
      rules.uniques,
      rules.refers,
      rules.referred,
      rules.dependents,
      rules.outerDependents,
    ].some((part) => part.length > 0)
  );
}
