import { formatIpAddress, formatIpPrefix, parseIpAddress, parseIpPrefix } from "../../lib/ip.ts";
import type { IrType } from "./ir.ts";

/** Undefined for a text that passes the typedef's patterns and yet is no value of it. */
type CanonicalForm = (text: string) => string | undefined;

/**
 * Typedefs whose description gives a canonical form that their patterns do not enforce; without it
 * `unique`, keys and comparison would take two spellings for two values.
 */
const canonicalForms: ReadonlyMap<string, CanonicalForm> = new Map([
  // RFC 6991 §3: "The canonical representation uses lowercase characters."
  ["ietf-yang-types:phys-address", lowerCase],
  ["ietf-yang-types:mac-address", lowerCase],
  ["ietf-yang-types:hex-string", lowerCase],
  ["ietf-yang-types:uuid", lowerCase],
  // RFC 6991 §4: RFC 5952 for IPv6; host bits of a prefix zero; domain names in lower case.
  ["ietf-inet-types:ipv6-address", canonicalIpAddress],
  ["ietf-inet-types:ipv6-address-no-zone", canonicalIpAddress],
  ["ietf-inet-types:ipv4-prefix", canonicalIpPrefix],
  ["ietf-inet-types:ipv6-prefix", canonicalIpPrefix],
  ["ietf-inet-types:domain-name", lowerCase],
]);

/** How values of a type become canonical, undefined where they already are. */
export function canonicalForm(ir: IrType): CanonicalForm | undefined {
  const { typedef, typedefChain = [] } = ir;
  return [typedef ?? "", ...typedefChain].map((name) => canonicalForms.get(name)).find(Boolean);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}

function canonicalIpAddress(text: string): string | undefined {
  const [unzoned = "", zone] = text.split(/(?=%)/);
  const address = parseIpAddress(unzoned);
  return address && formatIpAddress(address) + (zone ?? "");
}

function canonicalIpPrefix(text: string): string | undefined {
  const prefix = parseIpPrefix(text);
  return prefix && formatIpPrefix(prefix);
}
