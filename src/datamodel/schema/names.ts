/**
 * `source-prefix` → `sourcePrefix`, `_a.b` → `aB`; what every generated TypeScript name is made
 * with.
 */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** `fdb-entry` → `FdbEntry`. A leading digit gets an underscore; what has no letter is one. */
export function pascalCase(name: string): string {
  const joined = name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
  return /^([0-9]|$)/.test(joined) ? `_${joined}` : joined;
}

/**
 * Property names for siblings, in schema order. Two names that meet (`a-b` and `aB`, or one name in
 * two modules) are told apart by the module, and by a number where that is not enough.
 */
export function propertyNames(siblings: readonly { name: string; module: string }[]): string[] {
  const taken = new Set<string>();
  return siblings.map(({ name, module }) => {
    const candidates = [camelCase(name), `${camelCase(module)}${pascalCase(name)}`];
    const free = candidates.find((candidate) => !taken.has(candidate));
    const chosen = free ?? numbered(candidates[1] ?? name, taken);
    taken.add(chosen);
    return chosen;
  });
}

function numbered(name: string, taken: ReadonlySet<string>): string {
  let number = 2;
  while (taken.has(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}
