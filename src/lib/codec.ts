/**
 * Binary forms of C types, from which the generated row codecs are put together. Byte order is
 * little-endian, that of every machine the daemon runs on, except where a name says `be`.
 */
import { assert } from "./assert.ts";

export interface BinaryCodec<T> {
  readonly size: number;
  /** What it is made of, in words: two codecs of the same form do the same. */
  readonly form: string;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
  /** Encodes into a larger whole that is all zero at this place. */
  write(view: DataView, at: number, value: T): void;
  read(view: DataView, at: number): T;
}

/**
 * Rows are encoded by the hundred thousand: their bytes are cut from common blocks, which costs a
 * third of a buffer for each. A block is given up, never used again, so that rows stay as they are.
 */
const slabSize = 16_384;
let slab = new DataView(new ArrayBuffer(slabSize));
let slabUsed = 0;

function reserve(size: number): number {
  if (slabUsed + size > slab.byteLength) {
    slab = new DataView(new ArrayBuffer(Math.max(slabSize, size)));
    slabUsed = 0;
  }
  const at = slabUsed;
  slabUsed += size;
  return at;
}

function codec<T>(
  { size, form }: { readonly size: number; readonly form: string },
  write: (view: DataView, at: number, value: T) => void,
  read: (view: DataView, at: number) => T,
): BinaryCodec<T> {
  return {
    size,
    form,
    write,
    read,
    encode(value) {
      const at = reserve(size);
      write(slab, at, value);
      return new Uint8Array(slab.buffer, at, size);
    },
    decode(bytes) {
      assert(bytes.length >= size, `a value has ${size} bytes, not ${bytes.length}`);
      return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
    },
  };
}

/** Makes the message only where it is wanted: this runs for every member of every row. */
function assertFits(fits: boolean, value: number | bigint, size: number): void {
  if (!fits) assert(false, `${value} fits ${size} bytes`);
}

type NumberSetter = "setUint8" | "setUint16" | "setUint32" | "setInt8" | "setInt16" | "setInt32";
type NumberGetter = "getUint8" | "getUint16" | "getUint32" | "getInt8" | "getInt16" | "getInt32";

interface IntegerForm {
  readonly size: 1 | 2 | 4;
  readonly min: number;
  readonly set: NumberSetter;
  readonly get: NumberGetter;
}

function integer({ size, min, set, get }: IntegerForm, littleEndian = true): BinaryCodec<number> {
  const max = 2 ** (size * 8) - 1 + min;
  const kind = littleEndian ? (min < 0 ? "i" : "u") : "be";
  return codec(
    { size, form: `${kind}${size * 8}` },
    (view, at, value) => {
      assertFits(Number.isInteger(value) && value >= min && value <= max, value, size);
      view[set](at, value, littleEndian);
    },
    (view, at) => view[get](at, littleEndian),
  );
}

const form16 = { size: 2, min: 0, set: "setUint16", get: "getUint16" } as const;
const form32 = { size: 4, min: 0, set: "setUint32", get: "getUint32" } as const;

export const u8 = integer({ size: 1, min: 0, set: "setUint8", get: "getUint8" });
export const u16 = integer(form16);
export const u32 = integer(form32);
export const i8 = integer({ size: 1, min: -(2 ** 7), set: "setInt8", get: "getInt8" });
export const i16 = integer({ size: 2, min: -(2 ** 15), set: "setInt16", get: "getInt16" });
export const i32 = integer({ size: 4, min: -(2 ** 31), set: "setInt32", get: "getInt32" });
export const be16 = integer(form16, false);
export const be32 = integer(form32, false);

function unsigned64(littleEndian: boolean): BinaryCodec<bigint> {
  return codec(
    { size: 8, form: littleEndian ? "u64" : "be64" },
    (view, at, value) => {
      assertFits(value === BigInt.asUintN(64, value), value, 8);
      view.setBigUint64(at, value, littleEndian);
    },
    (view, at) => view.getBigUint64(at, littleEndian),
  );
}

export const u64 = unsigned64(true);
export const be64 = unsigned64(false);
export const i64 = codec<bigint>(
  { size: 8, form: "i64" },
  (view, at, value) => {
    assertFits(value === BigInt.asIntN(64, value), value, 8);
    view.setBigInt64(at, value, true);
  },
  (view, at) => view.getBigInt64(at, true),
);

export const bool = codec<boolean>(
  { size: 1, form: "bool" },
  (view, at, value) => view.setUint8(at, value ? 1 : 0),
  (view, at) => view.getUint8(at) !== 0,
);

/** Of maps without keys or values. */
export const nothing = codec<undefined>(
  { size: 0, form: "nothing" },
  () => {},
  () => undefined,
);

/** Uninterpreted bytes: addresses. */
export function bytes(length: number): BinaryCodec<Uint8Array> {
  return codec(
    { size: length, form: `u8[${length}]` },
    (view, at, value) => {
      assert(value.length === length, `${value.length} bytes are ${length}`);
      new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
    },
    (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, length).slice(),
  );
}

export function array<T>(element: BinaryCodec<T>, length: number): BinaryCodec<readonly T[]> {
  const { size, form } = element;
  return codec(
    { size: size * length, form: `${form}[${length}]` },
    (view, at, value) => {
      assert(value.length === length, `${value.length} elements are ${length}`);
      for (const [index, item] of value.entries()) element.write(view, at + index * size, item);
    },
    (view, at) => Array.from({ length }, (_, index) => element.read(view, at + index * size)),
  );
}

/** An enum, by the names of its values. */
export function enumeration<N extends string>(
  { size, form, write, read }: BinaryCodec<number>,
  values: Readonly<Record<N, number>>,
): BinaryCodec<N> {
  const names = new Map<number, N>();
  for (const name of Object.keys(values) as N[]) names.set(values[name], name);
  const listed = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  return codec(
    { size, form: `enum ${form} (${listed.join(", ")})` },
    (view, at, name) => write(view, at, values[name]),
    (view, at) => {
      const value = read(view, at);
      const name = names.get(value);
      assert(name !== undefined, `the enum has a name for ${value}`);
      return name;
    },
  );
}

/** Where a member lies and what it is. */
export type Members<T> = {
  readonly [K in keyof T]-?: readonly [offset: number, codec: BinaryCodec<T[K]>];
};

/** Bytes that no member covers are padding: written as zero, not read. */
export function struct<T extends object>(size: number, members: Members<T>): BinaryCodec<T> {
  const names = Object.keys(members) as (keyof T & string)[];
  const listed = names.map((name) => `${name} ${members[name][1].form} at ${members[name][0]}`);
  return codec(
    { size, form: `${size} bytes {${listed.join(", ")}}` },
    (view, at, value) => {
      for (const name of names) {
        const [offset, member] = members[name];
        member.write(view, at + offset, value[name]);
      }
    },
    (view, at) => {
      const value: Partial<T> = {};
      for (const name of names) {
        const [offset, member] = members[name];
        value[name] = member.read(view, at + offset);
      }
      return value as T;
    },
  );
}
