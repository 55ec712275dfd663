import { crc32c } from "../lib/crc32c.ts";
import { JournalError } from "./journal-error.ts";

/**
 * The first 32 bytes of every journal file, little-endian: magic (8), format version (4), zero (4),
 * base sequence number (8), zero (4), crc32c of all that (4). The base is the number of the last
 * record *before* a log, or the last one *in* a snapshot.
 */
export const fileHeaderSize = 32;

const magics = { log: "YPLANLOG", snapshot: "YPLANSNP" };
const formatVersion = 1;
const checksumAt = 28;

export type FileKind = keyof typeof magics;

export function encodeFileHeader(kind: FileKind, base: number): Buffer {
  const header = Buffer.alloc(fileHeaderSize);
  header.write(magics[kind], 0, "latin1");
  header.writeUInt32LE(formatVersion, 8);
  header.writeBigUInt64LE(BigInt(base), 16);
  header.writeUInt32LE(crc32c(header.subarray(0, checksumAt)), checksumAt);
  return header;
}

/**
 * What is wrong with a file's header, undefined if nothing.
 * @throws JournalError `unsupported-version` for an intact header of another format
 */
export function headerFault(
  file: Uint8Array,
  expected: { readonly kind: FileKind; readonly base: number; readonly path: string },
): string | undefined {
  if (file.length < fileHeaderSize) return `the file header ends after ${file.length} bytes`;
  const header = Buffer.from(file.buffer, file.byteOffset, fileHeaderSize);
  if (header.readUInt32LE(checksumAt) !== crc32c(header.subarray(0, checksumAt))) {
    return "the file header does not match its checksum";
  }
  const version = header.readUInt32LE(8);
  if (version !== formatVersion) {
    const message = `has format version ${version}, this program reads ${formatVersion}`;
    throw new JournalError("unsupported-version", expected.path, message);
  }
  const isExpected = header.equals(encodeFileHeader(expected.kind, expected.base));
  return isExpected ? undefined : "the file header belongs to another file";
}
