import { assert } from "../../lib/assert.ts";
import { quoted } from "./instance-identifier.ts";
import type { IrModule } from "./ir.ts";
import type { LeafValue } from "./value-type.ts";

/** A service model as generated: one top-level list of cubes. `Cube` is the type of its entries. */
export interface ModelDescriptor<Cube extends object = object> {
  readonly module: string;
  /** Name of the top-level list, the module's own. */
  readonly list: string;
  readonly ir: IrModule;
  /** Carries `Cube` for inference; no descriptor has a value here. */
  readonly cube?: Cube;
}

/**
 * The place of a data node in its model, `/simplebridge:simplebridge[name]/ports[name]`.
 * `Keys`: those of all lists on the way, in order.
 */
export type NodePath<Keys extends readonly LeafValue[]> = string & { readonly keys?: Keys };

/** As in the lock file: `/simplebridge:simplebridge/ports`. */
export function schemaPath(path: NodePath<readonly LeafValue[]>): string {
  return path.replace(keyPattern, "");
}

/** RFC 7951 §6.11: `/simplebridge:simplebridge[name='br0']/ports[name='p1']`. */
export function instancePath<Keys extends readonly LeafValue[]>(
  path: NodePath<Keys>,
  ...keys: Keys
): string {
  let used = 0;
  const text = path.replace(keyPattern, (_, name: string) => {
    const key = keys[used];
    used += 1;
    assert(key !== undefined, `${path} is given its key ${name}`);
    return `[${name}=${quoted(key === null ? "" : String(key))}]`;
  });
  assert(used === keys.length, `${path} has as many keys as are given`);
  return text;
}

const keyPattern = /\[([^\]]*)\]/g;
