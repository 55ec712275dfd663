import { isUtf8 } from "node:buffer";
import { refuse } from "../../datamodel/error.ts";

/** Wire types of protobuf; groups (3 and 4) are refused. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads the protobuf wire format and refuses what is malformed, where common decoders are lenient:
 * varints that overflow, text that is not UTF-8, lengths past the end, groups, field number 0.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  tag(): { number: number; wireType: number } {
    const tag = this.uint32();
    const number = tag >>> 3;
    if (number === 0) throw malformed("field number 0");
    return { number, wireType: tag & 7 };
  }

  /** The low 32 bits of a varint, unsigned; more bits are refused. */
  uint32(): number {
    const { value, ended } = this.#shortVarint();
    if (ended) return value;
    const long = this.#longVarint(BigInt(value));
    if (long > 0xffff_ffffn) throw malformed("a varint exceeds 32 bits");
    return Number(long);
  }

  /** int32 and enum: negative numbers come as ten bytes. */
  int32(): number {
    const { value, ended } = this.#shortVarint();
    if (ended) return value;
    const signed = BigInt.asIntN(64, this.#longVarint(BigInt(value)));
    if (signed < -0x8000_0000n || signed > 0x7fff_ffffn) {
      throw malformed("a varint exceeds 32 bits");
    }
    return Number(signed);
  }

  varint(): bigint {
    const { value, ended } = this.#shortVarint();
    return ended ? BigInt(value) : this.#longVarint(BigInt(value));
  }

  bool(): boolean {
    return this.varint() !== 0n;
  }

  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.subarray(start, this.#at);
  }

  /** A reader of the bytes that follow, without a copy or a view of them. */
  nested(): WireReader {
    const length = this.uint32();
    const start = this.#at;
    this.#skip(length);
    return new WireReader(this.#bytes, start, this.#at);
  }

  text(): string {
    const length = this.uint32();
    const start = this.#at;
    this.#skip(length);
    if (!this.#isAscii(start) && !isUtf8(this.#bytes.subarray(start, this.#at))) {
      throw malformed("a string is not UTF-8");
    }
    return this.#bytes.toString("utf8", start, this.#at);
  }

  #isAscii(start: number): boolean {
    for (let at = start; at < this.#at; at += 1) {
      if ((this.#bytes[at] ?? 0) >= 0x80) return false;
    }
    return true;
  }

  double(): number {
    const start = this.#at;
    this.#skip(8);
    return this.#bytes.readDoubleLE(start);
  }

  float(): number {
    const start = this.#at;
    this.#skip(4);
    return this.#bytes.readFloatLE(start);
  }

  skip(wireType: number): void {
    if (wireType === wireTypes.varint) this.varint();
    else if (wireType === wireTypes.fixed64) this.#skip(8);
    else if (wireType === wireTypes.bytes) this.bytes();
    else if (wireType === wireTypes.fixed32) this.#skip(4);
    else throw malformed(`wire type ${wireType} is not supported`);
  }

  #byte(): number {
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw malformed("it ends in the middle of a field");
    this.#at += 1;
    return byte;
  }

  /** The first 28 bits, which is all there is of most varints. */
  #shortVarint(): { value: number; ended: boolean } {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return { value, ended: true };
    }
    return { value, ended: false };
  }

  #longVarint(low: bigint): bigint {
    let value = low;
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value > 0xffff_ffff_ffff_ffffn) break;
      return value;
    }
    throw malformed("a varint exceeds 64 bits");
  }

  #skip(length: number): void {
    if (length > this.#end - this.#at) throw malformed("it ends in the middle of a field");
    this.#at += length;
  }
}

export function malformed(reason: string) {
  return refuse("malformed-message", "", `the message is malformed: ${reason}`);
}
