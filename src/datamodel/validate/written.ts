import type { Edit } from "../datastore/datastore.ts";
import { sortKey, type YangList } from "../tree/list.ts";
import { type DataObject, isSet, keysOf } from "../tree/node.ts";
import { type Cursor, identityBelow } from "../xpath/cursor.ts";
import { identitiesOn } from "../xpath/instance.ts";

/** Tells of a node of the candidate whether edits give it, or anything in it, a value. */
export class Written {
  readonly #edits: readonly Edit[];
  /** Made when first asked: most transactions never are. */
  #index: WrittenIndex | undefined;

  constructor(edits: readonly Edit[]) {
    this.#edits = edits;
  }

  has(node: Cursor): boolean {
    this.#index ??= indexOf(this.#edits);
    const { above, values } = this.#index;
    if (above.has(node.identity)) return true;
    const way: Cursor[] = [];
    for (let at = node; at.parent; at = at.parent) {
      const given = values.get(at.identity) ?? [];
      const whole = values.get(wholeIdentity(at, at.parent)) ?? [];
      if (given.some((value) => holds(value, way))) return true;
      if (whole.some((value) => holds(itemOf(value, at), way))) return true;
      way.unshift(at);
    }
    return false;
  }
}

interface WrittenIndex {
  /** Identities of the nodes that edits name, and of all above them. */
  readonly above: ReadonlySet<string>;
  /** What edits give, by the identity of the node that they name. */
  readonly values: ReadonlyMap<string, readonly unknown[]>;
}

function indexOf(edits: readonly Edit[]): WrittenIndex {
  const above = new Set<string>();
  const values = new Map<string, unknown[]>();
  for (const { path, operation, value } of edits) {
    if (operation === "delete" || operation === "remove") continue;
    const identities = identitiesOn(path);
    for (const one of identities) above.add(one);
    const identity = identities.at(-1) ?? "";
    const given = values.get(identity) ?? [];
    given.push(value);
    values.set(identity, given);
  }
  return { above, values };
}

function wholeIdentity({ schema }: Cursor, parent: Cursor): string {
  return identityBelow(parent.identity, "prop" in schema ? schema.prop : "", "");
}

/** True if what an edit gives a node holds the node that `way` leads to from there. */
function holds(value: unknown, way: readonly Cursor[]): boolean {
  let held = value;
  for (const step of way) {
    const { schema } = step;
    if (!("prop" in schema) || typeof held !== "object" || held === null) return false;
    if (!isSet(held as DataObject, schema)) return false;
    held = itemOf((held as DataObject)[schema.prop], step);
  }
  return held !== undefined;
}

/** The entry or value a cursor is at, of what is held for its list or leaf-list. */
function itemOf(held: unknown, { schema, key, value }: Cursor): unknown {
  if (schema.kind === "leaf-list") {
    return Array.isArray(held) && held.includes(value) ? value : undefined;
  }
  if (schema.kind !== "list") return held;
  if (!Array.isArray(held)) return (held as YangList<DataObject> | undefined)?.at(key);
  return held.find((entry: DataObject) => sortKey(keysOf(schema, entry)) === key);
}
