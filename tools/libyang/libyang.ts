import {
  type LogMessage,
  native,
  type OutPointer,
  type Pointer,
  takeErrors,
  takeText,
} from "./native.ts";
import { YangTree } from "./yang-tree.ts";

/** libyang refused a module; `place` says where as far as libyang tells. */
export class YangError extends Error {
  override readonly name = "YangError";
}

/** Which features of a module are on; "*" alone: all. */
export type Features = readonly string[];

export interface YangOptions {
  /** Folders with `name.yang` or `name@revision.yang`, searched with their subfolders. */
  readonly searchDirs: readonly string[];
}

// enum and flag values of libyang's headers, the same in all major versions.
const implementReferenced = 0x02;
const noYangLibrary = 0x04;
const noWorkingDir = 0x10;
const enableImportedFeatures = 0x0100;
const formatYang = 1;
const formatCompiled = 2;
const formatJson = 2;
const parseStrict = 0x020000;
const validatePresent = 0x0002;

/** Take deref() in the path of a leafref; by major version, version 2 cannot. */
const extendedLeafrefs: Readonly<Record<number, number>> = { 3: 0x0200, 4: 0x0800 };

/** A module in a context. */
export interface YangModule {
  readonly name: string;
  readonly revision: string | undefined;
  /** False where it is only imported: its typedefs and groupings count, its data does not. */
  readonly implemented: boolean;
  /** The module as written, from libyang's own memory. */
  readonly text: string;
  readonly pointer: Pointer;
}

/** A set of modules compiled together. Not thread-safe: use it from the thread that made it. */
export class YangContext implements Disposable {
  readonly #context: Pointer;
  readonly #searchDirs: readonly string[];

  constructor(options: YangOptions) {
    const out: OutPointer = [null];
    const extended = extendedLeafrefs[native().major] ?? 0;
    const flags =
      implementReferenced | noYangLibrary | noWorkingDir | enableImportedFeatures | extended;
    takeErrors();
    const code = native().newContext(null, flags, out);
    if (code !== 0 || out[0] === null) throw failure("creating a libyang context", takeErrors());
    this.#context = out[0];
    this.#searchDirs = options.searchDirs;
    for (const directory of options.searchDirs) this.#addSearchDir(directory);
  }

  #addSearchDir(directory: string): void {
    const code = native().addSearchDir(this.#context, directory);
    // A folder given twice is LY_EEXIST, which changes nothing.
    const alreadyThere = 5;
    if (code !== 0 && code !== alreadyThere) {
      throw failure(`search folder ${directory}`, takeErrors());
    }
    takeErrors();
  }

  /** Loads, compiles and implements a module. @throws YangError */
  load(name: string, features: Features = []): void {
    takeErrors();
    // koffi passes an array of strings as it is; C wants the null at its end.
    const list = [...features, null] as string[];
    const module = native().loadModule(this.#context, name, null, list);
    if (module === null) throw failure(this.fileOf(name) ?? name, takeErrors());
    takeErrors();
  }

  /** Implements a module given as YANG text. @throws YangError */
  parse(text: string): void {
    takeErrors();
    const code = native().parseSchema(this.#context, text, formatYang, [null]);
    if (code !== 0) throw failure("module text", takeErrors());
  }

  /** All modules, imported ones too, in the order libyang compiles them. */
  modules(): YangModule[] {
    const found: YangModule[] = [];
    const index: [number] = [0];
    for (;;) {
      const pointer = native().nextModule(this.#context, index);
      if (pointer === null) return found;
      found.push(this.#describe(pointer));
    }
  }

  #describe(pointer: Pointer): YangModule {
    const text = this.#print(pointer, formatYang);
    const name = /^\s*module\s+"?([^\s"{]+)/.exec(text)?.[1] ?? "";
    const revision = /^ {2}revision\s+"?(\d{4}-\d\d-\d\d)/m.exec(text)?.[1];
    const implemented = native().implementedModule(this.#context, name) === pointer;
    return { name, revision, implemented, text, pointer };
  }

  /**
   * The module after imports, uses, augments, deviations, features and typedefs: YANG-like text.
   */
  printCompiled(module: YangModule): string {
    return this.#print(module.pointer, formatCompiled);
  }

  #print(module: Pointer, format: number): string {
    const out: OutPointer = [null];
    takeErrors();
    const code = native().printModule(out, module, format, 0);
    if (code !== 0 || out[0] === null) throw failure("printing a module", takeErrors());
    return takeText(out[0]);
  }

  isFeatureOn(module: YangModule, feature: string): boolean {
    return native().featureValue(module.pointer, feature) === 0;
  }

  /** The file libyang takes for a module or submodule; undefined for those built into it. */
  fileOf(name: string, revision?: string): string | undefined {
    const file: OutPointer = [null];
    const directories = [...this.#searchDirs, null];
    native().searchFile(directories, 0, name, revision ?? null, file, [0]);
    return file[0] === null ? undefined : takeText(file[0]);
  }

  /** The first thing wrong with RFC 7951 data (complete trees of the modules present), if any. */
  validateJson(json: string): string | undefined {
    takeErrors();
    const out: OutPointer = [null];
    const code = native().parseData(
      this.#context,
      json,
      formatJson,
      parseStrict,
      validatePresent,
      out,
    );
    if (out[0] !== null) native().freeData(out[0]);
    const [first] = takeErrors();
    if (code === 0) return undefined;
    return first === undefined ? `libyang error ${code}` : describe(first);
  }

  /** A data tree of its own, of RFC 7951 JSON; nothing is judged yet. */
  tree(json: string): YangTree {
    return new YangTree(this.#context, json);
  }

  [Symbol.dispose](): void {
    native().destroyContext(this.#context);
  }
}

/** First error of libyang for this data, undefined where it is valid. The oracle of tests. */
export function validateJson(context: YangContext, json: string): string | undefined {
  return context.validateJson(json);
}

function describe({ message, path }: LogMessage): string {
  return path === undefined ? message : `${message} (${path})`;
}

const derefHint = "deref() in the path of a leafref wants libyang 3 or newer";

/** libyang's first message names the cause, the later ones what failed because of it. */
function failure(subject: string, errors: readonly LogMessage[]): YangError {
  const reasons = errors.map(describe).join("; ") || "no reason given";
  const hint = /FunctionName.*deref\(/.test(reasons) ? `; ${derefHint}` : "";
  return new YangError(`${subject}: ${reasons}${hint}`);
}
