import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lock } from "../server/grpc/lock.ts";
import { parseLock } from "../server/grpc/lock-text.ts";

/** The field numbers promised, by module: `<module>/v1/<module>.lock.json` below the folder. */
export async function readLocks(folder: string): Promise<Map<string, Lock>> {
  const files = await readdir(folder, { recursive: true });
  const locks = new Map<string, Lock>();
  for (const file of files) {
    const module = /([^/]+)\.lock\.json$/.exec(file)?.[1];
    if (module === undefined) continue;
    locks.set(module, parseLock(await readFile(join(folder, file), "utf8")));
  }
  return locks;
}
