import type { IrNode, IrType, IrXpath } from "../../src/datamodel/schema/ir.ts";
import type { Trees } from "./compile.ts";
import {
  derefPath,
  formatPath,
  type Location,
  parseSchemaPath,
  resolveLeafref,
  type Step,
} from "./schema-path.ts";
import { GenerateError } from "./statement.ts";

type Leafref = Extract<IrType, { base: "leafref" }>;
type Unfilled = { -readonly [K in keyof Leafref]: Leafref[K] };

interface Pending {
  readonly leafref: Unfilled;
  readonly from: Location;
}

// Stands for the target's type until every leaf is built; `fill` leaves none behind.
const unknownType: IrType = { base: "empty" };

/** Leafrefs are made before their targets; their `type` is put in when all modules are built. */
export class LeafrefTargets {
  readonly #pending: Pending[] = [];

  make(path: IrXpath, requireInstance: boolean, from: Location): IrType {
    const target = derefPath(path) ? "" : resolveLeafref(path, from);
    const leafref: Unfilled = {
      base: "leafref",
      path,
      requireInstance,
      target,
      type: unknownType,
    };
    this.#pending.push({ leafref, from });
    return leafref;
  }

  /** @throws GenerateError for a path that leads to no leaf */
  fill(modules: readonly Trees[]): void {
    const types = new Map<string, IrType>();
    for (const trees of modules) indexTrees(trees, types);
    for (const pending of this.#pending) this.#fillTarget(pending, types, new Set());
    for (const { leafref, from } of this.#pending) {
      const type = finalType(leafref, types);
      if (!type) {
        const message = `leafref path "${leafref.path.expression}" leads to no leaf (${leafref.target})`;
        throw new GenerateError(formatPath(from.steps), 0, message);
      }
      leafref.type = type;
    }
  }

  /** Of a path with `deref()`, known once that of the leafref in it is. */
  #fillTarget(pending: Pending, types: ReadonlyMap<string, IrType>, open: Set<Pending>): void {
    const { leafref, from } = pending;
    const deref = derefPath(leafref.path);
    if (leafref.target !== "" || deref === undefined) return;
    const inner = types.get(resolveLeafref(deref.path, from));
    const other = this.#pending.find((one) => one.leafref === inner);
    if (other === undefined || open.has(other)) {
      const message = `deref() in "${leafref.path.expression}" is of no leafref`;
      throw new GenerateError(formatPath(from.steps), 0, message);
    }
    this.#fillTarget(other, types, open.add(pending));
    const steps = parseSchemaPath(other.leafref.target);
    leafref.target = resolveLeafref(deref.onwards, { steps, parameters: undefined });
  }
}

/** A leafref to a leafref has the type of the last target. */
function finalType(leafref: Leafref, types: ReadonlyMap<string, IrType>): IrType | undefined {
  let type = types.get(leafref.target);
  while (type?.base === "leafref") type = types.get(type.target);
  return type;
}

function indexTrees(trees: Trees, types: Map<string, IrType>): void {
  const visit = (node: IrNode, above: readonly Step[]): void => {
    if (node.kind === "choice") {
      for (const { children } of node.cases) for (const child of children) visit(child, above);
      return;
    }
    const steps = [...above, { module: node.module, name: node.name }];
    if (node.kind === "leaf" || node.kind === "leaf-list") types.set(formatPath(steps), node.type);
    if (node.kind === "container" || node.kind === "list") visitParent(node, steps);
  };
  const visitParent = (parent: ParentNodes, steps: readonly Step[]): void => {
    for (const child of parent.children ?? []) visit(child, steps);
    for (const operation of parent.actions ?? []) {
      const at = [...steps, { module: operation.module, name: operation.name }];
      for (const direction of ["input", "output"] as const) {
        const inside = [...at, { module: operation.module, name: direction }];
        visitParent({ children: operation[direction].children }, inside);
      }
    }
    for (const { module, name, children } of parent.notifications ?? []) {
      visitParent({ children }, [...steps, { module, name }]);
    }
  };
  const { data, rpcs, notifications } = trees;
  visitParent({ children: data, actions: rpcs, notifications }, []);
}

interface ParentNodes {
  readonly children?: readonly IrNode[];
  readonly actions?: Trees["rpcs"];
  readonly notifications?: Trees["notifications"];
}
