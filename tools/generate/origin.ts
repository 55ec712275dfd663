import type { SourceLibrary } from "./source.ts";
import { childOf, childrenOf, type Statement } from "./statement.ts";

/**
 * Where each schema node comes from: the tree of a module with uses and augments expanded and
 * refines and deviations noted, nothing else resolved. Walked beside libyang's compiled form,
 * which decides what exists; nodes that features removed are simply never asked for.
 */
export interface Origin {
  readonly keyword: string;
  readonly name: string;
  /** The module in whose namespace the node is. */
  readonly module: string;
  /** The definition, then the refine and deviate statements applied to it; empty: implied. */
  readonly statements: Statement[];
  /** `when` of the uses and augments that brought the node here. */
  readonly inheritedWhens: Statement[];
  readonly children: Origin[];
}

const dataKeywords = new Set(["container", "list", "leaf", "leaf-list", "anydata", "anyxml"]);
const nodeKeywords = new Set([...dataKeywords, "choice", "case", "rpc", "action", "notification"]);

/** The schema trees of all implemented modules, by module name. */
export function traceOrigins(library: SourceLibrary): Map<string, Origin[]> {
  const expander = new Expander(library);
  const trees = new Map<string, Origin[]>();
  const implemented = library.modules.filter((module) => module.implemented);
  for (const { name, sources } of implemented) {
    trees.set(
      name,
      sources.flatMap(({ root }) => expander.body(root, name)),
    );
  }
  const sources = implemented.flatMap((module) => module.sources);
  expander.augmentAll(
    sources.flatMap(({ root }) => childrenOf(root, "augment")),
    trees,
  );
  for (const { root } of sources) {
    for (const deviation of childrenOf(root, "deviation")) expander.deviate(deviation, trees);
  }
  return trees;
}

class Expander {
  readonly #library: SourceLibrary;

  constructor(library: SourceLibrary) {
    this.#library = library;
  }

  /** The schema nodes a statement defines below itself. */
  body(statement: Statement, module: string): Origin[] {
    return statement.children.flatMap((child) => {
      if (child.keyword === "uses") return this.#uses(child, module);
      return nodeKeywords.has(child.keyword) ? [this.#node(child, module)] : [];
    });
  }

  #node(statement: Statement, module: string): Origin {
    const { keyword, argument: name = "" } = statement;
    const isOperation = keyword === "rpc" || keyword === "action";
    const children = isOperation
      ? ["input", "output"].map((direction) => this.#parameters(statement, direction, module))
      : this.body(statement, module);
    const origin = { keyword, name, module, statements: [statement], inheritedWhens: [], children };
    return keyword === "choice" ? { ...origin, children: children.map(inCase) } : origin;
  }

  #parameters(operation: Statement, direction: string, module: string): Origin {
    const statement = childOf(operation, direction);
    return {
      keyword: direction,
      name: direction,
      module,
      statements: statement ? [statement] : [],
      inheritedWhens: [],
      children: statement ? this.body(statement, module) : [],
    };
  }

  #uses(uses: Statement, module: string): Origin[] {
    const grouping = this.#library.find("grouping", uses.argument ?? "", uses);
    const nodes = this.body(grouping, module);
    for (const refine of childrenOf(uses, "refine")) {
      this.#target(nodes, refine)?.statements.push(refine);
    }
    for (const augment of childrenOf(uses, "augment")) {
      const target = this.#target(nodes, augment);
      if (target) this.#addTo(target, augment, module);
    }
    inheritWhens(nodes, uses);
    return nodes;
  }

  /** The node that a refine or an augment of a uses names; modules follow from the uses. */
  #target(nodes: readonly Origin[], statement: Statement): Origin | undefined {
    const names = (statement.argument ?? "")
      .split("/")
      .map((step) => step.trim().replace(/^.*:/, ""));
    let level = nodes;
    let found: Origin | undefined;
    for (const name of names) {
      found = level.find((node) => node.name === name);
      level = found?.children ?? [];
    }
    return found;
  }

  #addTo(target: Origin, augment: Statement, module: string): void {
    const nodes = this.body(augment, module);
    inheritWhens(nodes, augment);
    target.children.push(...(target.keyword === "choice" ? nodes.map(inCase) : nodes));
  }

  /** An augment may stand on what another one adds, in any order: repeat while some succeed. */
  augmentAll(augments: readonly Statement[], trees: ReadonlyMap<string, Origin[]>): void {
    let waiting = augments;
    for (;;) {
      const remaining = waiting.filter((augment) => {
        const target = this.#schemaNode(augment, trees);
        if (target) this.#addTo(target, augment, this.#library.sourceOf(augment).module);
        return !target;
      });
      if (remaining.length === 0 || remaining.length === waiting.length) return;
      waiting = remaining;
    }
  }

  deviate(deviation: Statement, trees: ReadonlyMap<string, Origin[]>): void {
    const target = this.#schemaNode(deviation, trees);
    target?.statements.push(...childrenOf(deviation, "deviate"));
  }

  /** The node an absolute schema node identifier names. */
  #schemaNode(at: Statement, trees: ReadonlyMap<string, Origin[]>): Origin | undefined {
    const steps = (at.argument ?? "").split("/").map((step) => step.trim());
    let level: readonly Origin[] | undefined;
    let found: Origin | undefined;
    for (const step of steps.slice(1)) {
      const { module, name } = this.#library.resolveName(step, at);
      level ??= trees.get(module);
      found = level?.find((node) => node.name === name && node.module === module);
      level = found?.children ?? [];
    }
    return found;
  }
}

function inheritWhens(nodes: readonly Origin[], from: Statement): void {
  const when = childOf(from, "when");
  if (when) for (const node of nodes) node.inheritedWhens.push(when);
}

/** A data node standing directly in a choice is a case of its own (RFC 7950 §7.9.2). */
function inCase(node: Origin): Origin {
  if (!dataKeywords.has(node.keyword) && node.keyword !== "choice") return node;
  const { name, module } = node;
  return { keyword: "case", name, module, statements: [], inheritedWhens: [], children: [node] };
}
