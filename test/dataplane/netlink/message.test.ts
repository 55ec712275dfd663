import assert from "node:assert/strict";
import fc from "fast-check";
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
