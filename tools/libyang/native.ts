import { createRequire } from "node:module";

/**
 * The functions of libyang this project calls, bound through koffi. Only functions: the layout of
 * its structs differs between major versions, so every pointer stays opaque.
 */

// koffi is loaded with require: its ES entry has no named exports under nodenext.
const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");

/** Opaque address of something libyang owns. */
export type Pointer = bigint | object;

/** One error as libyang reports it; `path` says where (schema or data path, line). */
export interface LogMessage {
  readonly message: string;
  readonly path: string | undefined;
}

export type OutPointer = [Pointer | null];

export interface Native {
  readonly major: number;
  newContext(searchDir: string | null, options: number, context: OutPointer): number;
  destroyContext(context: Pointer): void;
  addSearchDir(context: Pointer, directory: string): number;
  loadModule(context: Pointer, name: string, revision: null, features: string[]): Pointer | null;
  nextModule(context: Pointer, index: [number]): Pointer | null;
  implementedModule(context: Pointer, name: string): Pointer | null;
  featureValue(module: Pointer, feature: string): number;
  searchFile(
    directories: (string | null)[],
    cwd: number,
    name: string,
    revision: string | null,
    file: OutPointer,
    format: [number],
  ): number;
  printModule(text: OutPointer, module: Pointer, format: number, options: number): number;
  parseData(
    context: Pointer,
    data: string,
    format: number,
    parseOptions: number,
    validateOptions: number,
    tree: OutPointer,
  ): number;
  parseSchema(context: Pointer, text: string, format: number, module: OutPointer): number;
  freeData(tree: Pointer): void;
  freeTree(node: Pointer): void;
  mergeSiblings(target: OutPointer, source: Pointer, options: number): number;
  findPath(context: Pointer, path: string, output: number, match: OutPointer): number;
  validateAll(tree: OutPointer, context: Pointer, options: number, diff: null): number;
  printData(text: OutPointer, root: Pointer, format: number, options: number): number;
}

/** There is no libyang, or none that this project knows. */
class LibraryError extends Error {
  override readonly name = "LibraryError";
}

// Newest first. The functions used are the same in all of them but for the log callback.
const majors = [4, 3, 2];
const supported = `libyang ${majors.toReversed().join(", ")} (major version of the library)`;

type Library = ReturnType<typeof koffi.load>;

/** A library of one's own choice: what YANGPLANE_LIBYANG says, a path or a soname. */
function openLibrary(): Library {
  const chosen = process.env["YANGPLANE_LIBYANG"];
  const failures: string[] = [];
  for (const soname of chosen ? [chosen] : majors.map((major) => `libyang.so.${major}`)) {
    try {
      return koffi.load(soname);
    } catch (error) {
      failures.push(`${soname}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const reasons = failures.join("; ").replaceAll(/\s+/g, " ");
  throw new LibraryError(`${supported} is needed (Debian: libyang2 or libyang3): ${reasons}`);
}

let bound: Native | undefined;

/** Loads libyang on first use; programs that never compile a model do not need it. */
export function native(): Native {
  bound ??= bind();
  return bound;
}

function bind(): Native {
  const library = openLibrary();
  const major = majorOf(library);
  if (!majors.includes(major)) {
    throw new LibraryError(`found libyang ${major}, supported is ${supported}`);
  }
  try {
    setUpLog(library, major);
    return { major, ...bindContext(library), ...bindModules(library), ...bindData(library) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LibraryError(`found no ${supported} but another: ${reason}`, { cause });
  }
}

/** Version 2 cannot be asked, nor can version 1, which lacks functions. */
function majorOf(library: Library): number {
  try {
    return library.func("uint32_t ly_version_so_major(void)")() as number;
  } catch {
    return 2;
  }
}

function bindContext(library: Library) {
  return {
    newContext: library.func("int ly_ctx_new(const char *, uint32_t, _Out_ void **)"),
    destroyContext: library.func("void ly_ctx_destroy(void *)"),
    addSearchDir: library.func("int ly_ctx_set_searchdir(void *, const char *)"),
    nextModule: library.func("void *ly_ctx_get_module_iter(void *, _Inout_ uint32_t *)"),
    implementedModule: library.func("void *ly_ctx_get_module_implemented(void *, const char *)"),
  };
}

function bindModules(library: Library) {
  return {
    loadModule: library.func(
      "void *ly_ctx_load_module(void *, const char *, const char *, const char **)",
    ),
    featureValue: library.func("int lys_feature_value(void *, const char *)"),
    searchFile: library.func(
      "int lys_search_localfile(const char **, uint8_t, const char *, const char *, " +
        "_Out_ void **, _Out_ int *)",
    ),
    printModule: library.func("int lys_print_mem(_Out_ void **, void *, int, uint32_t)"),
    parseSchema: library.func("int lys_parse_mem(void *, const char *, int, _Out_ void **)"),
  };
}

function bindData(library: Library) {
  return {
    parseData: library.func(
      "int lyd_parse_data_mem(void *, const char *, int, uint32_t, uint32_t, _Out_ void **)",
    ),
    freeData: library.func("void lyd_free_all(void *)"),
    freeTree: library.func("void lyd_free_tree(void *)"),
    mergeSiblings: library.func("int lyd_merge_siblings(_Inout_ void **, void *, uint16_t)"),
    findPath: library.func("int lyd_find_path(void *, const char *, uint8_t, _Out_ void **)"),
    validateAll: library.func("int lyd_validate_all(_Inout_ void **, void *, uint32_t, void *)"),
    printData: library.func("int lyd_print_mem(_Out_ void **, void *, int, uint32_t)"),
  };
}

const logged: LogMessage[] = [];

/** Errors logged since the last call, in order. */
export function takeErrors(): LogMessage[] {
  return logged.splice(0);
}

const logToCallback = 1;
const storeLast = 6;
const errorsOnly = 0;

function setUpLog(library: Library, major: number): void {
  const callback =
    major === 2
      ? "void YangLog(int level, const char *message, const char *path)"
      : "void YangLog(int level, const char *message, const char *dataPath, " +
        "const char *schemaPath, uint64_t line)";
  const type = koffi.pointer(koffi.proto(callback));
  const listener = koffi.register((level: number, message: string, ...where: unknown[]) => {
    if (level === errorsOnly) logged.push({ message, path: describePlace(where) });
  }, type);
  library.func("uint32_t ly_log_level(uint32_t)")(errorsOnly);
  library.func("uint32_t ly_log_options(uint32_t)")(logToCallback | storeLast);
  // The second parameter (give paths) was dropped with version 3, where a spare one does no harm.
  library.func("ly_set_log_clb", "void", [type, "uint8_t"])(listener, 1);
}

function describePlace(where: readonly unknown[]): string | undefined {
  const [dataPath, schemaPath, line] = where;
  const path = dataPath ?? schemaPath;
  const lineText = line === undefined || Number(line) === 0 ? undefined : `line number ${line}`;
  const parts = [path, lineText].filter((part) => typeof part === "string");
  return parts.length === 0 ? undefined : parts.join(", ");
}

const free = koffi.load("libc.so.6").func("void free(void *)");

/** The text at an address libyang allocated for the caller; frees it. */
export function takeText(pointer: Pointer): string {
  const text = koffi.decode(pointer, "char", -1) as string;
  free(pointer);
  return text;
}
