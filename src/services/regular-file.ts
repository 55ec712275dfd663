import { constants } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Reads a file that somebody else has put there. A FIFO, which nobody may ever write to, would keep
 * a thread of the pool, and with it the end of the process: hence O_NONBLOCK.
 * @throws Error that names a file which is no regular one, or has more bytes than `sizeMax`
 */
export async function readRegular(path: string, sizeMax: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = judged(path, await file.stat(), sizeMax);
    return await readBytes(file, size);
  } finally {
    await file.close();
  }
}

/** Looks at all files below a folder that others, as `import`, are going to open. @throws Error */
export async function checkRegular(folder: string, sizeMax: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await checkRegular(path, sizeMax);
    else judged(path, await stat(path), sizeMax);
  }
}

interface Found {
  readonly size: number;
  isFile(): boolean;
}

function judged(path: string, found: Found, sizeMax: number): Found {
  if (!found.isFile()) throw new Error(`${path} is no regular file`);
  if (found.size <= sizeMax) return found;
  throw new Error(`${path} has ${found.size} bytes, more than ${sizeMax}`);
}

/** Not more than it had, should it grow meanwhile. */
async function readBytes(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const { bytesRead } = await file.read(bytes, done, size - done, done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}
