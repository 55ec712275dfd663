import type { DataSchema } from "../schema/schema.ts";
import { nodeAt } from "../tree/diff.ts";
import { sortKey } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import type { InstancePath, KnownPlace, PathStep } from "../tree/path.ts";
import { type Cursor, identityBelow } from "../xpath/cursor.ts";
import type { Constraint } from "./constraint.ts";
import type { LeafrefIndex } from "./leafref-index.ts";
import type { Unknown } from "./report.ts";
import type { NodeRules, SchemaRules } from "./rules.ts";
import type { UniqueIndex } from "./unique-index.ts";

/** Something that holds or not for the instances below a pivot. */
type Judged = Constraint | LeafrefIndex | UniqueIndex;

/**
 * What cannot be judged because part of the candidate could not be read. A violation is told only
 * if it is one whatever the unread nodes hold: nothing is said of these nodes themselves, nor of
 * what reads them, as the dependencies of the constraints tell.
 */
export class Doubts implements Unknown {
  /** Identities of nodes; that of a list as a whole has a key of its own. */
  readonly #unread = new Set<string>();
  /** Identities of the pivot instances below which it cannot be judged. */
  readonly #pivots = new Map<Judged, Set<string>>();

  constructor(
    { root, constraints, afterAnyChange }: SchemaRules,
    unread: readonly KnownPlace[],
    newer: DataObject,
  ) {
    for (const place of unread) this.#add(root, place, newer);
    // Nobody knows what these read.
    const following = constraints.filter(({ followsIdentifiers }) => followsIdentifiers);
    for (const constraint of [...afterAnyChange, ...following]) this.#doubt(constraint, "");
  }

  covers(node: Cursor, child?: DataSchema): boolean {
    if (this.#unread.size === 0) return false;
    if (child && this.#unread.has(identityBelow(node.identity, child.prop, wholeKey(child)))) {
      return true;
    }
    for (let at = node; at.parent; at = at.parent) if (this.#isUnread(at, at.parent)) return true;
    return false;
  }

  #isUnread({ identity, schema }: Cursor, parent: Cursor): boolean {
    if (this.#unread.has(identity)) return true;
    if (schema.kind !== "list" && schema.kind !== "leaf-list") return false;
    return this.#unread.has(identityBelow(parent.identity, schema.prop, wholeKey(schema)));
  }

  touch(judged: Judged, node: Cursor): boolean {
    if (this.#pivots.size === 0) return false;
    const pivots = this.#pivots.get(judged);
    for (let at: Cursor | undefined = pivots && node; at; at = at.parent) {
      if (pivots?.has(at.identity)) return true;
    }
    return false;
  }

  #add(root: NodeRules, { path, isSomeEntry }: KnownPlace, newer: DataObject): void {
    const identities = [""];
    let rules: NodeRules | undefined = root;
    for (const [index, step] of path.entries()) {
      const parent = identities.at(-1) ?? "";
      for (const unique of rules?.uniques ?? []) {
        // The list's entries are compared below the list's parent.
        if (unique.reads(step.schema)) this.#doubt(unique, identities[index - 1] ?? "");
      }
      rules = rules?.children.find(({ schema }) => schema === step.schema);
      identities.push(identityBelow(parent, step.schema.prop, keyOf(step)));
    }
    if (!isSomeEntry) this.#unread.add(identities.at(-1) ?? "");
    if (rules === undefined || rules === root) return;
    const parts = isObjectAt(newer, path) ? rules.children.filter(isNoKey) : [rules];
    for (const part of parts) this.#readers(part, rules.depth, identities);
  }

  /** All that reads the node or anything below it from above. */
  #readers(rules: NodeRules, depth: number, identities: readonly string[]): void {
    for (const { constraint, pivotDepth } of [...rules.dependents, ...rules.outerDependents]) {
      if (pivotDepth < depth) this.#doubt(constraint, identities[pivotDepth] ?? "");
    }
    for (const index of rules.referred) {
      if (index.pivotDepth < depth) this.#doubt(index, identities[index.pivotDepth] ?? "");
    }
    for (const child of rules.children) this.#readers(child, depth, identities);
  }

  #doubt(judged: Judged, pivot: string): void {
    const pivots = this.#pivots.get(judged) ?? new Set<string>();
    this.#pivots.set(judged, pivots.add(pivot));
  }
}

/** Of a container or entry that is there nevertheless one knows that, and its keys. */
function isObjectAt(root: DataObject, path: InstancePath): boolean {
  const { schema, keys } = path.at(-1) ?? {};
  const isOne = schema?.kind === "container" || (schema?.kind === "list" && keys !== undefined);
  return isOne && nodeAt(root, path) !== undefined;
}

function isNoKey({ schema }: NodeRules): boolean {
  return schema.kind !== "leaf" || !schema.isKey;
}

/** As cursors have it. */
function keyOf({ schema, keys, value }: PathStep): string {
  if (schema.kind === "list" && keys) return sortKey(keys);
  if (schema.kind === "leaf-list" && value !== undefined) return schema.type.toText(value);
  return wholeKey(schema);
}

/** Stands for all entries or values; none has it, since YANG's strings cannot contain it. */
function wholeKey({ kind }: DataSchema): string {
  return kind === "list" || kind === "leaf-list" ? "\u0003" : "";
}
