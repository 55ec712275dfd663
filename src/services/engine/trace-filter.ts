import type { TraceFilter } from "../../datamodel/datastore/trace.ts";
import { refuse } from "../../datamodel/error.ts";
import { type TraceFilter as FilterRow, traceField } from "../../gen/bpf/core.ts";
import { parseIpAddress } from "../../lib/ip.ts";
import { macBytes } from "../../lib/mac.ts";

/** Matches nothing, and is over. */
export const noFilter: FilterRow = {
  untilNs: 0n,
  address: new Uint8Array(16),
  mac: new Uint8Array(6),
  ethertype: 0,
  port: 0,
  protocol: 0,
  fields: 0,
};

const macForm = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** The filter as the programs read it. @throws RequestError for what no frame can have */
export function filterRow(filter: TraceFilter, untilNs: bigint): FilterRow {
  const { mac, ip, ethertype, protocol, port } = filter;
  const given = { mac, address: ip, ethertype, protocol, port };
  const fields = Object.entries(given).reduce((bits, [name, value]) => {
    return value === undefined ? bits : bits | traceField[name as keyof typeof traceField];
  }, 0);
  return {
    ...noFilter,
    untilNs,
    fields,
    ...(mac !== undefined && { mac: macOf(mac) }),
    ...(ip !== undefined && { address: addressOf(ip) }),
    ...(ethertype !== undefined && { ethertype: within("ethertype", ethertype, 0xffff) }),
    ...(protocol !== undefined && { protocol: within("protocol", protocol, 0xff) }),
    ...(port !== undefined && { port: within("port", port, 0xffff) }),
  };
}

function macOf(text: string): Uint8Array {
  if (!macForm.test(text)) throw refuse("invalid-value", "", `mac: ${text} is no MAC address`);
  return macBytes(text);
}

/** IPv4 as ::ffff:a.b.c.d. */
function addressOf(text: string): Uint8Array {
  const address = parseIpAddress(text);
  if (address === undefined) throw refuse("invalid-value", "", `ip: ${text} is no IP address`);
  if (address.length === 16) return address;
  return Uint8Array.from([...Array<number>(10).fill(0), 0xff, 0xff, ...address]);
}

function within(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw refuse("invalid-value", "", `${name}: ${value} is not between 0 and ${most}`);
}
