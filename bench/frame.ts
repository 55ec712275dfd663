const ETHERTYPE_IPV4 = 0x0800;
const PROTOCOL_UDP = 17;
/** Without the checksum that makes it 64 on the wire. */
const FRAME_SIZE = 60;
const IP_OFFSET = 14;
const UDP_OFFSET = 34;

export interface FrameEnds {
  readonly source: { readonly mac: string; readonly address: string };
  readonly destination: { readonly mac: string; readonly address: string };
}

/** The shortest Ethernet frame; its IPv4 header is right, its UDP header has no checksum. */
export function shortestUdpFrame({ source, destination }: FrameEnds): Uint8Array {
  const frame = Buffer.alloc(FRAME_SIZE);
  frame.set(octets(destination.mac, ":", 16), 0);
  frame.set(octets(source.mac, ":", 16), 6);
  frame.writeUInt16BE(ETHERTYPE_IPV4, 12);
  frame.set([0x45, 0], IP_OFFSET);
  frame.writeUInt16BE(FRAME_SIZE - IP_OFFSET, IP_OFFSET + 2);
  frame.set([64, PROTOCOL_UDP], IP_OFFSET + 8);
  frame.set(octets(source.address, ".", 10), IP_OFFSET + 12);
  frame.set(octets(destination.address, ".", 10), IP_OFFSET + 16);
  frame.writeUInt16BE(checksum(frame.subarray(IP_OFFSET, UDP_OFFSET)), IP_OFFSET + 10);
  frame.writeUInt16BE(5000, UDP_OFFSET);
  frame.writeUInt16BE(5000, UDP_OFFSET + 2);
  frame.writeUInt16BE(FRAME_SIZE - UDP_OFFSET, UDP_OFFSET + 4);
  return frame;
}

function octets(text: string, separator: string, radix: number): number[] {
  return text.split(separator).map((part) => Number.parseInt(part, radix));
}

/** RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
