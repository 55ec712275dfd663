import { formatIpAddress } from "../lib/ip.ts";
import { macText } from "../lib/mac.ts";

const macBytes = 6;
const etherBytes = 14;
const arpBytes = 28;
const ipv4Bytes = 20;
/** Where in its datagram a fragment begins. */
const fragmentOffsetMask = 0x1fff;
const ipv6Bytes = 40;

/** By the names that people know them by. */
export const ethertypes = { IPv4: 0x0800, ARP: 0x0806, IPv6: 0x86dd } as const;
export const protocols = { ICMP: 1, IGMP: 2, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132 } as const;

const vlanEthertypes: readonly number[] = [0x8100, 0x88a8];
const vlanBytes = 4;

/** What is less is the length of an IEEE 802.3 frame. */
const ethertypeMin = 0x0600;

const withPorts: readonly number[] = [protocols.TCP, protocols.UDP, protocols.SCTP];

const arpOperations: Readonly<Record<number, string>> = { 1: "request", 2: "reply" };
const icmpTypes: Readonly<Record<number, string>> = {
  0: "echo reply",
  3: "destination unreachable",
  8: "echo request",
  11: "time exceeded",
};
const icmpv6Types: Readonly<Record<number, string>> = {
  1: "destination unreachable",
  2: "packet too big",
  3: "time exceeded",
  128: "echo request",
  129: "echo reply",
  133: "router solicitation",
  134: "router advertisement",
  135: "neighbour solicitation",
  136: "neighbour advertisement",
};
const tcpFlags = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

/** One line about a frame, from how it begins. */
export function frameText(head: Uint8Array): string {
  if (head.length < etherBytes) return "shorter than an Ethernet header";
  const bytes = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const macs = `${mac(head, macBytes)} > ${mac(head, 0)}`;
  const ethertype = bytes.getUint16(2 * macBytes);
  const inner = new DataView(head.buffer, head.byteOffset + etherBytes, head.length - etherBytes);
  return [macs, networkText(ethertype, inner)].join(", ");
}

function mac(head: Uint8Array, at: number): string {
  return macText(head.subarray(at, at + macBytes));
}

function networkText(ethertype: number, packet: DataView): string {
  const has = (length: number) => packet.byteLength >= length;
  if (vlanEthertypes.includes(ethertype) && has(vlanBytes)) {
    const tag = `VLAN ${packet.getUint16(0) & 0xfff}`;
    return `${tag}, ${networkText(packet.getUint16(2), after(packet, vlanBytes))}`;
  }
  if (ethertype === ethertypes.ARP && has(arpBytes)) return arpText(packet);
  if (ethertype === ethertypes.IPv4 && has(ipv4Bytes)) return ipv4Text(packet);
  if (ethertype === ethertypes.IPv6 && has(ipv6Bytes)) return ipv6Text(packet);
  if (ethertype < ethertypeMin) return "802.3";
  const name = nameOf(ethertypes, ethertype);
  return name ? `truncated ${name}` : `ethertype 0x${ethertype.toString(16).padStart(4, "0")}`;
}

function arpText(packet: DataView): string {
  const operation = packet.getUint16(6);
  const [from, to] = [addressAt(packet, 14, 4), addressAt(packet, 24, 4)];
  return `ARP ${arpOperations[operation] ?? operation} ${from} > ${to}`;
}

function ipv4Text(packet: DataView): string {
  const [from, to] = [addressAt(packet, 12, 4), addressAt(packet, 16, 4)];
  const protocol = packet.getUint8(9);
  const isLaterFragment = (packet.getUint16(6) & fragmentOffsetMask) !== 0;
  const offset = isLaterFragment ? packet.byteLength : (packet.getUint8(0) & 0xf) * 4;
  const inner = transportText(protocol, after(packet, offset));
  return `${from} > ${to}, ${inner}${isLaterFragment ? ", fragment" : ""}`;
}

function ipv6Text(packet: DataView): string {
  const [from, to] = [addressAt(packet, 8, 16), addressAt(packet, 24, 16)];
  return `${from} > ${to}, ${transportText(packet.getUint8(6), after(packet, ipv6Bytes))}`;
}

function transportText(protocol: number, segment: DataView): string {
  const name = nameOf(protocols, protocol) ?? `protocol ${protocol}`;
  if (protocol === protocols.ICMP) return typed(name, icmpTypes, segment);
  if (protocol === protocols.ICMPv6) return typed(name, icmpv6Types, segment);
  if (!withPorts.includes(protocol) || segment.byteLength < 4) return name;
  const ports = `${name} ${segment.getUint16(0)} > ${segment.getUint16(2)}`;
  if (protocol !== protocols.TCP || segment.byteLength < 14) return ports;
  const bits = segment.getUint8(13);
  const flags = tcpFlags.filter((_, bit) => bits & (1 << bit));
  return [ports, ...flags].join(" ");
}

function typed(name: string, types: Readonly<Record<number, string>>, message: DataView): string {
  if (message.byteLength < 1) return name;
  const type = message.getUint8(0);
  return `${name} ${types[type] ?? `type ${type}`}`;
}

function nameOf(known: Readonly<Record<string, number>>, wanted: number): string | undefined {
  return Object.entries(known).find(([, number]) => number === wanted)?.[0];
}

function addressAt(packet: DataView, at: number, length: number): string {
  return formatIpAddress(new Uint8Array(packet.buffer, packet.byteOffset + at, length));
}

/** What follows; nothing where the header says that it is longer than what there is. */
function after(packet: DataView, offset: number): DataView {
  const at = Math.min(offset, packet.byteLength);
  return new DataView(packet.buffer, packet.byteOffset + at, packet.byteLength - at);
}
