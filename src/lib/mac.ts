/** `aa:bb:cc:dd:ee:ff` as six bytes; the text is canonical already (checked by the model). */
export function macBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(6);
  for (let index = 0; index < 6; index += 1) {
    bytes[index] = (nibble(text, index * 3) << 4) | nibble(text, index * 3 + 1);
  }
  return bytes;
}

/** The value of a lower-case hexadecimal digit. A row is made of six of these pairs, in bulk. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code <= 57 ? code - 48 : code - 87;
}

/** Six bytes as `aa:bb:cc:dd:ee:ff`. */
export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
