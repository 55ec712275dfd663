import type { ProtoField, ProtoScalar } from "./proto-model.ts";
import { type WireReader, wireTypes } from "./wire.ts";

/** Whether a field may come in this wire type: repeated numbers may be packed, many in one. */
export function fits(field: ProtoField, wireType: number): boolean {
  if (wireType === wireTypeOf(field)) return true;
  return field.repeated === true && wireType === wireTypes.bytes;
}

export function wireTypeOf({ type }: ProtoField): number {
  if ("message" in type) return wireTypes.bytes;
  return scalarWire["scalar" in type ? type.scalar : "enum"];
}

export function readScalar(scalar: ProtoScalar, reader: WireReader): unknown {
  return readers[scalar](reader);
}

const scalarWire: Record<ProtoScalar | "enum", number> = {
  bool: wireTypes.varint,
  enum: wireTypes.varint,
  int32: wireTypes.varint,
  int64: wireTypes.varint,
  sint32: wireTypes.varint,
  sint64: wireTypes.varint,
  uint32: wireTypes.varint,
  uint64: wireTypes.varint,
  double: wireTypes.fixed64,
  float: wireTypes.fixed32,
  bytes: wireTypes.bytes,
  string: wireTypes.bytes,
};

const readers: Record<ProtoScalar, (reader: WireReader) => unknown> = {
  bool: (reader) => reader.bool(),
  bytes: (reader) => reader.bytes(),
  double: (reader) => reader.double(),
  float: (reader) => reader.float(),
  int32: (reader) => reader.int32(),
  int64: (reader) => BigInt.asIntN(64, reader.varint()),
  sint32: (reader) => Number(zigzag(reader.varint())),
  sint64: (reader) => zigzag(reader.varint()),
  string: (reader) => reader.text(),
  uint32: (reader) => reader.uint32(),
  uint64: (reader) => reader.varint(),
};

function zigzag(value: bigint): bigint {
  return (value >> 1n) ^ -(value & 1n);
}
