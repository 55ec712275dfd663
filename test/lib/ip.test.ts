import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import {
  formatIpAddress,
  formatIpPrefix,
  parseIpAddress,
  parseIpPrefix,
} from "../../src/lib/ip.ts";

describe("IP addresses", () => {
  // The IPv6 forms are the examples of RFC 5952 §4 and §5.
  const addresses = [
    { text: "192.0.2.1", canonical: "192.0.2.1" },
    { text: "2001:0db8::0001", canonical: "2001:db8::1" },
    { text: "2001:db8:0:0:0:0:2:1", canonical: "2001:db8::2:1" },
    { text: "2001:db8:0:1:1:1:1:1", canonical: "2001:db8:0:1:1:1:1:1" },
    { text: "2001:0:0:1:0:0:0:1", canonical: "2001:0:0:1::1" },
    { text: "2001:db8:0:0:1:0:0:1", canonical: "2001:db8::1:0:0:1" },
    { text: "2001:DB8::ABCD", canonical: "2001:db8::abcd" },
    { text: "::ffff:c000:0201", canonical: "::ffff:192.0.2.1" },
    { text: "64:ff9b::192.0.2.33", canonical: "64:ff9b::c000:221" },
    { text: "0:0:0:0:0:0:0:0", canonical: "::" },
    { text: "1::", canonical: "1::" },
    { text: "1:2:3:4:5:6:7::", canonical: "1:2:3:4:5:6:7:0" },
  ];

  for (const { text, canonical } of addresses) {
    it(`writes ${text} as ${canonical}`, () => {
      const address = parseIpAddress(text);

      assert.equal(address && formatIpAddress(address), canonical);
    });
  }

  const noAddresses = [
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.a",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1::2::3",
    "12345::",
    "1.2.3.4::",
    "::1.2.3",
    "g::",
  ];

  for (const text of noAddresses) {
    it(`finds no address in "${text}"`, () => {
      assert.equal(parseIpAddress(text), undefined);
    });
  }

  it("reads back every IPv6 address it writes, and Node takes it for one", () => {
    const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(sparse, (octets) => {
        const text = formatIpAddress(Uint8Array.from(octets));

        assert.ok(isIPv6(text), text);
        assert.deepEqual(parseIpAddress(text), Uint8Array.from(octets));
      }),
    );
  });
});

describe("IP prefixes", () => {
  const prefixes = [
    { text: "10.1.2.3/8", canonical: "10.0.0.0/8" },
    { text: "10.1.2.255/25", canonical: "10.1.2.128/25" },
    { text: "10.1.2.3/32", canonical: "10.1.2.3/32" },
    { text: "255.255.255.255/0", canonical: "0.0.0.0/0" },
    { text: "2001:db8:ffff::1/33", canonical: "2001:db8:8000::/33" },
    { text: "::1/128", canonical: "::1/128" },
  ];

  for (const { text, canonical } of prefixes) {
    it(`clears the host bits of ${text}`, () => {
      const prefix = parseIpPrefix(text);

      assert.equal(prefix && formatIpPrefix(prefix), canonical);
    });
  }

  for (const text of ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/8"]) {
    it(`finds no prefix in "${text}"`, () => {
      assert.equal(parseIpPrefix(text), undefined);
    });
  }
});
