import koffi, { type LibraryHandle } from "koffi";
import { KernelError } from "./dataplane.ts";
import { libc, type Pointer } from "./libc.ts";

/**
 * The functions of libbpf 1.x that are used, all by their documented ABI; its structs are opaque.
 * Those that return a number return -errno on failure.
 */
interface Libbpf {
  setPrint(callback: Pointer): Pointer | null;
  possibleCpuCount(): number;

  objectOpenFile(path: string, options: null): Pointer | null;
  objectLoad(object: Pointer): number;
  objectClose(object: Pointer): void;
  objectBtf(object: Pointer): Pointer | null;
  objectNextMap(object: Pointer, previous: Pointer | null): Pointer | null;
  objectNextProgram(object: Pointer, previous: Pointer | null): Pointer | null;

  mapName(map: Pointer): string;
  mapFd(map: Pointer): number;
  mapIsInternal(map: Pointer): boolean;
  mapInitialValue(map: Pointer, size: [number | bigint]): Pointer | null;
  mapSetMaxEntries(map: Pointer, maxEntries: number): number;
  mapReuseFd(map: Pointer, fd: number): number;
  mapType(map: Pointer): number;
  mapKeySize(map: Pointer): number;
  mapValueSize(map: Pointer): number;
  mapMaxEntries(map: Pointer): number;
  mapFlags(map: Pointer): number;
  mapPinPath(map: Pointer): string | null;
  mapSetPinPath(map: Pointer, path: string): number;

  programName(program: Pointer): string;
  programType(program: Pointer): number;
  programSetAutoload(program: Pointer, on: boolean): number;
  programFd(program: Pointer): number;

  btfFindByNameKind(btf: Pointer, name: string, kind: number): number;
  btfTypeById(btf: Pointer, id: number): Pointer | null;
  btfNameByOffset(btf: Pointer, offset: number): string | null;

  createMap(
    type: number,
    name: string,
    keySize: number,
    valueSize: number,
    maxEntries: number,
    options: null,
  ): number;
  update(fd: number, key: Uint8Array, value: Uint8Array, flags: number): number;
  lookup(fd: number, key: Uint8Array, value: Uint8Array): number;
  deleteKey(fd: number, key: Uint8Array): number;
  nextKey(fd: number, key: Uint8Array | null, next: Uint8Array): number;
  updateBatch(
    fd: number,
    keys: Uint8Array,
    values: Uint8Array,
    count: [number],
    options: Uint8Array,
  ): number;
  deleteBatch(fd: number, keys: Uint8Array, count: [number], options: Uint8Array): number;
  lookupBatch(
    fd: number,
    from: Uint8Array | null,
    to: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: [number],
    options: Uint8Array,
  ): number;

  pin(fd: number, path: string): number;
  openPin(path: string): number;
  mapById(id: number): number;
  programById(id: number): number;
  infoByFd(fd: number, info: Uint8Array, size: [number]): number;
  detachLink(fd: number): number;
  updateLink(fd: number, programFd: number, options: null): number;
}

let bound: Libbpf | undefined;

/** libbpf, loaded at first use. */
export function libbpf(): Libbpf {
  bound ??= bind(open());
  return bound;
}

function open(): LibraryHandle {
  try {
    return koffi.load("libbpf.so.1");
  } catch (cause) {
    throw new KernelError(
      "loading libbpf.so.1",
      "ENOENT",
      "install libbpf 1.x (Debian: libbpf1), or start with --dataplane memory",
      { cause },
    );
  }
}

function bind(library: LibraryHandle): Libbpf {
  const func: Bind = (definition) => library.func(definition);
  const functions: Libbpf = {
    setPrint: func("void *libbpf_set_print(void *callback)"),
    possibleCpuCount: func("int libbpf_num_possible_cpus()"),
    ...objectFunctions(func),
    ...btfFunctions(func),
    ...systemCalls(func),
  };
  // Without a name: another copy of this module may be in the process, as in the bench.
  const print = koffi.proto("int", ["int", "const char *", "void *"]);
  functions.setPrint(koffi.register(recordMessage, koffi.pointer(print)));
  return functions;
}

type Bind = (definition: string) => ReturnType<LibraryHandle["func"]>;

