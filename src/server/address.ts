import { lookup } from "node:dns/promises";

/** Where to listen: a host by name or address, and a port, 0 for any. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Every address of a host to listen on. @throws Error with `refusal` if one can be reached from
 * elsewhere, and only loopback is allowed
 */
export async function listenAddresses(
  host: string,
  { loopbackOnly, refusal }: { readonly loopbackOnly: boolean; readonly refusal: string },
): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  if (loopbackOnly && !found.every(({ address }) => isLoopback(address))) {
    throw new Error(`listening on ${host}: ${refusal}`);
  }
  return found.map(({ address }) => address);
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127\.[\d.]+$/.test(address);
}
