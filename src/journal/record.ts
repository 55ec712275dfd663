import { crc32c } from "../lib/crc32c.ts";

/**
 * A record on disk, little-endian:
 *
 *     0        4        8                 16
 *     | crc32c | length | sequence number | payload … |
 *
 * The checksum covers all that follows it, so a record is good only with the right length at the
 * right place in the sequence. Records follow each other without padding.
 */
export const recordHeaderSize = 16;

/** What a scan stopped at. */
export interface Damage {
  readonly offset: number;
  readonly reason: string;
  /**
   * `torn`: the last write of a crash, never acknowledged. `corrupt`: good records come after it.
   */
  readonly kind: "torn" | "corrupt";
  /** True where the bytes may once have been a good record: worth keeping for a person to see. */
  readonly isWorthKeeping: boolean;
}

export interface Scan {
  /** Payloads in order, views of the scanned bytes. */
  readonly payloads: Uint8Array[];
  /** Offset behind the last good record. */
  readonly end: number;
  readonly damage?: Damage;
}

const wordRange = 2 ** 32;

/** Writes a record at `at`; `target` has room for it. */
export function writeRecord(
  target: Buffer,
  at: number,
  record: { readonly sequence: number; readonly payload: Uint8Array },
): void {
  const { sequence, payload } = record;
  target.writeUInt32LE(payload.length, at + 4);
  target.writeUInt32LE(sequence % wordRange, at + 8);
  target.writeUInt32LE(Math.floor(sequence / wordRange), at + 12);
  target.set(payload, at + recordHeaderSize);
  const covered = target.subarray(at + 4, at + recordHeaderSize + payload.length);
  target.writeUInt32LE(crc32c(covered), at);
}

/** Reads records numbered from `firstSequence`, from `start` to the end or the first bad one. */
export function scanRecords(file: Uint8Array, start: number, firstSequence: number): Scan {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const payloads: Uint8Array[] = [];
  let at = start;
  while (at < bytes.length) {
    const sequence = firstSequence + payloads.length;
    const end = goodRecordEnd(bytes, at, sequence);
    if (end === undefined) return { payloads, end: at, damage: judge(bytes, at, sequence) };
    payloads.push(file.subarray(at + recordHeaderSize, end));
    at = end;
  }
  return { payloads, end: at };
}

/** Where the record at `at` ends, undefined unless it is whole, good and has this number. */
function goodRecordEnd(bytes: Buffer, at: number, sequence: number): number | undefined {
  if (at + recordHeaderSize > bytes.length || sequenceAt(bytes, at) !== sequence) return undefined;
  const end = at + sizeAt(bytes, at);
  if (end > bytes.length) return undefined;
  return bytes.readUInt32LE(at) === crc32c(bytes.subarray(at + 4, end)) ? end : undefined;
}

function sequenceAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 12) * wordRange + bytes.readUInt32LE(at + 8);
}

function judge(bytes: Buffer, offset: number, sequence: number): Damage {
  const remaining = bytes.length - offset;
  const follower = laterRecord(bytes, offset, sequence);
  const kind = follower === undefined ? "torn" : "corrupt";
  const damage = (reason: string, isWorthKeeping: boolean): Damage => ({
    offset,
    kind,
    reason: `record ${sequence} ${reason}`,
    isWorthKeeping,
  });
  if (follower !== undefined) return damage(`is damaged, offset ${follower} has a good one`, true);
  if (bytes.subarray(offset).every((byte) => byte === 0)) {
    return damage(`is missing, ${remaining} bytes of zeros are in its place`, false);
  }
  const size = remaining < recordHeaderSize ? recordHeaderSize : sizeAt(bytes, offset);
  if (size > remaining) return damage(`ends after ${remaining} of ${size} bytes`, false);
  return damage("does not match its checksum", true);
}

function sizeAt(bytes: Buffer, at: number): number {
  return recordHeaderSize + bytes.readUInt32LE(at + 4);
}

/** Enough to look through any segment of sane records, and a bound on made-up ones. */
const searchedBytesMax = 256 * 2 ** 20;

/** The offset of a good record behind a bad one, by trying every offset whose number could be. */
function laterRecord(bytes: Buffer, bad: number, sequence: number): number | undefined {
  const sequenceMax = sequence + Math.ceil((bytes.length - bad) / recordHeaderSize);
  let budget = searchedBytesMax;
  for (let at = bad + 1; at + recordHeaderSize <= bytes.length && budget > 0; at += 1) {
    const candidate = sequenceAt(bytes, at);
    if (candidate <= sequence || candidate > sequenceMax) continue;
    budget -= Math.min(bytes.readUInt32LE(at + 4), bytes.length - at);
    if (goodRecordEnd(bytes, at, candidate) !== undefined) return at;
  }
  return undefined;
}
