/** What the BTF of a compiled object says, as the generator writes it to src/gen/bpf. */

/** Binary form of a C type; encode always gives `size` bytes, padding zero. */
export interface Codec<T> {
  readonly size: number;
  /** What the type is made of, in words: the same for the same type. */
  readonly form: string;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

export type MapType =
  | "array"
  | "hash"
  | "lru_hash"
  | "lpm_trie"
  | "percpu_array"
  | "percpu_hash"
  | "prog_array"
  | "ringbuf"
  | "devmap"
  | "array_of_maps"
  | "hash_of_maps";

/**
 * Who writes a map (ARCHITECTURE §1): `config` maps by the engine from the service's tables
 * (BPF_F_RDONLY_PROG), `state` maps by BPF programs, `core` maps are the engine's own wiring
 * (hops, jump tables, counters), declared in bpf/include. A `shared` map is one for all objects
 * (LIBBPF_PIN_BY_NAME), and no cube's.
 */
export type MapOwner = "config" | "state" | "core" | "shared";

export interface MapLayout<K = unknown, V = unknown> {
  /** As in C, at most 15 characters. */
  readonly name: string;
  readonly type: MapType;
  readonly owner: MapOwner;
  readonly key: Codec<K>;
  readonly value: Codec<V>;
  readonly maxEntries: number;
}

export interface ProgramLayout {
  /** C function name. */
  readonly name: string;
  readonly family: "tc" | "xdp";
}

export interface ConstantLayout<T = unknown> {
  /** C name of the variable. */
  readonly name: string;
  readonly value: Codec<T>;
}

export interface ObjectLayout {
  /** Folder name: `simplebridge` for bpf/simplebridge/simplebridge.bpf.c. */
  readonly name: string;
  readonly maps: { readonly [prop: string]: MapLayout };
  readonly programs: { readonly [prop: string]: ProgramLayout };
  /** `const volatile` variables in .rodata, set once when a cube is loaded. */
  readonly constants: { readonly [prop: string]: ConstantLayout };
  /** Names of the drop reasons, by index into `drops` of the port counters. */
  readonly drops?: { readonly [index: number]: string };
}

/** The programs of an object by their names in C; `families`: only those. */
export function programsOf(
  { programs }: Pick<ObjectLayout, "programs">,
  families?: readonly ProgramLayout["family"][],
): ReadonlyMap<string, ProgramLayout> {
  const wanted = Object.values(programs).filter(({ family }) => families?.includes(family) ?? true);
  return new Map(wanted.map((program) => [program.name, program]));
}
