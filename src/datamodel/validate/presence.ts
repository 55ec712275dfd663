import type { IrWhen } from "../schema/ir.ts";
import type {
  CaseMembership,
  ChoiceSchema,
  DataSchema,
  LeafListSchema,
  ListSchema,
  ParentSchema,
} from "../schema/schema.ts";
import type { YangList } from "../tree/list.ts";
import type { DataObject } from "../tree/node.ts";
import { type Cursor, objectOf } from "../xpath/cursor.ts";
import { conditionReads, existenceReads } from "../xpath/dependencies.ts";
import type { XpathEngine } from "../xpath/engine.ts";
import { caseExists, conditionsHold, dummy, effectiveValue } from "../xpath/evaluation.ts";
import { type Constraint, unitedReads } from "./constraint.ts";
import type { Report } from "./report.ts";

type Check = (node: Cursor, report: Report) => void;

/**
 * What must and must not be among the children of one node: mandatory nodes, numbers of entries,
 * one case of a choice. Undefined where nothing can be wrong.
 */
export function presenceConstraint(
  engine: XpathEngine,
  context: ParentSchema,
): Constraint | undefined {
  const children = context.children.filter(({ config }) => config);
  const required = children.filter(isRequired);
  const checks = [
    ...required.map((child) => mandatoryCheck(engine, child)),
    ...children.filter(isCounted).flatMap((child) => countChecks(engine, child)),
    ...context.choices
      .filter(({ ir }) => ir.config)
      .flatMap((choice) => choiceChecks(engine, choice)),
  ];
  if (checks.length === 0) return undefined;
  const conditional = children.filter(
    (child) => isRequired(child) || isCounted(child) || child.inCase?.choice.mandatory,
  );
  return {
    context,
    reads: unitedReads([
      existenceReads(engine, context),
      ...conditional.map((child) => conditionReads(engine, child)),
    ]),
    judge(node, report) {
      for (const check of checks) check(node, report);
    },
  };
}

function isRequired(child: DataSchema): boolean {
  if (child.kind === "leaf") return child.isKey || child.ir.mandatory;
  return child.kind === "anydata" && child.ir.mandatory;
}

function isCounted(child: DataSchema): child is ListSchema | LeafListSchema {
  return (
    (child.kind === "list" || child.kind === "leaf-list") &&
    (child.ir.minElements !== undefined || child.ir.maxElements !== undefined)
  );
}

function mandatoryCheck(engine: XpathEngine, child: DataSchema): Check {
  const isKey = child.kind === "leaf" && child.isKey;
  return (node, report) => {
    if (objectOf(node)[child.prop] !== undefined || !isWanted(engine, node, child)) return;
    const message = `${isKey ? "key" : "mandatory node"} "${child.name}" is missing`;
    report.add(node, { tag: isKey ? "missing-element" : "operation-failed", message }, child);
  };
}

/** A node in a case is wanted once any of the case is there (RFC 7950 §7.6.5, §7.7.5). */
function isWanted(engine: XpathEngine, node: Cursor, child: DataSchema): boolean {
  if (!caseChosen(objectOf(node), child.inCase)) return false;
  return (
    (child.when.length === 0 && child.inCase === undefined) ||
    conditionsHold(dummy(node, child), child, engine.evaluation(node, child.path))
  );
}

function caseChosen(object: DataObject, inCase: CaseMembership | undefined): boolean {
  return inCase === undefined || caseExists(object, inCase.choice.cases.get(inCase.caseName) ?? []);
}

function countChecks(engine: XpathEngine, child: ListSchema | LeafListSchema): Check[] {
  const { minElements: min = 0, maxElements: max } = child.ir;
  const sizeOf = (node: Cursor): number => {
    const value = effectiveValue(node, child, engine.evaluation(node, child.path));
    if (value === undefined) return 0;
    return child.kind === "list"
      ? (value as YangList<DataObject>).size
      : (value as readonly unknown[]).length;
  };
  return [
    (node, report) => {
      const size = sizeOf(node);
      if (max !== undefined && size > max) {
        const message = `${size} elements are more than the ${max} allowed`;
        report.add(node, { tag: "operation-failed", appTag: "too-many-elements", message }, child);
      } else if (size < min && isWanted(engine, node, child)) {
        const message = `${size} elements are fewer than the ${min} needed`;
        report.add(node, { tag: "operation-failed", appTag: "too-few-elements", message }, child);
      }
    },
  ];
}

function choiceChecks(engine: XpathEngine, choice: ChoiceSchema): Check[] {
  const chosenIn = (object: DataObject): string[] =>
    [...choice.cases].filter(([, nodes]) => caseExists(object, nodes)).map(([name]) => name);
  const whens = choiceConditions(choice);
  const members = [...choice.cases.values()].flat();
  return [
    (node, report) => {
      // A node that could not be read would choose a case.
      if (members.some((member) => report.doubts?.covers(node, member))) return;
      const chosen = chosenIn(objectOf(node));
      if (chosen.length > 1) {
        const message = `cases ${chosen.join(", ")} of choice "${choice.name}" exclude one another`;
        report.add(node, { tag: "operation-failed", message });
      }
      if (chosen.length > 0 || !choice.mandatory) return;
      if (!caseChosen(objectOf(node), choice.inCase)) return;
      const evaluation = engine.evaluation(node, choice.name);
      if (!whens.every((when) => engine.whenHolds(when, node, evaluation))) return;
      const message = `no case of mandatory choice "${choice.name}" is there`;
      report.add(node, { tag: "data-missing", appTag: "missing-choice", message });
    },
  ];
}

/** All judged from the parent node: neither choices nor cases are data nodes. */
function choiceConditions({ ir, inCase }: ChoiceSchema): IrWhen[] {
  const whens = [...(ir.when ?? [])];
  for (let at = inCase; at; at = at.outer) whens.push(...at.when);
  return whens;
}
