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

/** The place of a data node in its model. `K`: the keys of all lists on the way, in order. */
export interface NodePath<K extends readonly LeafValue[]> {
  /** As in the lock file: `/simplebridge:simplebridge/ports`. */
  readonly schema: string;
  /** RFC 7951 §6.11: `/simplebridge:simplebridge[name='br0']/ports[name='p1']`. */
  at(...keys: K): string;
}

/** Makes a path from its generated template, `/simplebridge:simplebridge[name]/ports[name]`. */
export function nodePath<K extends readonly LeafValue[]>(template: string): NodePath<K> {
  return {
    schema: template.replace(/\[[^\]]*\]/g, ""),
    at: (...keys) => {
      const rest: LeafValue[] = [...keys];
      return template.replace(/\[([^\]]*)\]/g, (_, name: string) => {
        const key = rest.shift();
        assert(key !== undefined, `${template} has its key ${name}`);
        return `[${name}=${quoted(String(key ?? ""))}]`;
      });
    },
  };
}
