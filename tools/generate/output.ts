import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { IrModule } from "../../src/datamodel/schema/ir.ts";
import { generateProto, protoPath } from "../../src/server/grpc/descriptors.ts";
import type { Lock } from "../../src/server/grpc/lock.ts";

/** Where the .proto files of a set of modules and their locks go. */
export interface ProtoOutput {
  /** Import root: the files get `yangplane/<module>/v1/<module>.proto` below it. */
  readonly root: string;
  /** One lock for all modules instead of one beside each .proto. */
  readonly lockFile: string | undefined;
}

/** Writes a file if its text changed, so that make sees no change where there is none. */
export function writeText(file: string, text: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Writes the .proto of every module, keeping the promises of its lock. @throws GenerationError */
export function writeProtos(modules: readonly IrModule[], output: ProtoOutput): string[] {
  const written: string[] = [];
  let shared = output.lockFile === undefined ? undefined : readLock(output.lockFile);
  for (const { name } of modules) {
    const file = `${output.root}/${protoPath(name)}`;
    const lockFile = output.lockFile ?? file.replace(/\.proto$/, ".lock.json");
    const { proto, lock } = generateProto(modules, name, shared ?? readLock(lockFile));
    writeText(file, proto);
    writeText(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
    if (output.lockFile !== undefined) shared = lock;
    written.push(file);
  }
  return written;
}

function readLock(file: string): Lock | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Lock) : undefined;
}
