import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IrModule } from "../../src/datamodel/schema/ir.ts";
import { modelFault } from "../../src/services/model-fault.ts";
import { compileModules } from "../generate/compile.ts";
import { protoFiles, writeFiles } from "../generate/output.ts";
import { parseStatement, type Statement } from "../generate/statement.ts";
import { type Contract, printTypescript } from "../generate/typescript.ts";
import { YangError } from "../libyang/libyang.ts";
import { BuildError } from "./build-error.ts";
import type { ServiceSource } from "./source.ts";

const contract: Contract = {
  ir: "yangplane/service",
  model: "yangplane/service",
  list: "yangplane/service",
  node: "yangplane/service",
};

/**
 * Writes what follows from the model: build/model.ts and the gRPC interface, whose field numbers
 * are kept in a lock beside the model.
 */
export function buildModel(source: ServiceSource, packageRoot: string): void {
  const module = compileModel(source, packageRoot);
  const lockFile = join(source.folder, `${source.name}.lock.json`);
  const core = "yangplane/core/v1/core.proto";
  const protos = protoFiles([module], { root: source.build, lockFile });
  writeFiles(
    new Map([
      ...protos,
      [join(source.build, "model.ts"), printTypescript(module, contract)],
      [join(source.build, `${source.name}.lock.json`), protos.get(lockFile) ?? ""],
      [join(source.build, core), readFileSync(join(packageRoot, "proto", core), "utf8")],
    ]),
  );
}

function compileModel({ name, folder }: ServiceSource, packageRoot: string): IrModule {
  const file = join(folder, `${name}.yang`);
  const yang = join(packageRoot, "yang");
  const [module, ...others] = compiledOrExplained(file, () => {
    return compileModules([{ name }], [folder, yang, join(yang, "base")]);
  });
  if (module === undefined || others.length > 0) {
    throw new BuildError(`${file}: a service cannot augment the model of another`);
  }
  const fault = modelFault(module, name);
  if (fault !== undefined)
    throw new BuildError(`${file}:${lineOf(file, fault.path)}: ${fault.message}`);
  return module;
}

function compiledOrExplained<T>(file: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw error instanceof YangError ? new BuildError(located(file, error.message)) : error;
  }
}

/** libyang tells the line of what is no YANG, and the schema path of what is wrong YANG. */
function located(file: string, message: string): string {
  const [, line] = /\(Line number (\d+)\.\)/.exec(message) ?? [];
  const [, path] = /\((\/[^()]*)\)/.exec(message) ?? [];
  const text = message.startsWith(`${file}: `) ? message.slice(file.length + 2) : message;
  return `${file}:${line ?? lineOf(file, path ?? "")}: ${text}`;
}

/** The line of the statement that a schema path leads to, or as far as the file has the way. */
function lineOf(file: string, path: string): number {
  let statement: Statement | undefined = parseStatement(readFileSync(file, "utf8"), file);
  let { line } = statement;
  for (const step of path.split("/").slice(1)) {
    const name = step.replace(/^[^:]*:/, "");
    statement = statement.children.find(({ argument, keyword }) => {
      return argument === name && keyword !== "key";
    });
    if (statement === undefined) break;
    line = statement.line;
  }
  return line;
}
