import type { IrType, IrWhen, IrXpath } from "../schema/ir.ts";
import type { Schema } from "../schema/schema.ts";
import type { Expression } from "./ast.ts";
import { compileExpression } from "./compile.ts";
import { asBoolean, asNumber, asString, type Compiled, type Evaluate } from "./compiled.ts";
import type { Cursor } from "./cursor.ts";
import { type Environment, Evaluation } from "./evaluation.ts";
import { instanceOf } from "./instance-identifier.ts";
import { parseXpath } from "./parser.ts";
import { cursorText } from "./values.ts";

/** A compiled expression, to be evaluated with a data node for context. */
export interface Program {
  readonly ast: Expression;
  readonly type: Compiled["type"];
  /** Each @throws XpathError where the evaluation goes over its limits. */
  boolean(context: Cursor, outer?: Evaluation): boolean;
  number(context: Cursor, outer?: Evaluation): number;
  string(context: Cursor, outer?: Evaluation): string;
  /** The nodes in document order; empty where the expression is none of nodes. */
  nodes(context: Cursor, outer?: Evaluation): readonly Cursor[];
}

/** Compiles and evaluates the expressions of one schema; programs are kept. */
export class XpathEngine implements Environment {
  readonly schema: Schema;
  readonly #programs = new Map<string, Program>();

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** @throws XpathError where the expression is not valid */
  program(xpath: IrXpath): Program {
    const id = `${xpath.module} ${xpath.expression}`;
    const known = this.#programs.get(id) ?? this.#compile(xpath);
    this.#programs.set(id, known);
    return known;
  }

  whenHolds(when: IrWhen, context: Cursor, evaluation: Evaluation): boolean {
    return this.program(when).boolean(context, evaluation);
  }

  /** What a leafref or instance-identifier refers to (RFC 7950 §10.3.1). */
  deref(node: Cursor, evaluation: Evaluation): Cursor[] {
    const { schema } = node;
    if (schema.kind !== "leaf" && schema.kind !== "leaf-list") return [];
    return this.referred(node, schema.type.ir, evaluation);
  }

  /** The instances a value of this type refers to. */
  referred(node: Cursor, type: IrType, outer?: Evaluation): Cursor[] {
    if (type.base === "union") {
      for (const member of type.types) {
        const found = this.referred(node, member, outer);
        if (found.length > 0) return found;
      }
      return [];
    }
    const evaluation = this.evaluation(node, "deref", outer);
    if (type.base === "instance-identifier") {
      const found = instanceOf(node.root, String(node.value), evaluation);
      return found ? [found] : [];
    }
    if (type.base !== "leafref") return [];
    const text = cursorText(node, evaluation);
    return this.program(type.path)
      .nodes(node, evaluation)
      .filter((target) => cursorText(target, evaluation) === text);
  }

  evaluation(context: Cursor, expression: string, outer?: Evaluation): Evaluation {
    return new Evaluation(this, context, { expression, ...(outer ? { outer } : {}) });
  }

  #compile(xpath: IrXpath): Program {
    const ast = parseXpath(xpath);
    const compiled = compileExpression(ast, xpath);
    const evaluate = <T>(run: Evaluate<T>) => {
      return (node: Cursor, outer?: Evaluation): T =>
        run({
          node,
          position: 1,
          size: 1,
          evaluation: this.evaluation(node, xpath.expression, outer),
        });
    };
    return {
      ast,
      type: compiled.type,
      boolean: evaluate(asBoolean(compiled)),
      number: evaluate(asNumber(compiled)),
      string: evaluate(asString(compiled)),
      nodes: compiled.type === "nodes" ? evaluate(compiled.run) : () => [],
    };
  }
}
