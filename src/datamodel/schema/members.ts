import type { DataSchema, ParentSchema } from "./schema.ts";

/** By the array of children: that of the root is another when a module comes or goes. */
const indexes = new WeakMap<readonly DataSchema[], ReadonlyMap<string, DataSchema>>();

/**
 * A parent's children by the names RFC 7951 §4 gives them: bare in the parent's own module, with
 * the module otherwise. The module is also taken where it could be left out.
 */
export function membersOf(parent: ParentSchema): ReadonlyMap<string, DataSchema> {
  const known = indexes.get(parent.children);
  if (known) return known;
  const index = new Map<string, DataSchema>();
  for (const child of parent.children) {
    index.set(child.jsonName, child);
    index.set(`${child.module}:${child.name}`, child);
  }
  indexes.set(parent.children, index);
  return index;
}
