import { fileURLToPath } from "node:url";
import { linkSchema, type Schema } from "../../../src/datamodel/schema/schema.ts";
import { compileModules } from "../../../tools/generate/compile.ts";
import { YangContext } from "../../../tools/libyang/libyang.ts";

const searchDirs = [fileURLToPath(new URL("../../fixtures/yang", import.meta.url))];

/** A test module as the validator sees it. */
export function fixtureSchema(name: string): Schema {
  return linkSchema(compileModules([{ name }], searchDirs));
}

/** The same module in libyang. */
export function fixtureContext(name: string): YangContext {
  const context = new YangContext({ searchDirs });
  context.load(name, ["*"]);
  return context;
}
