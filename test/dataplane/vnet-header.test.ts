import assert from "node:assert/strict";
import { vnetHeader } from "../../src/dataplane/vnet-header.ts";
import { type Packet, packet } from "../support/packet.ts";

const ethernet = packet().ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b");
const ipv4 = ethernet.ipv4("192.0.2.1", "192.0.2.2");
const ipv6 = ethernet.ipv6("2001:db8::1", "2001:db8::2");
const payload = new Uint8Array(3000).fill(7);

/** As a sender leaves it to its device: the checksum is that of the pseudo header. */
function unfinished(frame: Uint8Array, { start, at }: { start: number; at: number }): Uint8Array {
  const isIpv6 = frame[12] === 0x86;
  const [from, to] = isIpv6 ? [22, 54] : [26, 34];
  const bytes = Buffer.from(frame);
  let sum = (at === 6 ? 17 : 6) + frame.length - start;
  for (let word = from; word < to; word += 2) sum += bytes.readUInt16BE(word);
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  bytes.writeUInt16BE(sum, start + at);
  return bytes;
}

/** struct virtio_net_hdr */
function fields(header: Uint8Array) {
  const bytes = Buffer.from(header);
  const [, gsoType] = bytes;
  const [length, segmentSize, start, offset] = [2, 4, 6, 8].map((at) => bytes.readUInt16LE(at));
  return { flags: bytes[0], gsoType, length, segmentSize, start, offset };
}

const nothing = { flags: 0, gsoType: 0, length: 0, segmentSize: 0, start: 0, offset: 0 };
const tcp = { at: 16, size: 20, build: (ip: Packet) => ip.tcp(1, 2) };
const udp = { at: 6, size: 8, build: (ip: Packet) => ip.udp(1, 2) };

describe("what the stack has still to do with a frame", () => {
  for (const [name, ip, start, transport, gsoType] of [
    ["TCP over IPv4", ipv4, 34, tcp, 1],
    ["TCP over IPv6", ipv6, 54, tcp, 4],
    ["UDP over IPv4", ipv4, 34, udp, 5],
    ["UDP over IPv6", ipv6, 54, udp, 5],
  ] as const) {
    const whole = transport.build(ip).payload(payload).bytes();
    const begun = unfinished(whole, { start, at: transport.at });
    const checksum = { ...nothing, flags: 1, start, offset: transport.at };

    it(`is the checksum of ${name} if it was left to be done`, () => {
      assert.deepEqual(fields(vnetHeader(begun, 0)), checksum);
    });

    it(`is to cut ${name} into segments, if it is longer than one`, () => {
      const length = start + transport.size;
      const cut = { ...checksum, gsoType, length, segmentSize: 1400 };
      assert.deepEqual(fields(vnetHeader(begun, 1400)), cut);
      assert.deepEqual(fields(vnetHeader(begun, 3000)), checksum);
    });

    it(`is nothing for ${name} with a checksum, right or wrong`, () => {
      const wrong = Buffer.from(whole);
      wrong.writeUInt16BE(0x1234, start + transport.at);
      for (const frame of [whole, wrong]) assert.deepEqual(fields(vnetHeader(frame, 0)), nothing);
    });

    it(`is nothing for ${name} cut off anywhere`, () => {
      for (let end = 0; end < start + transport.size; end++) {
        assert.deepEqual(fields(vnetHeader(begun.subarray(0, end), 1400)), nothing);
      }
    });
  }

  it("is found behind two tags", () => {
    const tags = packet().ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b").vlan(7).vlan(8);
    const segment = ipv4.tcp(1, 2).payload(payload).bytes();
    const untagged = unfinished(segment, { start: 34, at: 16 });
    const head = tags.ipv4("192.0.2.1", "192.0.2.2").tcp(1, 2).bytes().subarray(0, 22);
    const frame = Buffer.concat([head, untagged.subarray(14)]);

    assert.deepEqual(fields(vnetHeader(frame, 0)), { ...nothing, flags: 1, start: 42, offset: 16 });
  });

  it("is nothing for a fragment, and for what has no TCP or UDP", () => {
    const segment = ipv4.tcp(1, 2).payload(payload).bytes();
    const fragment = Buffer.from(unfinished(segment, { start: 34, at: 16 }));
    fragment.writeUInt16BE(0x2000, 20);

    assert.deepEqual(fields(vnetHeader(fragment, 0)), nothing);
    assert.deepEqual(fields(vnetHeader(ipv4.echo(1, 1).bytes(), 1400)), nothing);
  });
});
