import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeAddress, decodeNeighbour } from "../../../src/dataplane/netlink/address-message.ts";
import { decodeLink } from "../../../src/dataplane/netlink/link-message.ts";
import {
  decodeAttributes,
  decodeMessages,
  encodeAttribute,
  encodeMessage,
  encodeText,
  encodeU32,
  type NetlinkMessage,
  numberOf,
  textOf,
} from "../../../src/dataplane/netlink/message.ts";
import { decodeFamily, decodeXdpFeatures } from "../../../src/dataplane/netlink/netdev-message.ts";

const RTM_NEWLINK = 16;
const AF_BRIDGE = 7;

/** RTM_NEWLINK of a veth that is up, promiscuous and has its carrier. */
function veth(family = 0): NetlinkMessage {
  const head = Buffer.alloc(16);
  head[0] = family;
  head.writeInt32LE(7, 4);
  head.writeUInt32LE(0x1 | 0x100, 8);
  const payload = Buffer.concat([
    head,
    encodeAttribute(3, encodeText("veth0")),
    encodeAttribute(1, Uint8Array.of(2, 0, 0, 0, 0, 0xab)),
    encodeAttribute(4, encodeU32(1400)),
    encodeAttribute(16, Uint8Array.of(6)),
    encodeAttribute(18, encodeAttribute(1, encodeText("veth"))),
  ]);
  return { type: RTM_NEWLINK, flags: 0, sequence: 1, payload };
}

/** Of whole words: what pads a payload belongs to the datagram. */
const payload = fc.uint8Array({ maxLength: 64 }).map((bytes) => {
  return bytes.subarray(0, bytes.length & ~3);
});

const messages = fc.array(
  fc.record(
    { type: fc.nat(0xffff), flags: fc.nat(0xffff), sequence: fc.nat(), payload },
    { noNullPrototype: true },
  ),
);

describe("netlink messages", () => {
  it("come back from their encoding", () => {
    fc.assert(
      fc.property(messages, (sent) => {
        const datagram = Uint8Array.from(Buffer.concat(sent.map(encodeMessage)));

        assert.deepEqual(decodeMessages(datagram), sent);
      }),
    );
  });

  it("have attributes that come back, of any length", () => {
    const list = fc.uniqueArray(fc.tuple(fc.nat(0x3fff), fc.uint8Array({ maxLength: 40 })), {
      selector: ([type]) => type,
    });
    fc.assert(
      fc.property(list, (sent) => {
        const encoded = Buffer.concat(sent.map(([type, value]) => encodeAttribute(type, value)));

        assert.deepEqual([...decodeAttributes(Uint8Array.from(encoded))], sent);
      }),
    );
  });

  it("are read without a fault whatever the bytes", () => {
    const decoders = [decodeLink, decodeXdpFeatures, decodeFamily];
    const seed = Buffer.from(encodeMessage(veth()));
    const damaged = fc
      .tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(seed.length))
      .map(([at, value, length]) => {
        const copy = Uint8Array.from(seed);
        copy[at] = value;
        return copy.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        const raw = { type: RTM_NEWLINK, flags: 0, sequence: 0, payload: bytes };
        for (const message of [raw, ...decodeMessages(bytes)]) {
          for (const decode of decoders) decode(message);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("give numbers by the size of the attribute, and none for a size that is no number's", () => {
    const attributes = new Map(
      [1, 2, 4, 8, 3].map((size) => [size, new Uint8Array(size).fill(1, 0, 1)]),
    );

    const numbers = [1, 2, 4, 8, 3, 99].map((type) => numberOf(attributes, type));

    assert.deepEqual(numbers, [1, 1, 1, 1, undefined, undefined]);
  });

  it("give text up to the NUL", () => {
    const attributes = new Map([[1, Buffer.from("abc\0def")]]);

    assert.equal(textOf(attributes, 1), "abc");
  });
});

describe("link messages", () => {
  it("become devices", () => {
    assert.deepEqual(decodeLink(veth()), {
      isPresent: true,
      link: {
        ifindex: 7,
        name: "veth0",
        mac: "02:00:00:00:00:ab",
        up: true,
        running: true,
        mtu: 1400,
        kind: "veth",
        loopback: false,
        promiscuous: true,
      },
    });
  });

  it("say a device is gone", () => {
    assert.equal(decodeLink({ ...veth(), type: 17 })?.isPresent, false);
  });

  it("of bridge ports and of other types say nothing about devices", () => {
    assert.equal(decodeLink(veth(AF_BRIDGE)), undefined);
    assert.equal(decodeLink({ ...veth(), type: 20 }), undefined);
  });
});

describe("address messages", () => {
  const head = (...octets: number[]) => Uint8Array.from(octets);
  const ipv4 = Uint8Array.of(198, 51, 100, 1);
  const message = (type: number, ...parts: Uint8Array[]): NetlinkMessage => ({
    type,
    flags: 0,
    sequence: 1,
    payload: Buffer.concat(parts),
  });

  it("become addresses", () => {
    const added = message(20, head(2, 24, 0, 0, 7, 0, 0, 0), encodeAttribute(1, ipv4));
    const entry = { ifindex: 7, address: "198.51.100.1", prefixLength: 24 };

    assert.deepEqual(decodeAddress(added), { isPresent: true, entry });
    assert.deepEqual(decodeAddress({ ...added, type: 21 }), { isPresent: false, entry });
  });

  it("become neighbours, with a MAC only while the kernel would use it", () => {
    const mac = Uint8Array.of(2, 0, 0, 0, 0, 9);
    const attributes = [encodeAttribute(1, ipv4), encodeAttribute(2, mac)];
    const inState = (state: number) =>
      decodeNeighbour(message(28, head(2, 0, 0, 0, 7, 0, 0, 0, state, 0, 0, 0), ...attributes));

    for (const [state, known] of [
      [0x01, undefined],
      [0x02, "02:00:00:00:00:09"],
      [0x04, "02:00:00:00:00:09"],
      [0x20, undefined],
      [0x80, "02:00:00:00:00:09"],
    ] as const) {
      const entry = { ifindex: 7, address: "198.51.100.1", mac: known };
      assert.deepEqual(inState(state), { isPresent: true, entry });
    }
  });

  it("of other families, sizes and types say nothing", () => {
    const address = head(2, 24, 0, 0, 7, 0, 0, 0);
    const neighbour = head(7, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0);
    const none = [
      decodeAddress(message(16, address, encodeAttribute(1, ipv4))),
      decodeAddress(message(20, address)),
      decodeAddress(message(20, address, encodeAttribute(1, Uint8Array.of(1, 2, 3)))),
      decodeAddress(message(20, address.subarray(0, 4))),
      decodeNeighbour(message(28, neighbour, encodeAttribute(1, ipv4))),
      decodeNeighbour(message(28, neighbour.subarray(0, 8))),
    ];

    assert.deepEqual(none, [undefined, undefined, undefined, undefined, undefined, undefined]);
  });

  it("are read without a fault whatever the bytes", () => {
    const types = fc.constantFrom(20, 21, 28, 29);
    fc.assert(
      fc.property(types, fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
        decodeAddress(message(type, bytes));
        decodeNeighbour(message(type, bytes));
      }),
    );
  });
});
