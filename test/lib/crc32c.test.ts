import assert from "node:assert/strict";
import fc from "fast-check";
import { crc32c } from "../../src/lib/crc32c.ts";

describe("crc32c", () => {
  // The 32-byte vectors are RFC 3720 §B.4; "123456789" is the check value of the CRC catalogue.
  const cases = [
    { name: "nothing", bytes: Buffer.alloc(0), crc: 0 },
    { name: '"123456789"', bytes: Buffer.from("123456789"), crc: 0xe3069283 },
    { name: "32 bytes of zeros", bytes: Buffer.alloc(32), crc: 0x8a9136aa },
    { name: "32 bytes of ones", bytes: Buffer.alloc(32, 0xff), crc: 0x62a8ab43 },
    { name: "0 to 31", bytes: Buffer.from([...Array(32).keys()]), crc: 0x46dd794e },
    { name: "31 to 0", bytes: Buffer.from([...Array(32).keys()].reverse()), crc: 0x113fdb5c },
  ];

  for (const { name, bytes, crc } of cases) {
    it(`of ${name} is ${crc.toString(16)}`, () => {
      assert.equal(crc32c(bytes), crc);
    });
  }

  it("continues from the checksum of the bytes before, wherever they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (bytes, cut) => {
        assert.equal(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
      }),
    );
  });
});
