import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./network.ts";

const sources = fileURLToPath(new URL("native/", import.meta.url));

/** Compiles the program that sends and counts datagrams; gives its path. */
export function compileUdp(folder: string): string {
  const program = join(folder, "udp");
  run("clang", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, join(sources, "udp.c"));
  return program;
}

/** Compiles reference.bpf.c into a folder of objects. */
export function compileReference(folder: string): void {
  const include = `-I/usr/include/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
  const options = ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", "-Werror", include];
  const [from, to] = [join(sources, "reference.bpf.c"), join(folder, "reference.bpf.o")];
  run("clang", ...options, "-c", from, "-o", to);
}
