/** IP addresses as their octets in network order: 4 of them are IPv4, 16 IPv6. */

export interface IpPrefix {
  /** Host bits are zero. */
  readonly address: Uint8Array;
  readonly length: number;
}

/** An address without a zone; undefined where the text is none. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Dotted quad, or the one text form that RFC 5952 leaves of an IPv6 address. */
export function formatIpAddress(address: Uint8Array): string {
  return address.length === 4 ? address.join(".") : formatIpv6(address);
}

/** `192.0.2.9/24` with or without host bits, which are cleared. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf("/");
  const digits = text.slice(slash + 1);
  const address = slash < 0 ? undefined : parseIpAddress(text.slice(0, slash));
  const length = /^\d{1,3}$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  if (address === undefined || length > address.length * 8) return undefined;
  return { address: withoutHostBits(address, length), length };
}

export function formatIpPrefix({ address, length }: IpPrefix): string {
  return `${formatIpAddress(address)}/${length}`;
}

function withoutHostBits(address: Uint8Array, length: number): Uint8Array {
  return address.map((octet, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return octet & (0xff << (8 - kept));
  });
}

function parseIpv4(text: string): Uint8Array | undefined {
  const octets = text.split(".");
  const valid = octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet));
  if (!valid || octets.some((octet) => Number(octet) > 255)) return undefined;
  return Uint8Array.from(octets, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  // A dotted quad is the end of the address, not the end of its first half.
  if (halves.length > 2 || (halves.length === 2 && halves[0]?.includes("."))) return undefined;
  const [head, tail] = halves.map(octetsOfGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  // "::" stands for at least one group.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]);
}

/** Colon-separated groups, the last of which may be a dotted quad. */
function octetsOfGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const octets: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
      continue;
    }
    const quad = index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (quad === undefined) return undefined;
    octets.push(...quad);
  }
  return octets;
}

function formatIpv6(address: Uint8Array): string {
  // RFC 5952 §5: an IPv4-mapped address keeps its dotted quad.
  const isMapped = address.subarray(0, 10).every((octet) => octet === 0);
  if (isMapped && address[10] === 0xff && address[11] === 0xff) {
    return `::ffff:${address.subarray(12).join(".")}`;
  }
  const groups = Array.from({ length: 8 }, (_, index) => {
    const [high = 0, low = 0] = address.subarray(index * 2, index * 2 + 2);
    return high * 256 + low;
  });
  const [start, length] = longestZeroRun(groups);
  const hex = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(":");
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** Start and length of the first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start];
  }
  return best;
}
