import type { LeafListSchema, LeafSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import { printPath } from "../tree/path.ts";
import type { Cursor, NodeSchema } from "../xpath/cursor.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { identitiesOn } from "../xpath/instance.ts";
import { instanceOf, namedPath } from "../xpath/instance-identifier.ts";
import type { Constraint } from "./constraint.ts";
import { Counts, type UndoLog } from "./counts.ts";
import type { Place } from "./place.ts";
import { instancePath } from "./report.ts";

/**
 * Finds what names a node that is gone. An instance-identifier may lead anywhere, so nothing but
 * its value tells where: a leaf is kept by every node on the way that its value goes.
 */
export class IdentifierIndex {
  readonly #engine: XpathEngine;
  /** Judge the leaves that may hold identifiers. */
  readonly #constraints: ReadonlyMap<NodeSchema, Constraint>;
  /** Paths of referrers by the identity of a node that they name or pass. */
  readonly #referrers = new Counts();

  constructor(engine: XpathEngine, constraints: readonly Constraint[]) {
    this.#engine = engine;
    this.#constraints = new Map(constraints.map((one) => [one.context, one]));
  }

  /** A leaf begins (`by` 1) or ceases (-1) to have a value. */
  valueChanged(leaf: Cursor, by: 1 | -1, log: UndoLog): void {
    if (!this.#constraints.has(leaf.schema)) return;
    const { type } = leaf.schema as LeafSchema | LeafListSchema;
    const named = namedPath(this.#engine.schema, type.toText(leaf.value as LeafValue));
    if (named === undefined) return;
    const value = printPath(instancePath(leaf));
    for (const group of identitiesOn(named)) log.change(this.#referrers, { group, value, by });
  }

  /** What judges the leaves of the tree at `root` that name the node, or one below it. */
  *referring(gone: Place, root: Cursor): IterableIterator<[Constraint, Cursor]> {
    for (const path of this.#referrers.values(gone.identity)) {
      const text = String(path);
      const leaf = instanceOf(root, text, this.#engine.evaluation(root, text));
      const constraint = leaf && this.#constraints.get(leaf.schema);
      if (constraint) yield [constraint, leaf];
    }
  }
}
