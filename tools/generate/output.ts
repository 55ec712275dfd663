import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { IrModule } from "../../src/datamodel/schema/ir.ts";
import { generateProto, protoPath } from "../../src/server/grpc/descriptors.ts";
import { GenerationError } from "../../src/server/grpc/generation-error.ts";
import type { Lock } from "../../src/server/grpc/lock.ts";
import { parseLock } from "../../src/server/grpc/lock-text.ts";

/** Where the .proto files of a set of modules and their locks go. */
export interface ProtoOutput {
  /** Import root: the files get `yangplane/<module>/v1/<module>.proto` below it. */
  readonly root: string;
  /** One lock for all modules instead of one beside each .proto. */
  readonly lockFile: string | undefined;
}

/** Texts by the file they are to stand in. */
export type Files = ReadonlyMap<string, string>;

/** A file could not be written; none of the others is then, either. */
class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Writes a file if its text changed, so that make sees no change where there is none. */
export function writeText(file: string, text: string): void {
  writeFiles(new Map([[file, text]]));
}

/**
 * Writes all files whose text changed, or none of them: each is written beside its place before
 * the first is moved there. @throws OutputError
 */
export function writeFiles(files: Files): void {
  const made: string[] = [];
  const changed = [...files].filter(
    ([file, text]) => about(file, () => currentText(file)) !== text,
  );
  try {
    for (const [file, text] of changed) {
      about(file, () => {
        makeFolder(dirname(file), made);
        writeFileSync(beside(file), text);
      });
    }
    for (const [file] of changed) about(file, () => renameSync(beside(file), file));
  } catch (error) {
    for (const [file] of changed) rmSync(beside(file), { force: true });
    for (const folder of made.reverse()) removeIfEmpty(folder);
    throw error;
  }
}

function beside(file: string): string {
  return `${file}.new`;
}

/** Undefined where there is no file yet. */
function currentText(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isFile()) throw new OutputError(`writing ${file}: it is there and is no file`);
  return readFileSync(file, "utf8");
}

/** Not `recursive`: in a place like /proc that never ends (seen with Node 20). */
function makeFolder(folder: string, made: string[]): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  makeFolder(dirname(folder), made);
  mkdirSync(folder);
  made.push(folder);
}

/** Files may be in it that were moved to their places before another could not be. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** @throws OutputError naming the file for what the system refuses */
function about<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new OutputError(`writing ${file}: ${cause.message}`, { cause });
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

/**
 * The .proto of every module and the locks with the promises of it, by their files.
 * @throws GenerationError
 */
export function protoFiles(modules: readonly IrModule[], output: ProtoOutput): Files {
  const files = new Map<string, string>();
  let shared = output.lockFile === undefined ? undefined : readLock(output.lockFile);
  for (const { name } of modules) {
    const file = `${output.root}/${protoPath(name)}`;
    const lockFile = output.lockFile ?? file.replace(/\.proto$/, ".lock.json");
    if (files.has(file)) {
      throw new GenerationError(`${name} and another module both become ${protoPath(name)}`);
    }
    const { proto, lock } = generateProto(modules, name, shared ?? readLock(lockFile));
    files.set(file, proto);
    files.set(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
    if (output.lockFile !== undefined) shared = lock;
  }
  return files;
}

function readLock(file: string): Lock | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return parseLock(readFileSync(file, "utf8"));
  } catch (cause) {
    if (!(cause instanceof GenerationError || isSystemError(cause))) throw cause;
    throw new GenerationError(`lock ${file}: ${cause.message}`, { cause });
  }
}
