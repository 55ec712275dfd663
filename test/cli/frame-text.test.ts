import assert from "node:assert/strict";
import { frameText } from "../../src/cli/frame-text.ts";
import { type Packet, packet } from "../support/packet.ts";

const a = "02:00:00:00:00:0a";
const b = "02:00:00:00:00:0b";
const macs = `${a} > ${b}`;
const frame = packet().ethernet(a, b);
const ipv4 = frame.ipv4("192.0.2.1", "192.0.2.2");
const ipv6 = frame.ipv6("2001:db8::1", "2001:db8::2");

/** With some bytes overwritten, from an offset on. */
function altered(made: Packet, at: number, ...values: number[]): Uint8Array {
  const bytes = made.bytes();
  bytes.set(values, at);
  return bytes;
}

describe("a frame in one line", () => {
  const cases: readonly { head: Uint8Array; text: string }[] = [
    { head: ipv4.udp(53, 5353).bytes(), text: "192.0.2.1 > 192.0.2.2, UDP 53 > 5353" },
    {
      head: ipv4.tcp(80, 4000, { flags: 0x12 }).bytes(),
      text: "192.0.2.1 > 192.0.2.2, TCP 80 > 4000 SYN ACK",
    },
    { head: ipv4.echo(1, 1).bytes(), text: "192.0.2.1 > 192.0.2.2, ICMP echo request" },
    { head: altered(ipv4.echo(1, 1), 34, 99), text: "192.0.2.1 > 192.0.2.2, ICMP type 99" },
    { head: altered(ipv4, 23, 200), text: "192.0.2.1 > 192.0.2.2, protocol 200" },
    {
      head: altered(ipv4.udp(53, 53), 20, 0x20, 1),
      text: "192.0.2.1 > 192.0.2.2, UDP, fragment",
    },
    { head: altered(ipv4.udp(53, 53), 14, 0x4f), text: "192.0.2.1 > 192.0.2.2, UDP" },
    { head: ipv6.udp(1, 2).bytes(), text: "2001:db8::1 > 2001:db8::2, UDP 1 > 2" },
    {
      head: altered(ipv6.udp(1, 2), 20, 58, 64).with(54, 135),
      text: "2001:db8::1 > 2001:db8::2, ICMPv6 neighbour solicitation",
    },
    {
      head: frame.arp({ mac: a, ip: "192.0.2.1" }, { ip: "192.0.2.2" }).bytes(),
      text: "ARP request 192.0.2.1 > 192.0.2.2",
    },
    {
      head: frame.vlan(10).ipv4("192.0.2.1", "192.0.2.2").udp(1, 2).bytes(),
      text: "VLAN 10, 192.0.2.1 > 192.0.2.2, UDP 1 > 2",
    },
    { head: altered(frame, 12, 0x88, 0xcc), text: "ethertype 0x88cc" },
    { head: altered(frame, 12, 0, 46), text: "802.3" },
  ];
  for (const { head, text } of cases) {
    it(`says ${text}`, () => assert.equal(frameText(head), `${macs}, ${text}`));
  }

  it("says something of every beginning of a frame", () => {
    const long = [ipv4.tcp(1, 2), ipv6.tcp(1, 2), frame.vlan(1).vlan(2).ipv4("1.1.1.1", "1.1.1.2")];
    for (const made of long) {
      const bytes = made.bytes();
      for (let length = 0; length <= bytes.length; length += 1) {
        assert.match(
          frameText(bytes.subarray(0, length)),
          length < 14 ? /shorter/ : /^02:.* > 02:/,
        );
      }
    }
    assert.equal(frameText(ipv4.bytes().subarray(0, 20)), `${macs}, truncated IPv4`);
  });
});
