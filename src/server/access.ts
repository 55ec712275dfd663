import type { PeerCertificate } from "node:tls";

/** Whose requests these are: the client certificate's subject, or `local` where there is none. */
export function userOf(certificate: PeerCertificate | undefined): string {
  const subject = certificate?.subject;
  if (subject === undefined) return "local";
  return Object.entries(subject)
    .map(([name, value]) => `${name}=${[value].flat().join("+")}`)
    .join(",");
}
