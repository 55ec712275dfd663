import koffi from "koffi";
import { type Family, KernelError } from "./dataplane.ts";
import { errnoName } from "./errno.ts";
import { libbpf, recordingMessages } from "./libbpf.ts";
import { lastErrno, libc, type Pointer } from "./libc.ts";
import { familyOfType, type MapInfo } from "./object-info.ts";
import { lastUsefulLines } from "./verifier-log.ts";

const BTF_KIND_DATASEC = 15;

/** A compiled object on its way into the kernel; `close` leaves only what was pinned. */
export class CompiledObject implements Disposable {
  readonly #operation: string;
  readonly #object: Pointer;
  readonly #maps = new Map<string, Pointer>();
  readonly #programs = new Map<string, Pointer>();

  constructor(path: string, operation: string) {
    this.#operation = operation;
    const { result, messages } = recordingMessages(() => libbpf().objectOpenFile(path, null));
    if (result === null) {
      throw new KernelError(operation, errnoName(lastErrno()), lastUsefulLines(messages) ?? path);
    }
    this.#object = result;
    for (let map = libbpf().objectNextMap(result, null); map !== null; ) {
      this.#maps.set(libbpf().mapName(map), map);
      map = libbpf().objectNextMap(result, map);
    }
    for (let program = libbpf().objectNextProgram(result, null); program !== null; ) {
      this.#programs.set(libbpf().programName(program), program);
      program = libbpf().objectNextProgram(result, program);
    }
  }

  setConstants(constants: Readonly<Record<string, Uint8Array>>): void {
    const names = Object.keys(constants);
    if (names.length === 0) return;
    const variables = this.#readOnlyVariables();
    for (const [name, bytes] of Object.entries(constants)) {
      const variable = variables.get(name) ?? this.#refuse("ENOENT", `no constant ${name}`);
      if (bytes.length !== variable.size) {
        const sizes = `constant ${name} has ${bytes.length} bytes, not ${variable.size}`;
        this.#refuse("EINVAL", sizes);
      }
      libc().memcpy(variable.address, Buffer.from(bytes), bytes.length);
    }
  }

  setCapacity(capacity: Readonly<Record<string, number>>): void {
    for (const [name, entries] of Object.entries(capacity)) {
      const map = this.#maps.get(name) ?? this.#refuse("ENOENT", `no map ${name}`);
      if (!Number.isInteger(entries) || entries < 1 || entries >= 2 ** 32) {
        this.#refuse("EINVAL", `map ${name} with ${entries} entries`);
      }
      this.#check(libbpf().mapSetMaxEntries(map, entries), `capacity of map ${name}`);
    }
  }

  /** Leaves out the programs of other families. */
  keepFamilies(families: readonly Family[]): void {
    for (const [name, program] of this.#programs) {
      if (families.includes(familyOfType(libbpf().programType(program)))) continue;
      this.#check(libbpf().programSetAutoload(program, false), `program ${name}`);
      this.#programs.delete(name);
    }
  }

  /** Takes an existing map in place of the one the object declares. */
  useMap(name: string, fd: number): void {
    const map = this.#maps.get(name);
    if (map !== undefined) this.#check(libbpf().mapReuseFd(map, fd), `sharing map ${name}`);
  }

  /** Maps declared LIBBPF_PIN_BY_NAME are shared: taken from `folder`, or made and pinned there. */
  shareMaps(folder: string): void {
    for (const [name, map] of this.#maps) {
      if (libbpf().mapPinPath(map) === null) continue;
      this.#check(libbpf().mapSetPinPath(map, `${folder}/${name}`), `pin of map ${name}`);
    }
  }

  /** What the maps of the object's own are declared as, by name; those shared with others not. */
  declarations(): Map<string, Omit<MapInfo, "id" | "name">> {
    const own = [...this.#maps].filter(([, map]) => {
      return !libbpf().mapIsInternal(map) && libbpf().mapPinPath(map) === null;
    });
    return new Map(own.map(([name, map]) => [name, declarationOf(map)]));
  }

  load(): void {
    const { result, messages } = recordingMessages(() => libbpf().objectLoad(this.#object));
    if (result < 0) this.#refuse(errnoName(result), lastUsefulLines(messages));
  }

  /** Descriptors of the loaded maps by name, without those of .rodata, .bss and .data. */
  mapFds(): Map<string, number> {
    const declared = [...this.#maps].filter(([, map]) => !libbpf().mapIsInternal(map));
    return new Map(declared.map(([name, map]) => [name, libbpf().mapFd(map)]));
  }

  programFds(): Map<string, number> {
    const fdOf = (program: Pointer) => libbpf().programFd(program);
    return new Map([...this.#programs].map(([name, program]) => [name, fdOf(program)]));
  }

  [Symbol.dispose](): void {
    libbpf().objectClose(this.#object);
  }

  /** Where the variables of .rodata lie, by BTF's DATASEC: type, offset and size of each. */
  #readOnlyVariables(): Map<string, { address: Pointer; size: number }> {
    const start = this.#readOnlyData();
    const btf = libbpf().objectBtf(this.#object);
    const variables = new Map<string, { address: Pointer; size: number }>();
    if (start === null || btf === null) return variables;
    const id = libbpf().btfFindByNameKind(btf, ".rodata", BTF_KIND_DATASEC);
    const section = id < 0 ? null : libbpf().btfTypeById(btf, id);
    if (section === null) return variables;
    // struct btf_type {name_off, info, size}, then of each struct btf_var_secinfo
    // {type, offset, size}.
    const count = koffi.decode.uint32(section + 4n) & 0xffff;
    for (let index = 0; index < count; index++) {
      const entry = section + 12n + BigInt(index * 12);
      const variable = libbpf().btfTypeById(btf, koffi.decode.uint32(entry));
      const name = variable && libbpf().btfNameByOffset(btf, koffi.decode.uint32(variable));
      const address = start + BigInt(koffi.decode.uint32(entry + 4n));
      if (name) variables.set(name, { address, size: koffi.decode.uint32(entry + 8n) });
    }
    return variables;
  }

  #readOnlyData(): Pointer | null {
    for (const [name, map] of this.#maps) {
      if (name.endsWith(".rodata")) return libbpf().mapInitialValue(map, [0]);
    }
    return null;
  }

  #check(result: number, what: string): void {
    if (result < 0) this.#refuse(errnoName(result), what);
  }

  #refuse(code: string, detail?: string): never {
    throw new KernelError(this.#operation, code, detail);
  }
}

function declarationOf(map: Pointer): Omit<MapInfo, "id" | "name"> {
  return {
    type: libbpf().mapType(map),
    keySize: libbpf().mapKeySize(map),
    valueSize: libbpf().mapValueSize(map),
    maxEntries: libbpf().mapMaxEntries(map),
    flags: libbpf().mapFlags(map),
  };
}
