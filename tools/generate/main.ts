import { mkdirSync, writeFileSync } from "node:fs";
import { compileModules } from "./compile.ts";
import { printTypescript } from "./typescript.ts";

const [dirs = "", out = "", ...names] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
for (const module of compileModules(
  names.map((name) => ({ name })),
  dirs.split(","),
)) {
  writeFileSync(
    `${out}/${module.name}.ts`,
    printTypescript(module, { datamodel: "../../datamodel" }),
  );
}
