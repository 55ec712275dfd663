import { chmodSync, lstatSync, rmSync } from "node:fs";
import { createConnection } from "node:net";

/** Owner and group may talk to the daemon. */
const socketMode = 0o660;

/**
 * Removes a socket that a dead daemon has left.
 *
 * @throws Error if somebody answers there, or if the file is no socket
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error(`listening on ${path}: it exists and is no socket`);
  if (await answers(path)) throw new Error(`listening on ${path}: another daemon serves it`);
  rmSync(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

export function restrictSocket(path: string): void {
  chmodSync(path, socketMode);
}
