import type { CaseMembership, ChoiceSchema, DataSchema } from "../schema/schema.ts";

/** A node that stands in another case of a choice than a sibling before it. */
interface CaseClash {
  readonly node: DataSchema;
  readonly beside: DataSchema;
}

interface ChosenCase {
  readonly caseName: string;
  readonly node: DataSchema;
}

/** Of siblings that are all present, those that cannot be: one case a choice (RFC 7950 §8.3.1). */
export function caseClashes(present: readonly DataSchema[]): CaseClash[] {
  const chosen = new Map<ChoiceSchema, ChosenCase>();
  return present.flatMap((node) => {
    const beside = otherCase(node, chosen);
    return beside === undefined ? [] : [{ node, beside }];
  });
}

/**
 * Notes the cases a node stands in; the first node of another case of the outermost such choice.
 */
function otherCase(
  node: DataSchema,
  chosen: Map<ChoiceSchema, ChosenCase>,
): DataSchema | undefined {
  let clash: DataSchema | undefined;
  for (let at: CaseMembership | undefined = node.inCase; at; at = at.outer) {
    const first = chosen.get(at.choice);
    if (first === undefined) chosen.set(at.choice, { caseName: at.caseName, node });
    else if (first.caseName !== at.caseName) clash = first.node;
  }
  return clash;
}
