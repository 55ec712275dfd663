import type { Slices } from "../../lib/slices.ts";
import type { Edit } from "../datastore/datastore.ts";
import { applyingEdits } from "../tree/edit.ts";
import type { DataObject } from "../tree/node.ts";
import type { KnownPlace } from "../tree/path.ts";
import { Cursor, type NodeSchema } from "../xpath/cursor.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { Comparison } from "./comparison.ts";
import { type Constraint, whenViolation } from "./constraint.ts";
import { UndoLog } from "./counts.ts";
import { Doubts } from "./doubts.ts";
import { Judgement } from "./judgement.ts";
import { type Fault, instancePath, Report } from "./report.ts";
import type { SchemaRules } from "./rules.ts";
import { Written } from "./written.ts";

/** What made a candidate of a version. */
export interface Making {
  readonly edits: readonly Edit[];
  /** Nodes whose content in the candidate is not what it should have been. */
  readonly unread?: readonly KnownPlace[];
}

/**
 * Deletes from candidates what their own changes made impossible: "If a request modifies a
 * configuration data node such that any node's 'when' expression becomes false, then the node in
 * the data tree with the 'when' expression is deleted by the server" (RFC 7950 §8.2). A node that
 * the request itself writes stays, for the validator to refuse (§8.3.2).
 */
export class Pruner {
  readonly #engine: XpathEngine;
  readonly #rules: SchemaRules;
  readonly #conditions: ReadonlyMap<NodeSchema, Constraint>;
  readonly #deciding = new Map<NodeSchema, ReadonlySet<NodeSchema>>();

  /** `rules`: those of the conditions alone. */
  constructor(engine: XpathEngine, rules: SchemaRules) {
    this.#engine = engine;
    this.#rules = rules;
    this.#conditions = new Map(rules.constraints.map((one) => [one.context, one]));
  }

  /** The candidate, or one made of it in which nothing has to be deleted any more. */
  *pruning(older: DataObject, newer: DataObject, making: Making): Slices<DataObject> {
    const written = new Written(making.edits);
    let [before, after] = [older, newer];
    for (;;) {
      const impossible = yield* this.#impossible(before, after, making.unread ?? []);
      const unwanted = this.#decided(impossible.filter((node) => !written.has(node)));
      if (unwanted.length === 0) return after;
      const removals = highest(unwanted).map((node): Edit => {
        return { path: instancePath(node), operation: "remove" };
      });
      before = after;
      after = (yield* applyingEdits(after, removals)).root;
    }
  }

  /** Nodes of the newer tree whose condition the difference may have made false, and it is. */
  *#impossible(
    older: DataObject,
    newer: DataObject,
    unread: readonly KnownPlace[],
  ): Slices<readonly Cursor[]> {
    const { root } = this.#rules;
    const judgement = new Judgement(this.#engine, this.#rules, new UndoLog());
    yield* new Comparison(this.#engine, judgement).run(root, older, newer);
    const doubts = unread.length > 0 ? new Doubts(this.#rules, unread, newer) : undefined;
    const found = new FalseConditions(doubts);
    yield* judgement.judge(new Cursor(undefined, root.schema, newer), found);
    return found.nodes;
  }

  /** Those that the deletion of none of the others can make possible again. */
  #decided(nodes: readonly Cursor[]): readonly Cursor[] {
    const schemas = [...new Set(nodes.map(({ schema }) => schema))];
    const free = schemas.filter((schema) => {
      const deciding = this.#decidingFor(schema);
      return !schemas.some((other) => other !== schema && deciding.has(other));
    });
    // Conditions that depend on one another in a circle decide together.
    return free.length === 0 ? nodes : nodes.filter(({ schema }) => free.includes(schema));
  }

  /** Nodes whose being there decides whether a condition holds, by whatever other conditions. */
  #decidingFor(schema: NodeSchema): ReadonlySet<NodeSchema> {
    const known = this.#deciding.get(schema);
    if (known) return known;
    const deciding = new Set<NodeSchema>();
    this.#addDeciding(schema, deciding);
    this.#deciding.set(schema, deciding);
    return deciding;
  }

  #addDeciding(schema: NodeSchema, deciding: Set<NodeSchema>): void {
    for (const read of this.#conditions.get(schema)?.reads.pivots.keys() ?? []) {
      if (!this.#conditions.has(read) || deciding.has(read)) continue;
      deciding.add(read);
      this.#addDeciding(read, deciding);
    }
  }
}

/** Takes the nodes whose conditions are false in place of telling of them. */
class FalseConditions extends Report {
  readonly nodes: Cursor[] = [];

  override add(node: Cursor, { appTag }: Fault): void {
    // What could not be evaluated is the validator's to tell.
    if (appTag === whenViolation && !this.doubts?.covers(node)) this.nodes.push(node);
  }
}

/** Without what goes with a node above it. */
function highest(nodes: readonly Cursor[]): Cursor[] {
  const identities = new Set(nodes.map(({ identity }) => identity));
  return nodes.filter((node) => {
    for (let at = node.parent; at; at = at.parent) if (identities.has(at.identity)) return false;
    return true;
  });
}
