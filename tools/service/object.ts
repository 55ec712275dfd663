import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { machine } from "node:os";
import { join } from "node:path";
import { parseBtf } from "../../src/dataplane/btf/parse.ts";
import { standaloneText } from "../btf/generate.ts";
import { writeText } from "../generate/output.ts";
import { BuildError } from "./build-error.ts";
import type { ServiceSource } from "./source.ts";

/** Compiles the program as those of the tree are, and writes what its BTF says: build/object.ts. */
export function buildObject(source: ServiceSource, packageRoot: string): void {
  const { name, build, folder } = source;
  mkdirSync(build, { recursive: true });
  const object = join(build, `${name}.bpf.o`);
  compile(join(folder, `${name}.bpf.c`), object, packageRoot);
  writeText(
    join(build, "object.ts"),
    explained(name, () => {
      return standaloneText({ name, btf: parseBtf(readFileSync(object)) });
    }),
  );
}

function compile(file: string, object: string, packageRoot: string): void {
  const bpf = join(packageRoot, "bpf");
  const args = [
    `@${join(bpf, "compile-flags")}`,
    ...["-I", join(bpf, "include")],
    ...["-idirafter", `/usr/include/${machine()}-linux-gnu`],
    // The object is the same wherever the folder is.
    `-fdebug-prefix-map=${join(file, "..")}=.`,
    `-fdebug-prefix-map=${bpf}=bpf`,
    ...["-c", file, "-o", object],
  ];
  const clang = process.env["CLANG"] ?? "clang";
  const { error, status, stderr } = spawnSync(clang, args, { encoding: "utf8" });
  if (error && "code" in error && error.code === "ENOENT") {
    throw new BuildError(`${clang} is not there: it compiles the program of a service`);
  }
  if (error) throw error;
  if (status !== 0) throw new BuildError(stderr.trimEnd());
}

function explained<T>(name: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof BuildError) throw error;
    throw new BuildError(`${name}.bpf.c: ${error.message}`, { cause: error });
  }
}
