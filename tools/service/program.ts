import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { contractSymbol } from "../../src/services/manifest.ts";
import { writeText } from "../generate/output.ts";
import { BuildError } from "./build-error.ts";
import type { ServiceSource } from "./source.ts";

/** What a service may import of the package: `yangplane/<name>` is this file of dist/src. */
const lent = { service: "services/author", codec: "lib/codec" } as const;

/**
 * Checks the types of service.ts and what it imports, and writes it as JavaScript. The folder is
 * named after its content: a daemon that has loaded one build would be given the same modules again
 * for the same path. Returns the path of the service module below the build folder.
 */
export async function buildProgram(source: ServiceSource, packageRoot: string): Promise<string> {
  const dist = join(packageRoot, "dist/src");
  if (!existsSync(dist)) throw new BuildError(`${dist} is not there: run \`make build\``);
  const files = new Map([...compile(source, dist), ...(await contractFiles(dist))]);
  const digest = createHash("sha256");
  for (const [file, text] of files) digest.update(`${file}\n${text}\n`);
  const name = `program-${digest.digest("hex").slice(0, 12)}`;
  removeOthers(source.build, name);
  for (const [file, text] of files) writeText(join(source.build, name, file), text);
  return `${name}/service.js`;
}

/** The emitted files by their path below the service's folder. @throws BuildError */
function compile({ folder }: ServiceSource, dist: string): Map<string, string> {
  const out = join(folder, "build/program");
  const program = ts.createProgram([join(folder, "service.ts")], {
    ...options,
    rootDir: folder,
    outDir: out,
    paths: Object.fromEntries(
      Object.entries(lent).map(([name, file]) => [`yangplane/${name}`, [`${dist}/${file}.d.ts`]]),
    ),
  });
  const files = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (file, text) => {
    files.set(relative(out, file), text);
  });
  const all = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  const faults = ts.sortAndDeduplicateDiagnostics(all);
  if (faults.length > 0) throw new BuildError(faults.map(faultText).join("\n"));
  return files;
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  // Not nodenext: what a folder is would depend on a package.json above it.
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: true,
  noEmitOnError: true,
};

function faultText({ file, start = 0, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, "\n  ");
  if (file === undefined) return message;
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  return `${file.fileName}:${line + 1}:${character + 1}: ${message}`;
}

/**
 * A package may import itself by name, and so may the built files of one that is called yangplane:
 * what they find there is what the daemon lends.
 */
async function contractFiles(dist: string): Promise<[file: string, text: string][]> {
  const names = Object.keys(lent) as (keyof typeof lent)[];
  const exports = Object.fromEntries(names.map((name) => [`./${name}`, `./contract/${name}.js`]));
  const described = { name: "yangplane", private: true, type: "module", exports };
  const modules = names.map(async (name): Promise<[string, string]> => {
    const module: object = await import(pathToFileURL(join(dist, `${lent[name]}.js`)).href);
    return [`contract/${name}.js`, lentText(name, Object.keys(module))];
  });
  return [
    ["package.json", `${JSON.stringify(described, null, 2)}\n`],
    ...(await Promise.all(modules)),
  ];
}

function lentText(name: string, exported: readonly string[]): string {
  return [
    "// The daemon's own: classes are only known to whoever has the same.",
    `const contract = globalThis[Symbol.for(${JSON.stringify(contractSymbol)})];`,
    'if (contract === undefined) throw new Error("a built service is for yangplaned to load");',
    "export const {",
    ...exported.map((each) => `  ${each},`),
    `} = contract.${name};`,
    "",
  ].join("\n");
}

function removeOthers(build: string, kept: string): void {
  for (const name of readdirSync(build)) {
    const isOther = name.startsWith("program-") && name !== kept;
    if (isOther) rmSync(join(build, name), { recursive: true });
  }
}
