/**
 * CRC-32C (Castagnoli, RFC 3720 §12.1), eight bytes a step: table k says what a byte does to the
 * checksum when k more bytes follow it.
 */
const reversedPolynomial = 0x82f63b78;
const tableSize = 256;
const tables = buildTables();

function buildTables(): Int32Array {
  const built = new Int32Array(8 * tableSize);
  for (let byte = 0; byte < tableSize; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 1 ? (crc >>> 1) ^ reversedPolynomial : crc >>> 1;
    }
    built[byte] = crc;
  }
  for (let index = tableSize; index < built.length; index += 1) {
    const before = entry(built, index - tableSize);
    built[index] = (before >>> 8) ^ entry(built, before & 0xff);
  }
  return built;
}

/** An index inside the table is never undefined; `| 0` tells both the compiler and V8. */
function entry(table: Int32Array, index: number): number {
  return (table[index] ?? 0) | 0;
}

/** The checksum as an unsigned number. `seed` is the checksum of the bytes that come before. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) crc = step(bytes, at, crc);
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ entry(tables, (crc ^ (bytes[at] ?? 0)) & 0xff);
  }
  return ~crc >>> 0;
}

function step(bytes: Uint8Array, at: number, crc: number): number {
  const first = crc ^ word(bytes, at);
  const second = word(bytes, at + 4);
  return (
    entry(tables, 0x700 | (first & 0xff)) ^
    entry(tables, 0x600 | ((first >>> 8) & 0xff)) ^
    entry(tables, 0x500 | ((first >>> 16) & 0xff)) ^
    entry(tables, 0x400 | (first >>> 24)) ^
    entry(tables, 0x300 | (second & 0xff)) ^
    entry(tables, 0x200 | ((second >>> 8) & 0xff)) ^
    entry(tables, 0x100 | ((second >>> 16) & 0xff)) ^
    entry(tables, second >>> 24)
  );
}

/** Little-endian; the caller has checked the bounds. */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}
