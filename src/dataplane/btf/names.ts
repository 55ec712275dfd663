/** C names as TypeScript spells them (docs: STYLE §8); mechanical both ways. */

export function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}

/** What the C names of a service begin with: `rate-limiter` is `rate_limiter` there. */
export function tagOf(service: string): string {
  return service.replaceAll("-", "_");
}

export function pascalCase(name: string): string {
  return camelCase(`_${name}`);
}

/**
 * Enumerators without the prefix that C needs and TypeScript does not:
 * `DROP_NO_PEER`, `DROP_TRUNCATED` are `no-peer`, `truncated`.
 */
export function enumNames(enumerators: readonly string[]): string[] {
  const prefix = commonPrefix(enumerators);
  return enumerators.map((name) => name.slice(prefix.length).toLowerCase().replaceAll("_", "-"));
}

/**
 * Drop reasons, by which counters are told apart for ever: `FIREWALL_DROP_RULE` is `rule`, also
 * while it is the only one, and when `FIREWALL_DROP_RULE_SET` joins it.
 */
export function reasonNames(enumerators: readonly string[]): string[] {
  const own = enumerators.map((name) => /(?:^|_)DROP_(.+)$/.exec(name)?.[1]);
  if (own.includes(undefined)) return enumNames(enumerators);
  return own.map((name) => (name ?? "").toLowerCase().replaceAll("_", "-"));
}

/** Up to the last underscore that all share; a single name gives up its first word. */
function commonPrefix([first = "", ...others]: readonly string[]): string {
  if (others.length === 0) return first.slice(0, first.indexOf("_") + 1);
  let length = first.length;
  while (!others.every((name) => name.startsWith(first.slice(0, length)))) length -= 1;
  return first.slice(0, first.lastIndexOf("_", length - 1) + 1);
}

/** A name as a property, quoted where it must be. */
export function property(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : JSON.stringify(name);
}
