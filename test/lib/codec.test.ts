import assert from "node:assert/strict";
import fc from "fast-check";
import {
  array,
  type BinaryCodec,
  be16,
  be32,
  be64,
  bool,
  bytes,
  enumeration,
  i8,
  i16,
  i32,
  i64,
  nothing,
  struct,
  u8,
  u16,
  u32,
  u64,
} from "../../src/lib/codec.ts";

const hex = (encoded: Uint8Array) => Buffer.from(encoded).toString("hex");

interface Sample {
  readonly kind: "one" | "two";
  readonly port: number;
  readonly mac: Uint8Array;
  readonly counts: readonly bigint[];
}

const sample = struct<Sample>(32, {
  kind: [0, enumeration(u8, { one: 1, two: 2 })],
  port: [2, be16],
  mac: [4, bytes(6)],
  counts: [16, array(u64, 2)],
});

describe("codecs", () => {
  const numbers = [
    { name: "u8", codec: u8, value: 0xfe, encoded: "fe" },
    { name: "u16", codec: u16, value: 0x1234, encoded: "3412" },
    { name: "u32", codec: u32, value: 0xfffffffe, encoded: "feffffff" },
    { name: "i8", codec: i8, value: -128, encoded: "80" },
    { name: "i16", codec: i16, value: -2, encoded: "feff" },
    { name: "i32", codec: i32, value: -2, encoded: "feffffff" },
    { name: "be16", codec: be16, value: 0x0800, encoded: "0800" },
    { name: "be32", codec: be32, value: 0xc0000201, encoded: "c0000201" },
  ];

  for (const { name, codec, value, encoded } of numbers) {
    it(`${name} writes ${value} as ${encoded} and reads it back`, () => {
      assert.equal(hex(codec.encode(value)), encoded);
      assert.equal(codec.decode(codec.encode(value)), value);
    });
  }

  const bigs = [
    { name: "u64", codec: u64, value: 2n ** 64n - 2n, encoded: "feffffffffffffff" },
    { name: "i64", codec: i64, value: -2n, encoded: "feffffffffffffff" },
    { name: "be64", codec: be64, value: 1n, encoded: "0000000000000001" },
  ];

  for (const { name, codec, value, encoded } of bigs) {
    it(`${name} writes ${value} as ${encoded} and reads it back`, () => {
      assert.equal(hex(codec.encode(value)), encoded);
      assert.equal(codec.decode(codec.encode(value)), value);
    });
  }

  it("write padding as zero", () => {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);

    const encoded = sample.encode({ kind: "two", port: 80, mac, counts: [1n, 2n] });

    assert.equal(
      hex(encoded),
      `02000050${"020000000001"}${"000000000000"}0100000000000000${"0200000000000000"}`,
    );
  });

  it("read what they wrote, for any struct", () => {
    const arbitrary = fc.record({
      kind: fc.constantFrom("one" as const, "two" as const),
      port: fc.integer({ min: 0, max: 0xffff }),
      mac: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      counts: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 2, maxLength: 2 }),
    });

    fc.assert(
      fc.property(arbitrary, (value) => {
        assert.deepEqual(sample.decode(sample.encode(value)), { ...value });
      }),
    );
  });

  it("read from the middle of a larger buffer and keep no hold of it", () => {
    const buffer = Uint8Array.of(9, 9, 1, 2, 3);
    const decoded = bytes(3).decode(buffer.subarray(2));

    buffer.fill(0);

    assert.deepEqual(decoded, Uint8Array.of(1, 2, 3));
  });

  it("have no bytes for nothing and one for a boolean", () => {
    assert.equal(nothing.encode(undefined).length, 0);
    assert.deepEqual([hex(bool.encode(true)), bool.decode(Uint8Array.of(0))], ["01", false]);
  });

  const misfits: readonly { title: string; run: () => unknown }[] = [
    { title: "256 in a byte", run: () => u8.encode(256) },
    { title: "a fraction", run: () => u32.encode(1.5) },
    { title: "a negative unsigned number", run: () => u64.encode(-1n) },
    { title: "2^63 signed", run: () => i64.encode(2n ** 63n) },
    { title: "five bytes for six", run: () => bytes(6).encode(new Uint8Array(5)) },
    { title: "one element for two", run: () => array(u8, 2).encode([1]) },
    { title: "a value the enum has no name for", run: () => modes.decode(Uint8Array.of(7)) },
    { title: "a buffer that is too short", run: () => u32.decode(new Uint8Array(3)) },
  ];
  const modes: BinaryCodec<"on"> = enumeration(u8, { on: 1 });

  for (const { title, run } of misfits) {
    it(`refuse ${title}`, () => {
      assert.throws(run, /assertion failed/);
    });
  }
});
