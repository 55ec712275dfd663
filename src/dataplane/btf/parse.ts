import { Btf, BtfError, type BtfMember, type BtfReference, type BtfType } from "./btf.ts";
import { elfSection, textAt } from "./elf.ts";

/** BTF_KIND_… of the kernel's Documentation/bpf/btf.rst, in order of their numbers. */
const kinds = [
  "VOID",
  "INT",
  "PTR",
  "ARRAY",
  "STRUCT",
  "UNION",
  "ENUM",
  "FWD",
  "TYPEDEF",
  "VOLATILE",
  "CONST",
  "RESTRICT",
  "FUNC",
  "FUNC_PROTO",
  "VAR",
  "DATASEC",
  "FLOAT",
  "DECL_TAG",
  "TYPE_TAG",
  "ENUM64",
] as const;

const btfMagic = 0xeb9f;
/** struct btf_type: name_off, info, and a size or type. */
const typeSize = 12;

/** The types of an object that clang compiled for the target bpf. @throws BtfError */
export function parseBtf(object: Uint8Array): Btf {
  const section = elfSection(object, ".BTF");
  if (section === undefined) throw new BtfError("an object without BTF: compile it with -g");
  try {
    return new Btf(typesOf(section));
  } catch (error) {
    // Reading behind the end is a RangeError of the view.
    if (error instanceof RangeError) throw new BtfError("BTF that ends too early");
    throw error;
  }
}

function typesOf(section: Uint8Array): BtfType[] {
  const view = new DataView(section.buffer, section.byteOffset, section.length);
  if (view.getUint16(0, true) !== btfMagic) throw new BtfError("no BTF in section .BTF");
  const [headerSize, typeOffset, typeBytes, textOffset] = [4, 8, 12, 16].map((at) =>
    view.getUint32(at, true),
  ) as [number, number, number, number];
  const start = headerSize + typeOffset;
  const reader = new TypeReader(
    new DataView(section.buffer, section.byteOffset + start, typeBytes),
    section.subarray(headerSize + textOffset),
  );
  return reader.all();
}

/** The fields all kinds start with. */
interface Head {
  readonly id: number;
  readonly name: string;
  /** Members, values, parameters or variables that follow. */
  readonly count: number;
  readonly flag: boolean;
  /** A size or a type, as the kind has it. */
  readonly word: number;
}

class TypeReader {
  readonly #view: DataView;
  readonly #texts: Uint8Array;
  #at = 0;

  constructor(view: DataView, texts: Uint8Array) {
    this.#view = view;
    this.#texts = texts;
  }

  all(): BtfType[] {
    const types: BtfType[] = [];
    while (this.#at + typeSize <= this.#view.byteLength) types.push(this.#type(types.length + 1));
    return types;
  }

  #type(id: number): BtfType {
    const name = this.#name();
    const info = this.#word();
    const kind = kinds[(info >>> 24) & 0x1f];
    if (kind === undefined) throw new BtfError(`BTF type ${id} is of a kind not known`);
    const head = { id, name, count: info & 0xffff, flag: info >>> 31 === 1, word: this.#word() };
    return this.#typeOfKind(kind, head);
  }

  #typeOfKind(kind: (typeof kinds)[number], head: Head): BtfType {
    const { id, name, count, word } = head;
    switch (kind) {
      case "INT":
        return { id, name, kind, size: word, encoding: integerEncoding(this.#word()) };
      case "ARRAY":
        return { id, name, kind, ...this.#array() };
      case "STRUCT":
      case "UNION":
        return this.#composite(kind, head);
      case "ENUM":
        return { id, name, kind, size: word, values: this.#values(head) };
      case "FUNC":
        return { id, name, kind, type_id: word, linkage: linkages[count] ?? "extern" };
      case "FUNC_PROTO":
        return { id, name, kind, params: this.#repeat(count, () => this.#parameter()) };
      case "DATASEC":
        return { id, name, kind, vars: this.#repeat(count, () => this.#variable()) };
      case "VOID":
      case "FWD":
      case "FLOAT":
      case "DECL_TAG":
      case "ENUM64":
        this.#at += (kind === "DECL_TAG" ? 4 : 0) + (kind === "ENUM64" ? count * 12 : 0);
        return { id, name, kind };
      default:
        return { id, name, kind, type_id: word, ...this.#linkage(kind) } satisfies BtfReference;
    }
  }

  #composite(kind: "STRUCT" | "UNION", { id, name, count, flag, word }: Head): BtfType {
    const members = this.#repeat(count, () => this.#member(flag));
    return kind === "STRUCT" ? { id, name, kind, size: word, members } : { id, name, kind };
  }

  #array() {
    const type_id = this.#word();
    this.#word();
    return { type_id, nr_elems: this.#word() };
  }

  /** With `hasBitfields` the highest byte of the offset is the width of a bit field. */
  #member(hasBitfields: boolean): BtfMember {
    const name = this.#name();
    const type_id = this.#word();
    const offset = this.#word();
    if (!hasBitfields) return { name, type_id, bits_offset: offset };
    const width = offset >>> 24;
    const member = { name, type_id, bits_offset: offset & 0xffffff };
    return width === 0 ? member : { ...member, bitfield_size: width };
  }

  #values({ count, flag: isSigned }: Head) {
    return this.#repeat(count, () => {
      const name = this.#name();
      const word = this.#word();
      return { name, val: isSigned ? word | 0 : word };
    });
  }

  #parameter() {
    return { name: this.#name(), type_id: this.#word() };
  }

  #linkage(kind: BtfReference["kind"]) {
    return kind === "VAR" ? { linkage: linkages[this.#word()] ?? "extern" } : {};
  }

  #variable() {
    const type_id = this.#word();
    this.#at += 8;
    return { type_id };
  }

  #repeat<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }

  #name(): string {
    return textAt(this.#texts, this.#word()) || "(anon)";
  }

  #word(): number {
    const word = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return word;
  }
}

const linkages = ["static", "global", "extern"] as const;

function integerEncoding(word: number): string {
  return { 1: "SIGNED", 2: "CHAR", 4: "BOOL" }[(word >>> 24) & 0xf] ?? "(none)";
}
