/**
 * The wire format all netlink families share (RFC 3549 §2.3): messages of a 16-byte header and a
 * payload, and attributes of a 4-byte header and a value, each padded to 4 bytes, in host order.
 * Decoding never throws: what does not add up ends the list.
 */

export const NLM_F_REQUEST = 1;
export const NLM_F_ACK = 4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const MESSAGE_HEAD = 16;
const ATTRIBUTE_HEAD = 4;
/** The two bits above say "nested" and "network byte order". */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

export function encodeMessage({ type, flags, sequence, payload }: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_HEAD + payload.length);
  const head = viewOf(bytes);
  head.setUint32(0, bytes.length, true);
  head.setUint16(4, type, true);
  head.setUint16(6, flags, true);
  head.setUint32(8, sequence, true);
  bytes.set(payload, MESSAGE_HEAD);
  return bytes;
}

export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  const view = viewOf(bytes);
  for (let offset = 0; offset + MESSAGE_HEAD <= bytes.length; ) {
    const length = view.getUint32(offset, true);
    if (length < MESSAGE_HEAD || offset + length > bytes.length) break;
    messages.push({
      type: view.getUint16(offset + 4, true),
      flags: view.getUint16(offset + 6, true),
      sequence: view.getUint32(offset + 8, true),
      payload: bytes.subarray(offset + MESSAGE_HEAD, offset + length),
    });
    offset += padded(length);
  }
  return messages;
}

export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(padded(ATTRIBUTE_HEAD + value.length));
  viewOf(bytes).setUint16(0, ATTRIBUTE_HEAD + value.length, true);
  viewOf(bytes).setUint16(2, type, true);
  bytes.set(value, ATTRIBUTE_HEAD);
  return bytes;
}

/** Of an attribute given twice the last one counts, as in the kernel. */
export function decodeAttributes(bytes: Uint8Array): Attributes {
  const attributes = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  for (let offset = 0; offset + ATTRIBUTE_HEAD <= bytes.length; ) {
    const length = view.getUint16(offset, true);
    if (length < ATTRIBUTE_HEAD || offset + length > bytes.length) break;
    const type = view.getUint16(offset + 2, true) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(offset + ATTRIBUTE_HEAD, offset + length));
    offset += padded(length);
  }
  return attributes;
}

/** Unsigned integer of the attribute's own size; undefined if absent or of another size. */
export function numberOf(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value?.length === 1) return value[0];
  if (value?.length === 2) return viewOf(value).getUint16(0, true);
  if (value?.length === 4) return viewOf(value).getUint32(0, true);
  if (value?.length === 8) return Number(viewOf(value).getBigUint64(0, true));
  return undefined;
}

/** Text up to its NUL. */
export function textOf(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString();
}

export function encodeU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

export function encodeText(text: string): Uint8Array {
  return Buffer.from(`${text}\0`);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
