/**
 * Runs the generator over other people's modules, each by itself, and compiles what comes out with
 * tsc and protoc. `node --import tsx tools/generate/conformance.ts <work-dir> <module-dir>…`
 *
 * A module that libyang refuses is listed with its error and is no failure; one that only we
 * refuse, or whose output does not compile, is.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { YangContext, YangError } from "../libyang/libyang.ts";

interface Outcome {
  readonly module: string;
  readonly verdict: "ok" | "refused by libyang" | "FAILED";
  readonly detail: string;
}

const root = resolve(import.meta.dirname, "../..");

/** Modules, not submodules, of some folders, each once. */
function moduleNames(folders: readonly string[]): string[] {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith(".yang"))
      .map((file) => join(folder, file)),
  );
  const modules = files.filter((file) => /^\s*module\s/m.test(readFileSync(file, "utf8")));
  return [...new Set(modules.map((file) => basename(file).replace(/(@[^@]*)?\.yang$/, "")))].sort();
}

function libyangError(name: string, searchDirs: readonly string[]): string | undefined {
  using context = new YangContext({ searchDirs });
  try {
    context.load(name, ["*"]);
    return undefined;
  } catch (error) {
    if (error instanceof YangError) return error.message;
    throw error;
  }
}

function run(command: string, args: readonly string[], cwd: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  return status === 0 ? undefined : (stderr || stdout || "not started").trim();
}

function generate(name: string, searchDirs: readonly string[], out: string): Outcome {
  const refusal = libyangError(name, searchDirs);
  if (refusal !== undefined)
    return { module: name, verdict: "refused by libyang", detail: refusal };
  const paths = searchDirs.flatMap((folder) => ["-p", folder]);
  const main = join(root, "tools/generate/main.ts");
  const detail =
    run(process.execPath, ["--import", "tsx", main, ...paths, "--out", out, name], root) ??
    compileProtos(out);
  return { module: name, verdict: detail === undefined ? "ok" : "FAILED", detail: detail ?? "" };
}

function compileProtos(out: string): string | undefined {
  const protos = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".proto"),
  );
  return run("protoc", ["-I", ".", "--descriptor_set_out=/dev/null", ...protos], out);
}

/** All output in one strict run of tsc: a run for each module would take minutes. */
function compileTypescript(work: string): string | undefined {
  const options = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ noUnusedLocals: true, verbatimModuleSyntax: true, isolatedModules: true, noEmit: true },
    ...{ module: "nodenext", target: "es2023", types: [] },
  };
  writeFileSync(
    join(work, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["**/*.ts"] }),
  );
  writeFileSync(join(work, "package.json"), JSON.stringify({ type: "module" }));
  return run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "."], work);
}

function main(work: string, folders: readonly string[]): void {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const outcomes = moduleNames(folders).map((name) => generate(name, folders, join(work, name)));
  for (const { module, verdict, detail } of outcomes) {
    if (verdict !== "ok") console.log(`${module}: ${verdict}: ${detail}`);
  }
  const typescript = compileTypescript(work);
  if (typescript !== undefined) console.log(`tsc: FAILED: ${typescript}`);
  const count = (verdict: Outcome["verdict"]) =>
    outcomes.filter((outcome) => outcome.verdict === verdict).length;
  console.log(
    `${count("ok")} ok, ${count("refused by libyang")} refused by libyang, ${count("FAILED")} failed`,
  );
  process.exitCode = count("FAILED") === 0 && typescript === undefined ? 0 : 1;
}

const [work, ...folders] = process.argv.slice(2);
if (work === undefined || folders.length === 0) {
  console.error("usage: conformance.ts <work-dir> <module-dir>…");
  process.exitCode = 2;
} else {
  main(
    resolve(work),
    folders.map((folder) => resolve(folder)),
  );
}
