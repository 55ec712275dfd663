/**
 * Keys of longest-prefix-match maps: `{ __u32 prefix_len; __u8 data[]; }`. Bits past the prefix do
 * not count: two keys that differ only there name the same row.
 */

const PREFIX_LENGTH_SIZE = 4;

export function prefixLengthOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

/** The longest prefix a key of this many bytes can hold, in bits. */
export function prefixLengthMax(keySize: number): number {
  return (keySize - PREFIX_LENGTH_SIZE) * 8;
}

/** The key with the bits past its prefix cleared. */
export function canonicalLpmKey(key: Uint8Array): Uint8Array {
  return truncated(key, prefixLengthOf(key));
}

/** Whether every address under `inner` is under `outer` too. */
export function coversLpmKey(outer: Uint8Array, inner: Uint8Array): boolean {
  const length = prefixLengthOf(outer);
  if (length > prefixLengthOf(inner)) return false;
  return Buffer.compare(truncated(outer, length), truncated(inner, length)) === 0;
}

function truncated(key: Uint8Array, length: number): Uint8Array {
  const cut = Uint8Array.from(key);
  new DataView(cut.buffer).setUint32(0, length, true);
  const whole = PREFIX_LENGTH_SIZE + Math.floor(length / 8);
  const rest = length % 8;
  if (whole < cut.length) {
    cut[whole] = (cut[whole] ?? 0) & (0xff00 >> rest) & 0xff;
    cut.fill(0, whole + 1);
  }
  return cut;
}
