import type { Cursor } from "./cursor.ts";
import type { Evaluation } from "./evaluation.ts";
import { cursorText, numberToText, textToNumber } from "./values.ts";

/** The context of an expression (XPath 1.0 §1). */
export interface Focus {
  readonly node: Cursor;
  readonly position: number;
  readonly size: number;
  readonly evaluation: Evaluation;
}

export type Evaluate<T> = (focus: Focus) => T;

/** An expression made a function. Without variables every XPath type is known beforehand. */
export type Compiled =
  | { readonly type: "nodes"; readonly run: Evaluate<readonly Cursor[]> }
  | { readonly type: "boolean"; readonly run: Evaluate<boolean> }
  | { readonly type: "number"; readonly run: Evaluate<number> }
  | {
      readonly type: "string";
      readonly run: Evaluate<string>;
      /** The value where the expression is a literal. */
      readonly literal?: string;
    };

export function asBoolean(compiled: Compiled): Evaluate<boolean> {
  const { type, run } = compiled;
  if (type === "boolean") return run;
  if (type === "nodes") return (focus) => run(focus).length > 0;
  if (type === "string") return (focus) => run(focus) !== "";
  return (focus) => {
    const value = run(focus);
    return value !== 0 && !Number.isNaN(value);
  };
}

export function asNumber(compiled: Compiled): Evaluate<number> {
  if (compiled.type === "number") return compiled.run;
  if (compiled.type === "boolean") {
    const { run } = compiled;
    return (focus) => (run(focus) ? 1 : 0);
  }
  const text = asString(compiled);
  return (focus) => textToNumber(text(focus));
}

export function asString(compiled: Compiled): Evaluate<string> {
  const { type, run } = compiled;
  if (type === "string") return run;
  if (type === "number") return (focus) => numberToText(run(focus));
  if (type === "boolean") return (focus) => (run(focus) ? "true" : "false");
  return (focus) => {
    const [first] = run(focus);
    return first === undefined ? "" : cursorText(first, focus.evaluation);
  };
}
