import { join } from "node:path";
import { type Disk, type DiskFile, readWhole, writeFully } from "./disk.ts";
import { encodeFileHeader, fileHeaderSize, headerFault } from "./file-header.ts";
import { snapshotName, temporarySuffix } from "./file-names.ts";
import { recordHeaderSize, scanRecords, writeRecord } from "./record.ts";

/**
 * A snapshot holds the caller's state in slices, framed as the records of a log are and numbered
 * from 1. An empty slice ends it: a file without one was cut off, however whole it looks.
 */

/** Small enough that checksum and copy of one slice stay well below a millisecond. */
const sliceSizeMax = 256 * 1024;

export type StateSlices = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

interface Place {
  readonly disk: Disk;
  readonly directory: string;
}

/**
 * Writes the snapshot beside its final name and syncs it; the caller publishes it. Resolves to its
 * size in bytes.
 */
export async function writeTemporarySnapshot(
  { disk, directory }: Place,
  sequence: number,
  state: StateSlices,
): Promise<number> {
  const path = join(directory, snapshotName(sequence) + temporarySuffix);
  const file = await disk.open(path, "create");
  try {
    const size = await writeSlices(file, sequence, state);
    await file.datasync();
    return size;
  } catch (cause) {
    // Space for the log matters more than the cause of a second failure.
    await disk.remove(path).catch(() => undefined);
    throw cause;
  } finally {
    await file.close();
  }
}

async function writeSlices(file: DiskFile, sequence: number, state: StateSlices): Promise<number> {
  await writeFully(file, encodeFileHeader("snapshot", sequence), 0);
  let end = fileHeaderSize;
  let number = 0;
  const put = async (payload: Uint8Array): Promise<void> => {
    const frame = Buffer.allocUnsafe(recordHeaderSize + payload.length);
    number += 1;
    writeRecord(frame, 0, { sequence: number, payload });
    await writeFully(file, frame, end);
    end += frame.length;
  };
  for await (const part of state) {
    for (let at = 0; at < part.length; at += sliceSizeMax) {
      await put(part.subarray(at, at + sliceSizeMax));
    }
  }
  await put(new Uint8Array());
  return end;
}

/** Gives the temporary file its name, for good. */
export async function publishSnapshot({ disk, directory }: Place, sequence: number): Promise<void> {
  const path = join(directory, snapshotName(sequence));
  await disk.rename(path + temporarySuffix, path);
  await disk.syncDirectory(directory);
}

/** The state in a snapshot, or what is wrong with the file. Rejects if it cannot be read at all. */
export async function readSnapshot(
  { disk, directory }: Place,
  sequence: number,
): Promise<{ state: Uint8Array; size: number } | { fault: string }> {
  const path = join(directory, snapshotName(sequence));
  const bytes = await readWhole(disk, path);
  const fault = headerFault(bytes, { kind: "snapshot", base: sequence, path });
  if (fault !== undefined) return { fault };
  const { payloads, damage } = scanRecords(bytes, fileHeaderSize, 1);
  if (damage) return { fault: `at offset ${damage.offset}: ${damage.reason}` };
  const slices = payloads.slice(0, -1);
  if (payloads.at(-1)?.length !== 0 || slices.some(({ length }) => length === 0)) {
    return { fault: "does not end with an end mark" };
  }
  return { state: Buffer.concat(slices), size: bytes.length };
}
