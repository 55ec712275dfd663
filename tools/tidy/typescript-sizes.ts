import ts from "typescript";
import { type Finding, judge, type Limit, type Source } from "./finding.ts";

const functionLines: Limit = { rule: "function-lines", warn: 50, fail: 70 };
const parameters: Limit = { rule: "parameters", warn: 3, fail: 4 };
const nesting: Limit = { rule: "nesting", warn: 2, fail: 3 };

/** Lines, parameters and nesting of every function; a test's callbacks are left to its file. */
export function checkFunctions(source: Source): Finding[] {
  const tree = ts.createSourceFile(source.file, source.text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      findings.push(...checkFunction(tree, node));
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return findings;
}

function checkFunction(tree: ts.SourceFile, node: ts.SignatureDeclaration): Finding[] {
  const from = lineOf(tree, node.getStart(tree));
  const place = { file: tree.fileName, line: from, subject: nameOf(node, tree) };
  const isTest = tree.fileName.startsWith("test/");
  const lines = lineOf(tree, node.getEnd()) - from + 1;
  return [
    ...(isTest ? [] : judge(functionLines, { ...place, size: lines })),
    ...judge(parameters, { ...place, size: node.parameters.length }),
    ...judge(nesting, { ...place, size: depthWithin(node) }),
  ];
}

function lineOf(tree: ts.SourceFile, position: number): number {
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

function nameOf(node: ts.SignatureDeclaration, tree: ts.SourceFile): string {
  if (node.name !== undefined) return node.name.getText(tree);
  const holder = node.parent;
  if (ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder)) {
    return holder.name.getText(tree);
  }
  return ts.isConstructorDeclaration(node) ? "constructor" : "(anonymous)";
}

/** The deepest chain of control statements, without those of functions inside. */
function depthWithin(node: ts.Node): number {
  let deepest = 0;
  ts.forEachChild(node, (child) => {
    if (ts.isFunctionLike(child)) return;
    const own = isControl(child) && !isElseIf(child) ? 1 : 0;
    deepest = Math.max(deepest, own + depthWithin(child));
  });
  return deepest;
}

function isControl(node: ts.Node): boolean {
  return (
    ts.isIfStatement(node) ||
    ts.isIterationStatement(node, false) ||
    ts.isSwitchStatement(node) ||
    ts.isTryStatement(node)
  );
}

function isElseIf(node: ts.Node): boolean {
  return (
    ts.isIfStatement(node) && ts.isIfStatement(node.parent) && node.parent.elseStatement === node
  );
}
