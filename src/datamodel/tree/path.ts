import type { DataSchema } from "../schema/schema.ts";
import type { LeafValue } from "../schema/value-type.ts";
import type { ListKeys } from "./list.ts";

/** One data node on the way from the root. */
export interface PathStep {
  readonly schema: DataSchema;
  /** List entry: its keys. Absent on a list step: the list as a whole (last step only). */
  readonly keys?: ListKeys;
  /** Leaf-list entry: its value. Absent: the leaf-list as a whole. */
  readonly value?: LeafValue;
}

/** Where a data node is, from the root; [] is the root itself. */
export type InstancePath = readonly PathStep[];
