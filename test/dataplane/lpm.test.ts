import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalLpmKey, coversLpmKey } from "../../src/dataplane/lpm.ts";

function key(prefixLength: number, address: readonly number[]): Uint8Array {
  return Uint8Array.of(prefixLength, 0, 0, 0, ...address);
}

const address = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
const keys = fc.record({ length: fc.nat(32), address });

function bits(octets: readonly number[], length: number): string {
  return octets
    .map((octet) => octet.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, length);
}

describe("longest-prefix keys", () => {
  it("lose the bits past the prefix and no other", () => {
    fc.assert(
      fc.property(keys, ({ length, address }) => {
        const [prefixLength, , , , ...octets] = canonicalLpmKey(key(length, address));

        assert.equal(prefixLength, length);
        assert.equal(bits(octets, 32), bits(address, length).padEnd(32, "0"));
      }),
    );
  });

  it("cover the keys that begin with their prefix", () => {
    const nested = fc.tuple(keys, keys, fc.boolean()).map(([outer, inner, same]) => ({
      outer,
      inner: same ? { ...inner, address: outer.address } : inner,
    }));
    fc.assert(
      fc.property(nested, ({ outer, inner }) => {
        const expected =
          outer.length <= inner.length &&
          bits(inner.address, inner.length).startsWith(bits(outer.address, outer.length));
        const covers = coversLpmKey(
          key(outer.length, outer.address),
          key(inner.length, inner.address),
        );

        assert.equal(covers, expected);
      }),
    );
  });
});
