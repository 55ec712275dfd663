/** A C type as TypeScript: its type, its codec, and the declarations both refer to. */
import type {
  Btf,
  BtfEnum,
  BtfInt,
  BtfMember,
  BtfStruct,
  BtfType,
} from "../../src/dataplane/btf/btf.ts";
import { isPadding } from "../../src/dataplane/btf/form.ts";
import { camelCase, enumNames, pascalCase, property } from "../../src/dataplane/btf/names.ts";

/** How a value of some type is written in a generated file. */
export interface TypeText {
  /** `number`, `readonly bigint[]`, `Hop`. */
  readonly type: string;
  /** `u32`, `array(u64, 16)`, `hop`. */
  readonly codec: string;
}

/** A declaration, and the names from lib/codec.ts and of other declarations it uses. */
export interface Declaration {
  /** C tag: `simplebridge_fdb_key`. */
  readonly tag: string;
  readonly text: string;
  readonly codecs: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

const wireOrder: Readonly<Record<string, TypeText>> = {
  __be16: { type: "number", codec: "be16" },
  __be32: { type: "number", codec: "be32" },
  __be64: { type: "bigint", codec: "be64" },
};

/** Writes types of one object and gathers the structs and enums they need. */
export class TypeWriter {
  readonly declarations = new Map<string, Declaration>();
  readonly #btf: Btf;
  #codecs = new Set<string>();
  #tags = new Set<string>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Codecs and declarations used by what is written in the callback. */
  collect<T>(write: () => T): { value: T; codecs: Set<string>; tags: Set<string> } {
    const outer = [this.#codecs, this.#tags] as const;
    const codecs = new Set<string>();
    const tags = new Set<string>();
    this.#codecs = codecs;
    this.#tags = tags;
    const value = write();
    [this.#codecs, this.#tags] = outer;
    return { value, codecs, tags };
  }

  /** `what` names the place in messages: `member mode of struct x`. */
  write(id: number, what: string): TypeText {
    const named = this.#wireOrder(id);
    if (named) return this.#use(named);
    const type = this.#btf.resolve(id);
    switch (type.kind) {
      case "INT":
        return this.#use(integerText(type, what));
      case "ENUM":
        return this.#enumeration(type, type.size, what);
      case "STRUCT":
        return this.#struct(type, what);
      case "ARRAY":
        return this.#array(type.type_id, type.nr_elems, what);
      default:
        throw new Error(`${what}: a ${type.kind} has no form in TypeScript`);
    }
  }

  /** What a map without keys or values has. */
  nothing(): TypeText {
    return this.#use({ type: "undefined", codec: "nothing" });
  }

  /** Declares a struct or enum that is not written anywhere. */
  declare(id: number, what: string): void {
    const type = this.#btf.resolve(id);
    if (type.kind === "ENUM") this.#declareEnum(type, what);
    else this.write(id, what);
  }

  #wireOrder(id: number): TypeText | undefined {
    const type = this.#btf.type(id);
    switch (type.kind) {
      case "TYPEDEF":
        return wireOrder[type.name] ?? this.#wireOrder(type.type_id);
      case "CONST":
      case "VOLATILE":
        return this.#wireOrder(type.type_id);
      default:
        return undefined;
    }
  }

  #use(text: TypeText): TypeText {
    this.#codecs.add(text.codec);
    return text;
  }

  #array(element: number, length: number, what: string): TypeText {
    const type = this.#btf.resolve(element);
    if (type.kind === "INT" && type.size === 1 && this.#wireOrder(element) === undefined) {
      this.#codecs.add("bytes");
      return { type: "Uint8Array", codec: `bytes(${length})` };
    }
    const inner = this.write(element, what);
    this.#codecs.add("array");
    return { type: `readonly ${inner.type}[]`, codec: `array(${inner.codec}, ${length})` };
  }

  #enumeration(type: BtfEnum, size: number, what: string): TypeText {
    const base = `u${size * 8}`;
    this.#declareEnum(type, what);
    this.#codecs.add("enumeration").add(base);
    return { type: pascalCase(type.name), codec: `enumeration(${base}, ${camelCase(type.name)})` };
  }

  #struct(type: BtfStruct, what: string): TypeText {
    const tag = tagOf(type, what);
    if (!this.declarations.has(tag)) {
      const { value: text, codecs, tags } = this.collect(() => this.#structText(type));
      this.declarations.set(tag, { tag, text, codecs, tags });
    }
    this.#tags.add(tag);
    return { type: pascalCase(tag), codec: camelCase(tag) };
  }

  #structText({ name, size, members }: BtfStruct): string {
    const written = members
      .filter((member) => !isPadding(member))
      .map((member) => {
        const { type, codec } = this.#member(member, `member ${member.name} of struct ${name}`);
        const prop = property(camelCase(member.name));
        return { prop, type, codec, offset: member.bits_offset / 8 };
      });
    this.#codecs.add("struct");
    return [
      `export interface ${pascalCase(name)} {`,
      ...written.map(({ prop, type }) => `  readonly ${prop}: ${type};`),
      "}",
      "",
      `export const ${camelCase(name)} = struct<${pascalCase(name)}>(${size}, {`,
      ...written.map(({ prop, offset, codec }) => `  ${prop}: [${offset}, ${codec}],`),
      "});",
    ].join("\n");
  }

  #member({ name, type_id, bits_offset, bitfield_size = 0 }: BtfMember, what: string): TypeText {
    if (name === "(anon)") throw new Error(`${what}: an anonymous member has no name to go by`);
    if (bitfield_size === 0) return this.write(type_id, what);
    const type = this.#btf.resolve(type_id);
    if (bits_offset % 8 !== 0 || ![8, 16, 32].includes(bitfield_size) || type.kind !== "ENUM") {
      throw new Error(`${what}: bit fields can be enums of 8, 16 or 32 bits only`);
    }
    return this.#enumeration(type, bitfield_size / 8, what);
  }

  #declareEnum(type: BtfEnum, what: string): void {
    const tag = tagOf(type, what);
    this.#tags.add(tag);
    if (this.declarations.has(tag)) return;
    const names = enumNames(type.values.map(({ name }) => name));
    const lines = type.values.map(({ val }, index) => `  ${property(names[index] ?? "")}: ${val},`);
    const text = [
      `export const ${camelCase(tag)} = {`,
      ...lines,
      "} as const;",
      "",
      `export type ${pascalCase(tag)} = keyof typeof ${camelCase(tag)};`,
    ].join("\n");
    this.declarations.set(tag, { tag, text, codecs: new Set(), tags: new Set() });
  }
}

function tagOf({ kind, name }: BtfType, what: string): string {
  if (name === "(anon)") throw new Error(`${what}: an anonymous ${kind.toLowerCase()} has no name`);
  return name;
}

function integerText({ size, encoding, name }: BtfInt, what: string): TypeText {
  if (encoding === "BOOL") return { type: "boolean", codec: "bool" };
  if (![1, 2, 4, 8].includes(size)) throw new Error(`${what}: no codec for ${name}`);
  const sign = encoding === "SIGNED" ? "i" : "u";
  return { type: size === 8 ? "bigint" : "number", codec: `${sign}${size * 8}` };
}
