import { type DataSchema, type ParentSchema, subtreeHas } from "../../datamodel/schema/schema.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import { assert } from "../../lib/assert.ts";

const initOnly = "yangplane-extensions:init-only";

/** A leaf that may only be set when its entry is created. */
export function isInitOnly({ extensions }: DataSchema): boolean {
  return extensions.some(({ name }) => name === initOnly);
}

export const holdsInitOnly = subtreeHas(isInitOnly);

/**
 * A cube's configuration as those see it whose result is used once, when the cube is created: they
 * must look at nothing that may change later, and reading it is an assertion.
 */
export function fixedPart(schema: ParentSchema, config: DataObject): DataObject {
  return new Proxy(config, {
    get: (target, prop) => {
      const child = schema.children.find((candidate) => candidate.prop === prop);
      const value = typeof prop === "string" ? target[prop] : undefined;
      if (child === undefined || isFixed(child)) return value;
      const isSeenInto = child.kind === "container" && !child.presence && value !== undefined;
      assert(isSeenInto, `${child.path} may change: what is fixed with a cube must not read it`);
      return fixedPart(child, value as DataObject);
    },
  });
}

function isFixed(node: DataSchema): boolean {
  return isInitOnly(node) || node.assigned || (node.kind === "leaf" && node.isKey);
}
