import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BtfError } from "./btf/btf.ts";
import { formOf } from "./btf/form.ts";
import { describeObject, type MapDescription, type ProgramDescription } from "./btf/object.ts";
import { parseBtf } from "./btf/parse.ts";
import { KernelError } from "./dataplane.ts";
import { onBpffs } from "./pins.ts";

/** What a compiled file says before it is loaded. */
export interface CompiledFile {
  readonly path: string;
  /** SHA-256 of the file. */
  readonly digest: string;
  /** A short name for the form of the rows of each map: the same for maps whose rows are alike. */
  readonly rowForms: ReadonlyMap<string, string>;
  /** Maps that are one for all objects. */
  readonly shared: readonly string[];
  readonly programs: readonly ProgramDescription[];
  /** How many the object has for itself. */
  readonly ringBuffers: number;
}

interface Read {
  readonly file: CompiledFile;
  readonly modified: number;
}

/** The compiled objects, read anew when they have changed: a package may be upgraded under us. */
export class CompiledFiles {
  readonly #directory: string;
  /** Paths of those from elsewhere, by name. */
  readonly #offered = new Map<string, string>();
  readonly #read = new Map<string, Read>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Takes the object of this name from another place. */
  offer(object: string, path: string): void {
    this.#offered.set(object, path);
    this.#read.delete(object);
  }

  withdraw(object: string): void {
    this.#offered.delete(object);
    this.#read.delete(object);
  }

  /** @throws KernelError where there is no such file, or it is no object */
  file(object: string): CompiledFile {
    const path = this.#offered.get(object) ?? join(this.#directory, `${object}.bpf.o`);
    return onBpffs(`reading ${path}`, () => {
      const modified = statSync(path).mtimeMs;
      const known = this.#read.get(object);
      if (known?.modified === modified) return known.file;
      const file = describe(object, path);
      this.#read.set(object, { file, modified });
      return file;
    });
  }
}

function describe(object: string, path: string): CompiledFile {
  const bytes = readFileSync(path);
  try {
    const btf = parseBtf(bytes);
    const { maps, programs } = describeObject(object, btf);
    const form = (id: number | undefined) => (id === undefined ? "nothing" : formOf(btf, id));
    const rowForms = maps.map(({ name, key, value }): [string, string] => [
      name,
      digest(`${form(key)} to ${form(value)}`).slice(0, 8),
    ]);
    return {
      path,
      digest: digest(bytes),
      rowForms: new Map(rowForms),
      shared: maps.filter(isShared).map(({ name }) => name),
      programs,
      ringBuffers: maps.filter((map) => map.type === "ringbuf" && !isShared(map)).length,
    };
  } catch (cause) {
    if (!(cause instanceof BtfError)) throw cause;
    throw new KernelError(`reading ${path}`, "EINVAL", cause.message, { cause });
  }
}

function isShared({ owner, type }: MapDescription): boolean {
  return owner === "shared" || type === "prog_array";
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
