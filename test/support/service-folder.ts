import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { untilExit } from "./until-exit.ts";

const generator = resolve("bin/yangplane-gen");

/** A folder of a service outside the tree, copied from one that is whole, to be spoilt. */
export class ServiceFolder implements Disposable {
  readonly path: string;
  readonly #remove: Disposable;

  constructor(from = "examples/packetcounter", { built = false } = {}) {
    const parent = mkdtempSync(join(tmpdir(), "yangplane-service-"));
    this.path = join(parent, basename(from));
    cpSync(from, this.path, {
      recursive: true,
      filter: (path) => built || basename(path) !== "build",
    });
    this.#remove = untilExit(() => rmSync(parent, { recursive: true }));
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  text(...parts: string[]): string {
    return readFileSync(this.file(...parts), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(this.file(file), text);
  }

  /** Replaces the one place that has the text. */
  change(file: string, from: string, to: string): void {
    const [before, after, ...more] = this.text(file).split(from);
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`${file} has not one ${from}`);
    }
    this.write(file, before + to + after);
  }

  remove(...parts: string[]): void {
    rmSync(this.file(...parts), { recursive: true });
  }

  /** Builds it; throws with what the generator says if that fails. */
  build(): void {
    execFileSync(generator, ["--service", this.path], { stdio: "pipe" });
  }

  /** What the generator says to a folder that it refuses, without the place of the folder. */
  refusal(): string {
    const { status, stderr } = spawnSync(generator, ["--service", this.path], { encoding: "utf8" });
    if (status !== 1) throw new Error(`yangplane-gen ended with ${status}: ${stderr}`);
    return stderr.replaceAll(this.path, "…");
  }

  [Symbol.dispose](): void {
    this.#remove[Symbol.dispose]();
  }
}
