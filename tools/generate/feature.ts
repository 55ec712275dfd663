import type { SourceLibrary } from "./source.ts";
import { childrenOf, type Statement } from "./statement.ts";

/** True if every if-feature of a statement holds (RFC 7950 §7.20.2). */
export function areFeaturesOn(
  statement: Statement,
  library: SourceLibrary,
  isOn: (module: string, feature: string) => boolean,
): boolean {
  return childrenOf(statement, "if-feature").every((condition) =>
    evaluate(condition.argument ?? "", (reference) => {
      const { module, name } = library.resolveName(reference, condition);
      return isOn(module, name);
    }),
  );
}

/** `not` binds closest, then `and`, then `or`. Text is well-formed: libyang has compiled it. */
function evaluate(expression: string, isOn: (feature: string) => boolean): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const operand = (): boolean => {
    const token = tokens[at++] ?? "";
    if (token === "not") return !operand();
    if (token !== "(") return isOn(token);
    const inner = disjunction();
    at += 1;
    return inner;
  };
  const chain = (word: string, part: () => boolean, both: (a: boolean, b: boolean) => boolean) => {
    let value = part();
    while (tokens[at] === word) {
      at += 1;
      // Evaluated in any case: it also moves on.
      const next = part();
      value = both(value, next);
    }
    return value;
  };
  const conjunction = () => chain("and", operand, (a, b) => a && b);
  const disjunction = (): boolean => chain("or", conjunction, (a, b) => a || b);
  return disjunction();
}
