import { GenerateError, type Statement } from "./statement.ts";

/**
 * Every statement of YANG 1.1 (RFC 7950 §7–9). docs/reference/yang-statements.md says what becomes
 * of each, and by which test that is seen; a test keeps the two lists the same.
 */
export const coveredStatements: ReadonlySet<string> = new Set(
  `action anydata anyxml argument augment base belongs-to bit case choice config contact container
  default description deviate deviation enum error-app-tag error-message extension feature
  fraction-digits grouping identity if-feature import include input key leaf leaf-list length list
  mandatory max-elements min-elements modifier module must namespace notification ordered-by
  organization output path pattern position prefix presence range reference refine
  require-instance revision revision-date rpc status submodule type typedef unique units uses
  value when yang-version yin-element`.split(/\s+/),
);

/** @throws GenerateError for a statement that the generator would pass over in silence */
export function requireCovered(statement: Statement, file: string): void {
  const { keyword, line, children } = statement;
  // What stands inside an extension instance is the extension's own language.
  if (keyword.includes(":")) return;
  if (!coveredStatements.has(keyword)) {
    throw new GenerateError(file, line, `statement "${keyword}" is not covered`);
  }
  for (const child of children) requireCovered(child, file);
}
