/** The types of a compiled object, named as `bpftool --json btf dump` names them. */

interface Named {
  readonly id: number;
  readonly name: string;
}

export interface BtfInt extends Named {
  readonly kind: "INT";
  readonly size: number;
  readonly encoding: string;
}

export interface BtfArray extends Named {
  readonly kind: "ARRAY";
  readonly type_id: number;
  readonly nr_elems: number;
}

export interface BtfMember {
  readonly name: string;
  readonly type_id: number;
  readonly bits_offset: number;
  readonly bitfield_size?: number;
}

export interface BtfStruct extends Named {
  readonly kind: "STRUCT";
  readonly size: number;
  readonly members: readonly BtfMember[];
}

export interface BtfEnum extends Named {
  readonly kind: "ENUM";
  readonly size: number;
  readonly values: readonly { readonly name: string; readonly val: number }[];
}

/** Kinds that stand for another type. */
export interface BtfReference extends Named {
  readonly kind: "PTR" | "TYPEDEF" | "CONST" | "VOLATILE" | "RESTRICT" | "TYPE_TAG" | "VAR";
  readonly type_id: number;
  /** Of a variable. */
  readonly linkage?: "static" | "global" | "extern";
}

export interface BtfFunction extends Named {
  readonly kind: "FUNC";
  readonly type_id: number;
  readonly linkage: "static" | "global" | "extern";
}

export interface BtfPrototype extends Named {
  readonly kind: "FUNC_PROTO";
  readonly params: readonly { readonly name: string; readonly type_id: number }[];
}

export interface BtfSection extends Named {
  readonly kind: "DATASEC";
  readonly vars: readonly { readonly type_id: number }[];
}

/** Kinds nothing that user space shares may have. */
export interface BtfOther extends Named {
  readonly kind: "UNION" | "FWD" | "FLOAT" | "DECL_TAG" | "ENUM64" | "VOID";
}

export type BtfType =
  | BtfInt
  | BtfArray
  | BtfStruct
  | BtfEnum
  | BtfReference
  | BtfFunction
  | BtfPrototype
  | BtfSection
  | BtfOther;

/** What was given is no compiled object, or one whose types are not those of ours. */
export class BtfError extends Error {
  override readonly name = "BtfError";
}

export class Btf {
  readonly types: readonly BtfType[];
  readonly #byId: ReadonlyMap<number, BtfType>;

  constructor(types: readonly BtfType[]) {
    this.types = types;
    this.#byId = new Map(types.map((type) => [type.id, type]));
  }

  type(id: number): BtfType {
    const type = this.#byId.get(id);
    if (type === undefined) throw new BtfError(`no BTF type ${id}`);
    return type;
  }

  /** Behind typedefs and qualifiers. */
  resolve(id: number): BtfType {
    const type = this.type(id);
    switch (type.kind) {
      case "TYPEDEF":
      case "CONST":
      case "VOLATILE":
      case "RESTRICT":
      case "TYPE_TAG":
        return this.resolve(type.type_id);
      default:
        return type;
    }
  }

  /** What a pointer points to; the kernel's map macros write types and numbers so. */
  pointee(id: number): BtfType {
    return this.resolve(this.pointeeId(id));
  }

  pointeeId(id: number): number {
    const type = this.resolve(id);
    if (type.kind !== "PTR") throw new BtfError(`BTF type ${id} is a ${type.kind}, not a pointer`);
    return type.type_id;
  }

  /** The variables of a section, by name. */
  variables(section: string): BtfReference[] {
    const found = this.types.find((type) => type.kind === "DATASEC" && type.name === section);
    if (found?.kind !== "DATASEC") return [];
    const variables = found.vars.map(({ type_id }) => this.type(type_id));
    return variables
      .filter((variable): variable is BtfReference => variable.kind === "VAR")
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
