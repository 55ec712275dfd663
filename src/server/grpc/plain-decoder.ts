import type { Place } from "../../datamodel/codec/findings.ts";
import type { Slices } from "../../lib/slices.ts";
import type { DecodeReport, Spot } from "./decode-report.ts";
import { fits, readScalar, wireTypeOf } from "./field-wire.ts";
import type { PlainMessage } from "./leaf-codec.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";
import type { TypeRegistry } from "./type-registry.ts";
import { malformed, WireReader } from "./wire.ts";

/** Messages in messages; the schema bounds ours, this bounds what a sender makes of recursion. */
const depthMax = 100;

/** Fields of one message decoded in one go; each value of a repeated one is a field. */
export const sliceFields = 64;

const requestPlace: Place = () => "";

/** A data node's message in another message, as often as it was given. */
export interface GivenBody {
  readonly field: ProtoField;
  readonly into: PlainMessage;
  readonly parts: Uint8Array[];
}

interface Target {
  readonly into: PlainMessage;
  readonly depth: number;
}

/** Decodes messages that are no data nodes into plain objects, by field name. */
export class PlainDecoder {
  /** Bodies met and not yet decoded: their places are known once the whole message is. */
  readonly bodies: GivenBody[] = [];
  readonly #types: TypeRegistry;
  readonly #report: DecodeReport;

  constructor(types: TypeRegistry, report: DecodeReport) {
    this.#types = types;
    this.#report = report;
  }

  /** In slices of some fields: a transaction's edits are a field each. */
  *decoding(message: ProtoMessage, reader: WireReader, target: Target): Slices<void> {
    for (let count = 1; !reader.done; count += 1) {
      this.#next(message, reader, target);
      if (count % sliceFields === 0) yield;
    }
  }

  #next(message: ProtoMessage, reader: WireReader, target: Target): void {
    const { number, wireType } = reader.tag();
    const field = fieldsOf(message).get(number);
    const spot = { reader, wireType };
    if (field === undefined) this.#report.unknown(message, { number, ...spot }, requestPlace);
    else if (!fits(field, wireType)) this.#report.misfit(field, spot, requestPlace);
    else {
      clearOthers(message, field, target.into);
      this.#field(field, spot, target);
    }
  }

  messageOf({ type }: ProtoField): ProtoMessage {
    return this.#types.message("message" in type ? type.message : "");
  }

  #field(field: ProtoField, spot: Spot, { into, depth }: Target): void {
    const { name } = field;
    if (!field.repeated && !("message" in field.type)) {
      into[name] = this.#scalar(field, spot.reader);
    } else if ("message" in field.type && this.messageOf(field).schema !== undefined) {
      this.#keepBody(field, into, spot.reader.bytes());
    } else if (field.repeated) {
      const values = (into[name] ?? []) as unknown[];
      into[name] = values;
      for (const raw of this.values(field, spot, depth)) values.push(raw);
    } else {
      // A message field given twice is merged (protobuf encoding, "last one wins").
      const before = (into[name] ?? {}) as PlainMessage;
      into[name] = this.#nested(field, spot.reader, { into: before, depth });
    }
  }

  /** A body given twice is merged (protobuf encoding): decoded as one of all their fields. */
  #keepBody(field: ProtoField, into: PlainMessage, bytes: Uint8Array): void {
    const known = this.bodies.find((body) => body.field === field && body.into === into);
    if (known) known.parts.push(bytes);
    else this.bodies.push({ field, into, parts: [bytes] });
  }

  /** One value, or those of a packed field. */
  values(field: ProtoField, spot: Spot, depth: number): unknown[] {
    if ("message" in field.type) return [this.#nested(field, spot.reader, { into: {}, depth })];
    return this.scalars(field, spot);
  }

  #nested(field: ProtoField, reader: WireReader, { into, depth }: Target): PlainMessage {
    const nested = reader.nested();
    refuseTooDeep(depth);
    const message = this.messageOf(field);
    const target = { into, depth: depth + 1 };
    while (!nested.done) this.#next(message, nested, target);
    return into;
  }

  scalars(field: ProtoField, { reader, wireType }: Spot): unknown[] {
    if (wireType === wireTypeOf(field)) return [this.#scalar(field, reader)];
    const packed = new WireReader(reader.bytes());
    const values: unknown[] = [];
    while (!packed.done) values.push(this.#scalar(field, packed));
    return values;
  }

  #scalar(field: ProtoField, reader: WireReader): unknown {
    if ("scalar" in field.type) return readScalar(field.type.scalar, reader);
    const value = reader.int32();
    // Enums of leaves are judged with the leaf, which knows its path.
    if (!field.node && "enum" in field.type) {
      const { values } = this.#types.enum(field.type.enum);
      if (!values.some(({ number }) => number === value)) {
        const message = `${field.name}: enum value ${value} is unknown`;
        this.#report.fault(requestPlace, { tag: "invalid-value", message });
      }
    }
    return value;
  }
}

/** Of a oneof the last field given counts. */
function clearOthers({ fields }: ProtoMessage, { oneof }: ProtoField, into: PlainMessage): void {
  if (oneof === undefined) return;
  for (const other of fields) if (other.oneof === oneof) delete into[other.name];
}

export function refuseTooDeep(depth: number): void {
  if (depth >= depthMax) throw malformed(`messages are nested more than ${depthMax} deep`);
}

/** Messages merge by putting their fields behind one another. */
export function joined(parts: readonly Uint8Array[]): WireReader {
  const [only = new Uint8Array(), ...more] = parts;
  return new WireReader(more.length === 0 ? only : Buffer.concat(parts));
}

const fieldsByMessage = new WeakMap<ProtoMessage, Map<number, ProtoField>>();

/** By number. */
export function fieldsOf(message: ProtoMessage): Map<number, ProtoField> {
  const known = fieldsByMessage.get(message);
  if (known) return known;
  const fields = new Map(message.fields.map((field) => [field.number, field]));
  fieldsByMessage.set(message, fields);
  return fields;
}
