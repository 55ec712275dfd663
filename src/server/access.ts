import type { PeerCertificate } from "node:tls";
import type { Log } from "../lib/log.ts";

/** What somebody wants to do, as every protocol tells it. */
export interface Operation {
  readonly user: string;
  readonly protocol: string;
  readonly name: string;
  readonly writes: boolean;
  readonly paths: readonly string[];
}

/** Whose requests these are: the client certificate's subject, or `local` where there is none. */
export function userOf(certificate: PeerCertificate | undefined): string {
  const subject = certificate?.subject;
  if (subject === undefined) return "local";
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${[value].flat().join("+")}`)
    .join(",");
}

/** Paths named in the log line of one write. */
const loggedPathsMax = 5;

/** Everybody who reaches a listener may do everything; writes leave a line in the log. */
export function admit({ user, protocol, name, writes, paths }: Operation, log: Log): void {
  if (!writes) return;
  const more = Math.max(0, paths.length - loggedPathsMax);
  log("info", "write", {
    user,
    protocol,
    operation: name,
    paths: paths.slice(0, loggedPathsMax),
    ...(more > 0 ? { more } : {}),
  });
}
