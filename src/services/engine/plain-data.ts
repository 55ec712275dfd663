import type { DataSchema, ParentSchema } from "../../datamodel/schema/schema.ts";
import type { LeafValue } from "../../datamodel/schema/value-type.ts";
import { assert } from "../../lib/assert.ts";
import { setMember } from "../../lib/json.ts";

/** The value of a node, as a service gives it, as RFC 7951 JSON. */
export function nodeJson(schema: DataSchema, value: unknown): unknown {
  switch (schema.kind) {
    case "container":
      return bodyJson(schema, value as object);
    case "list":
      return [...(value as Iterable<object>)].map((entry) => bodyJson(schema, entry));
    case "leaf":
      return schema.type.toJson(value as LeafValue);
    case "leaf-list":
      return (value as readonly LeafValue[]).map((one) => schema.type.toJson(one));
    default:
      return (value as { readonly anydata: unknown }).anydata;
  }
}

/** The same of an entry, a container, or what an operation or notification holds. */
export function bodyJson(schema: ParentSchema, object: object): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [prop, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const child = schema.children.find((candidate) => candidate.prop === prop);
    assert(child, `${prop} is a node of the model`);
    setMember(json, child.jsonName, nodeJson(child, value));
  }
  return json;
}
