import { assert } from "../../lib/assert.ts";
import { atOnce, type Slices } from "../../lib/slices.ts";
import type { Violation } from "../error.ts";
import type { Schema } from "../schema/schema.ts";
import type { DataObject } from "../tree/node.ts";
import type { KnownPlace } from "../tree/path.ts";
import { Cursor } from "../xpath/cursor.ts";
import { XpathEngine } from "../xpath/engine.ts";
import { Comparison } from "./comparison.ts";
import { UndoLog } from "./counts.ts";
import { Doubts } from "./doubts.ts";
import { Judgement } from "./judgement.ts";
import { type Making, Pruner } from "./pruner.ts";
import { Report } from "./report.ts";
import { compileConditions, compileRules, type SchemaRules } from "./rules.ts";

/** What is wrong with a candidate. One of `accept` and `discard` ends it. */
export interface Validation {
  /** At most 10,000, and of the references to one vanished node ten; `total` counts all. */
  readonly violations: readonly Violation[];
  readonly total: number;
  /** The candidate is the running configuration now. */
  accept(): void;
  /** The candidate is dropped. */
  discard(): void;
}

export interface Validator {
  /**
   * A candidate without the nodes whose `when` turned false by edits that do not write them
   * (RFC 7950 §8.2); the candidate itself where there are none.
   */
  pruning(older: DataObject, newer: DataObject, making: Making): Slices<DataObject>;
  /**
   * Judges a candidate by what differs from `older`, which has to be valid, and by what refers to
   * it: the cost is that of the difference, not of the tree. An older tree other than the one
   * accepted last is caught up with first. Validating again discards what is still open.
   * @throws assertion if `accept` comes after another validation began
   */
  validate(older: DataObject, newer: DataObject): Validation;
  /**
   * The same, in slices: nothing else may be validated until it is done. What depends on nodes
   * that are `unread`, whose content in `newer` is not what it should have been, is not judged.
   */
  validation(
    older: DataObject,
    newer: DataObject,
    unread?: readonly KnownPlace[],
  ): Slices<Validation>;
  /** Judges a whole tree, as if nothing were there before. */
  validateAll(root: DataObject): Validation;
  /**
   * Modules have been added to the schema or taken away: what they constrain is compiled anew, and
   * the indexes are filled again with the next validation. @throws XpathError, as it was before
   */
  schemaChanged(): void;
}

/**
 * A validator for configuration: every constraint of RFC 7950 §8.1 but those on the form of single
 * values, which the codec judges. It keeps indexes (references, unique values) of one tree.
 * @throws XpathError for a must, when or leafref that is not valid XPath
 */
export function createValidator(schema: Schema): Validator {
  return new IncrementalValidator(schema);
}

class IncrementalValidator implements Validator {
  readonly #schema: Schema;
  #engine: XpathEngine;
  #rules: SchemaRules;
  #pruner: Pruner;
  /** The tree that the indexes describe. */
  #indexed: DataObject | undefined;
  #open: { readonly log: UndoLog } | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#engine = new XpathEngine(schema);
    this.#rules = compileRules(this.#engine);
    this.#pruner = new Pruner(this.#engine, compileConditions(this.#engine));
  }

  schemaChanged(): void {
    const engine = new XpathEngine(this.#schema);
    const rules = compileRules(engine);
    this.#pruner = new Pruner(engine, compileConditions(engine));
    this.#discard();
    [this.#engine, this.#rules] = [engine, rules];
    this.#indexed = undefined;
  }

  pruning(older: DataObject, newer: DataObject, making: Making): Slices<DataObject> {
    return this.#pruner.pruning(older, newer, making);
  }

  validateAll(root: DataObject): Validation {
    return atOnce(this.#validation(undefined, root, []));
  }

  validate(older: DataObject, newer: DataObject): Validation {
    return atOnce(this.#validation(older, newer, []));
  }

  validation(
    older: DataObject,
    newer: DataObject,
    unread: readonly KnownPlace[] = [],
  ): Slices<Validation> {
    return this.#validation(older, newer, unread);
  }

  *#validation(
    older: DataObject | undefined,
    newer: DataObject,
    unread: readonly KnownPlace[],
  ): Slices<Validation> {
    this.#discard();
    yield* this.#catchUp(older);
    const log = new UndoLog();
    const report = new Report(
      unread.length > 0 ? new Doubts(this.#rules, unread, newer) : undefined,
    );
    const judgement = yield* this.#compare(older, newer, log);
    yield* judgement.judge(new Cursor(undefined, this.#rules.root.schema, newer), report);
    const open = { log };
    this.#open = open;
    return {
      violations: report.violations,
      total: report.total,
      accept: () => {
        assert(this.#open === open, "a validation is accepted before the next begins");
        this.#open = undefined;
        this.#indexed = newer;
      },
      discard: () => {
        if (this.#open === open) this.#discard();
      },
    };
  }

  #discard(): void {
    this.#open?.log.undo();
    this.#open = undefined;
  }

  *#catchUp(older: DataObject | undefined): Slices<void> {
    if (older === this.#indexed) return;
    yield* this.#compare(this.#indexed, older, new UndoLog());
    this.#indexed = older;
  }

  *#compare(
    older: DataObject | undefined,
    newer: DataObject | undefined,
    log: UndoLog,
  ): Slices<Judgement> {
    const judgement = new Judgement(this.#engine, this.#rules, log);
    yield* new Comparison(this.#engine, judgement).run(this.#rules.root, older, newer);
    return judgement;
  }
}