function objectFunctions(func: Bind) {
  return {
    objectOpenFile: func("void *bpf_object__open_file(const char *path, const void *options)"),
    objectLoad: func("int bpf_object__load(void *object)"),
    objectClose: func("void bpf_object__close(void *object)"),
    objectBtf: func("void *bpf_object__btf(void *object)"),
    objectNextMap: func("void *bpf_object__next_map(void *object, void *previous)"),
    objectNextProgram: func("void *bpf_object__next_program(void *object, void *previous)"),
    mapName: func("const char *bpf_map__name(void *map)"),
    mapFd: func("int bpf_map__fd(void *map)"),
    mapIsInternal: func("bool bpf_map__is_internal(void *map)"),
    mapInitialValue: func("void *bpf_map__initial_value(void *map, _Out_ size_t *size)"),
    mapSetMaxEntries: func("int bpf_map__set_max_entries(void *map, uint32_t entries)"),
    mapReuseFd: func("int bpf_map__reuse_fd(void *map, int fd)"),
    mapType: func("int bpf_map__type(void *map)"),
    mapKeySize: func("uint32_t bpf_map__key_size(void *map)"),
    mapValueSize: func("uint32_t bpf_map__value_size(void *map)"),
    mapMaxEntries: func("uint32_t bpf_map__max_entries(void *map)"),
    mapFlags: func("uint32_t bpf_map__map_flags(void *map)"),
    mapPinPath: func("const char *bpf_map__pin_path(void *map)"),
    mapSetPinPath: func("int bpf_map__set_pin_path(void *map, const char *path)"),
    programName: func("const char *bpf_program__name(void *program)"),
    programType: func("int bpf_program__type(void *program)"),
    programSetAutoload: func("int bpf_program__set_autoload(void *program, bool on)"),
    programFd: func("int bpf_program__fd(void *program)"),
  };
}

function btfFunctions(func: Bind) {
  return {
    btfFindByNameKind: func("int btf__find_by_name_kind(void *btf, const char *name, uint32_t)"),
    btfTypeById: func("void *btf__type_by_id(void *btf, uint32_t id)"),
    btfNameByOffset: func("const char *btf__name_by_offset(void *btf, uint32_t offset)"),
  };
}

function systemCalls(func: Bind) {
  return {
    createMap: func("int bpf_map_create(int, const char *, uint32_t, uint32_t, uint32_t, void *)"),
    update: func("int bpf_map_update_elem(int, const void *key, const void *value, uint64_t)"),
    lookup: func("int bpf_map_lookup_elem(int fd, const void *key, void *value)"),
    deleteKey: func("int bpf_map_delete_elem(int fd, const void *key)"),
    nextKey: func("int bpf_map_get_next_key(int fd, const void *key, void *next)"),
    updateBatch: func(
      "int bpf_map_update_batch(int, const void *, const void *, _Inout_ uint32_t *, const void *)",
    ),
    deleteBatch: func(
      "int bpf_map_delete_batch(int, const void *keys, _Inout_ uint32_t *count, const void *)",
    ),
    lookupBatch: func(
      "int bpf_map_lookup_batch(int, void *, void *, void *, void *, _Inout_ uint32_t *, const void *)",
    ),
    pin: func("int bpf_obj_pin(int fd, const char *path)"),
    openPin: func("int bpf_obj_get(const char *path)"),
    mapById: func("int bpf_map_get_fd_by_id(uint32_t id)"),
    programById: func("int bpf_prog_get_fd_by_id(uint32_t id)"),
    infoByFd: func("int bpf_obj_get_info_by_fd(int fd, void *info, _Inout_ uint32_t *size)"),
    detachLink: func("int bpf_link_detach(int fd)"),
    updateLink: func("int bpf_link_update(int fd, int program, const void *options)"),
  };
}

const LIBBPF_WARN = 0;

let messages: string[] = [];

/** What libbpf had to say while `action` ran; the verifier's log is part of it. */
export function recordingMessages<T>(action: () => T): { result: T; messages: readonly string[] } {
  libbpf();
  messages = [];
  try {
    const result = action();
    return { result, messages };
  } finally {
    messages = [];
  }
}

/** A va_list is passed by address on x86-64 and arm64 alike, so it can go through as a pointer. */
function recordMessage(level: number, format: string, arguments_: Pointer): number {
  if (level !== LIBBPF_WARN) return 0;
  const text: [Pointer | null] = [null];
  if (libc().vasprintf(text, format, arguments_) >= 0 && text[0] !== null) {
    messages.push(koffi.decode.string(text[0]));
    libc().free(text[0]);
  }
  return 0;
}
