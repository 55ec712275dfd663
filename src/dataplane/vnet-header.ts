/** struct virtio_net_hdr, which says of a frame what the stack has still to do. */
const VNET_HEADER_SIZE = 10;
const NEEDS_CSUM = 1;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_UDP_L4 = 5;

const ETHERNET_SIZE = 14;
const TAG_SIZE = 4;
const IPV4_SIZE_MIN = 20;
const IPV6_SIZE = 40;
const etherType = { ipv4: 0x0800, ipv6: 0x86dd, tags: [0x8100, 0x88a8] } as const;
const protocols = {
  6: { checksumAt: 16, size: 20 },
  17: { checksumAt: 6, size: 8 },
} as const;
const UDP = 17;

/** Where in a frame its TCP or UDP segment begins, and what the checksum there is over. */
interface Segment {
  readonly start: number;
  readonly protocol: keyof typeof protocols;
  readonly isIpv6: boolean;
  readonly addresses: Uint8Array;
}

/**
 * What goes before a frame in an AF_PACKET socket with PACKET_VNET_HDR. A checksum that equals the
 * sum of the pseudo header was left to the device by who made the frame, and still is; any other
 * stays as it is, so that what was damaged stays damaged.
 */
export function vnetHeader(frame: Uint8Array, segmentSize: number): Uint8Array {
  const header = Buffer.alloc(VNET_HEADER_SIZE);
  const segment = segmentOf(frame);
  if (segment === undefined || !isUnfinished(frame, segment)) return header;
  const { start, protocol, isIpv6 } = segment;
  header.writeUInt8(NEEDS_CSUM, 0);
  header.writeUInt16LE(start, 6);
  header.writeUInt16LE(protocols[protocol].checksumAt, 8);
  const size = headerSize(frame, segment);
  if (segmentSize === 0 || segmentSize >= frame.length - start - size) return header;
  header.writeUInt8(protocol === UDP ? GSO_UDP_L4 : isIpv6 ? GSO_TCPV6 : GSO_TCPV4, 1);
  header.writeUInt16LE(start + size, 2);
  header.writeUInt16LE(segmentSize, 4);
  return header;
}

/** Of the TCP or UDP header, with its options. */
function headerSize(frame: Uint8Array, { start, protocol }: Segment): number {
  const { size } = protocols[protocol];
  return protocol === UDP ? size : Math.max(size, ((frame[start + 12] ?? 0) >> 4) * 4);
}

/** Undefined for what is neither, or not whole. */
function segmentOf(frame: Uint8Array): Segment | undefined {
  let at = ETHERNET_SIZE;
  let type = word(frame, at - 2);
  while (etherType.tags.some((tag) => tag === type)) {
    at += TAG_SIZE;
    type = word(frame, at - 2);
  }
  const segment = type === etherType.ipv4 ? inIpv4(frame, at) : inIpv6(frame, at, type);
  if (segment === undefined) return undefined;
  return frame.length < segment.start + protocols[segment.protocol].size ? undefined : segment;
}

function inIpv4(frame: Uint8Array, at: number): Segment | undefined {
  const size = ((frame[at] ?? 0) & 0x0f) * 4;
  const isFragment = (word(frame, at + 6) & 0x3fff) !== 0;
  const protocol = protocolOf(frame[at + 9]);
  if (size < IPV4_SIZE_MIN || isFragment || protocol === undefined) return undefined;
  const addresses = frame.subarray(at + 12, at + 20);
  return { start: at + size, protocol, isIpv6: false, addresses };
}

function inIpv6(frame: Uint8Array, at: number, type: number): Segment | undefined {
  const protocol = protocolOf(frame[at + 6]);
  if (type !== etherType.ipv6 || protocol === undefined) return undefined;
  const addresses = frame.subarray(at + 8, at + IPV6_SIZE);
  return { start: at + IPV6_SIZE, protocol, isIpv6: true, addresses };
}

function protocolOf(number: number | undefined): Segment["protocol"] | undefined {
  return number === 6 || number === 17 ? number : undefined;
}

function isUnfinished(frame: Uint8Array, segment: Segment): boolean {
  const { start, protocol, addresses } = segment;
  const length = protocol === UDP ? word(frame, start + 4) : segmentLength(frame, segment);
  let sum = protocol + length;
  for (let at = 0; at < addresses.length; at += 2) sum += word(addresses, at);
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return word(frame, start + protocols[protocol].checksumAt) === sum;
}

/** As the IP header has it: a short frame is padded. */
function segmentLength(frame: Uint8Array, { start, isIpv6, addresses }: Segment): number {
  const ip = addresses.byteOffset - frame.byteOffset - (isIpv6 ? 8 : 12);
  return isIpv6 ? word(frame, ip + 4) : word(frame, ip + 2) - (start - ip);
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
