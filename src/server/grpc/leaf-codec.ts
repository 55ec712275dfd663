import { valueType } from "../../datamodel/schema/compile-type.ts";
import type { IrType } from "../../datamodel/schema/ir.ts";
import type { LeafListSchema, LeafSchema, Schema } from "../../datamodel/schema/schema.ts";
import { type LeafValue, ValueError, type ValueType } from "../../datamodel/schema/value-type.ts";
import { assert } from "../../lib/assert.ts";
import { memberTypes } from "./leaf-form.ts";
import { snakeCase } from "./naming.ts";
import type { ProtoEnum, ProtoField, ProtoMessage } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";

/** A message without a data node: values by field name. */
export interface PlainMessage {
  [field: string]: unknown;
}

/**
 * One value of a leaf between its protobuf form (number, bigint, string, bytes, plain message; an
 * array for bits) and its canonical form, by way of RFC 7951 JSON, which the type itself checks.
 */
export interface LeafCodec {
  /** @throws ValueError */
  fromProto(raw: unknown): LeafValue;
  toProto(value: LeafValue): unknown;
}

export class LeafCodecs {
  readonly #types: TypeRegistry;
  readonly #schema: Schema;
  readonly #known = new WeakMap<LeafSchema | LeafListSchema, LeafCodec>();

  constructor(types: TypeRegistry, schema: Schema) {
    this.#types = types;
    this.#schema = schema;
  }

  /** The codec of a leaf, or of each value of a leaf-list. */
  of(node: LeafSchema | LeafListSchema, field: ProtoField): LeafCodec {
    const known = this.#known.get(node);
    if (known) return known;
    const form = this.#form(node.ir.type, field, node.ir.module);
    const { type } = node;
    const made: LeafCodec = {
      fromProto: (raw) => type.fromJson(form.json(raw)),
      toProto: (value) => form.proto(type.toJson(value), value),
    };
    this.#known.set(node, made);
    return made;
  }

  #form(type: IrType, field: ProtoField, module: string): JsonForm {
    if (type.base === "leafref") return this.#form(type.type, field, module);
    if ("enum" in field.type) return enumForm(this.#types.enum(field.type.enum), type.base);
    if (type.base === "union" && "message" in field.type) {
      return this.#unionForm(type, this.#types.message(field.type.message), module);
    }
    return simpleForms[type.base] ?? sameForm;
  }

  #unionForm(union: IrType, message: ProtoMessage, module: string): JsonForm {
    const types = memberTypes(union);
    const members = types.map((type) => {
      const field = message.fields.find(({ name }) => name === snakeCase(type.base));
      assert(field, `union message ${message.fullName} has a member for ${type.base}`);
      const accepts = valueType(type, this.#schema.derivedIdentities, module);
      return { field, accepts, form: this.#form(type, field, module) };
    });
    return {
      json: (raw) => {
        const plain = raw as PlainMessage;
        const member = members.find(({ field }) => plain[field.name] !== undefined);
        if (member === undefined) throw new ValueError("no member of the union is set");
        return member.form.json(plain[member.field.name]);
      },
      proto: (json, value) => {
        const member = members.find(({ accepts }) => holds(accepts, json, value));
        assert(member, "a canonical value is accepted by a member of its union");
        return { [member.field.name]: member.form.proto(json, value) };
      },
    };
  }
}

/** How a value goes between protobuf and RFC 7951 JSON, without judging it. */
interface JsonForm {
  json(raw: unknown): unknown;
  proto(json: unknown, value: LeafValue): unknown;
}

function holds(type: ValueType, json: unknown, value: LeafValue): boolean {
  try {
    return type.fromJson(json) === value;
  } catch (error) {
    if (error instanceof ValueError) return false;
    throw error;
  }
}

const sameForm: JsonForm = { json: (raw) => raw, proto: (json) => json };
const textInteger: JsonForm = { json: String, proto: (json) => BigInt(json as string) };

const simpleForms: Partial<Record<IrType["base"], JsonForm>> = {
  int64: textInteger,
  uint64: textInteger,
  binary: {
    json: (raw) => Buffer.from(raw as Uint8Array).toString("base64"),
    proto: (json) => Buffer.from(json as string, "base64"),
  },
  empty: { json: () => [null], proto: () => ({}) },
  decimal64: { json: decimalText, proto: (json) => decimalMessage(json as string) },
};

function enumForm({ values }: ProtoEnum, base: IrType["base"]): JsonForm {
  const names = new Map(values.map(({ number, yang }) => [number, yang]));
  const numbers = new Map(values.map(({ number, yang }) => [yang, number]));
  const nameOf = (number: unknown): string => {
    const name = names.get(number as number);
    if (name === undefined) throw new ValueError(`enum value ${number} is not in the model`);
    return name;
  };
  if (base !== "bits") return { json: nameOf, proto: (json) => numbers.get(json as string) };
  return {
    json: (raw) => (raw as readonly number[]).map(nameOf).join(" "),
    proto: (json) => {
      const set = (json as string).split(" ").filter((bit) => bit !== "");
      return set.map((bit) => numbers.get(bit));
    },
  };
}

/** RFC 7950 §9.3.4: fraction-digits is at most 18. */
const fractionDigitsMax = 18;

function decimalText(raw: unknown): string {
  const { digits = 0n, fraction_digits: fraction = 0 } = raw as {
    digits?: bigint;
    fraction_digits?: number;
  };
  if (fraction > fractionDigitsMax) {
    throw new ValueError(`${fraction} fraction digits are more than ${fractionDigitsMax}`);
  }
  const sign = digits < 0n ? "-" : "";
  const text = (digits < 0n ? -digits : digits).toString().padStart(fraction + 1, "0");
  const whole = text.slice(0, text.length - fraction);
  return `${sign}${whole}.${text.slice(text.length - fraction) || "0"}`;
}

function decimalMessage(text: string): PlainMessage {
  const [whole = "0", fraction = ""] = text.split(".");
  return { digits: BigInt(whole + fraction), fraction_digits: fraction.length };
}
