import assert from "node:assert/strict";
import { checksum, packet } from "./packet.ts";

const A = "02:00:00:00:00:0a";
const B = "02:00:00:00:00:0b";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("packet builder", () => {
  it("builds the header of RFC 1071's kind of example with its known checksum", () => {
    const bytes = packet()
      .ethernet(A, B)
      .ipv4("192.168.0.1", "192.168.0.199")
      .udp(53, 53)
      .payload(new Uint8Array(87))
      .bytes();

    // The header of en.wikipedia.org/wiki/Internet_checksum: protocol 17, length 115, sum b861.
    assert.equal(hex(bytes.subarray(14, 34)), "4500007300004000" + "4011b861c0a80001c0a800c7");
  });

  const frames = [
    {
      title: "UDP over IPv4",
      frame: packet().ethernet(A, B).ipv4("192.0.2.1", "192.0.2.2"),
      ip: 4,
    },
    { title: "UDP over IPv6", frame: packet().ethernet(A, B).ipv6("2001:db8::1", "::1"), ip: 6 },
  ];
  for (const { title, frame, ip } of frames) {
    for (const payload of ["", "odd", "even"]) {
      it(`gives ${title} with payload "${payload}" checksums that verify`, () => {
        const bytes = frame.udp(1000, 2000).payload(payload).bytes();

        const network = bytes.subarray(14, 14 + (ip === 4 ? 20 : 40));
        const length = 8 + payload.length;
        const transport = bytes.subarray(14 + network.length, 14 + network.length + length);
        const addresses = network.subarray(ip === 4 ? 12 : 8);
        const pseudo = [...addresses, 0, 17, length >> 8, length & 0xff];
        if (ip === 4) assert.equal(checksum(network), 0);
        assert.equal(checksum(Uint8Array.from([...pseudo, ...transport])), 0);
      });
    }
  }

  it("names each layer in the one before it", () => {
    const bytes = packet()
      .ethernet(A, B)
      .vlan(100)
      .ipv4("192.0.2.1", "192.0.2.2")
      .tcp(1, 2)
      .bytes();

    assert.equal(hex(bytes.subarray(0, 18)), "02000000000b02000000000a810000640800");
    assert.equal(bytes[18 + 9], 6);
  });

  it("pads short frames", () => {
    const frame = packet().ethernet(A, B).arp({ mac: A, ip: "192.0.2.1" }, { ip: "192.0.2.2" });

    assert.equal(frame.bytes().length, 60);
    assert.equal(hex(frame.bytes().subarray(12, 22)), "08060001080006040001");
  });
});
