/** HTTP/2 frames as a client without manners sends them (RFC 9113 §4.1, RFC 7541 §6.2.2). */

export const connectionPreface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame({ type: 4 }),
]);

export const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, continuation: 9 };

interface Frame {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

export function frame({ type, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Frame): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** The header block of a gRPC call. */
export function callHeaders(path: string): Buffer {
  return Buffer.concat([
    field(":method", "POST"),
    field(":scheme", "http"),
    field(":authority", "localhost"),
    field(":path", path),
    field("content-type", "application/grpc"),
    field("te", "trailers"),
  ]);
}

/** A literal header field without indexing; name and value of less than 127 bytes. */
export function field(name: string, value: string): Buffer {
  const text = (part: string): Buffer =>
    Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]);
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}
