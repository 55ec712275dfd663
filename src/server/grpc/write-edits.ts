import type { Edit } from "../../datamodel/datastore/datastore.ts";
import { refuse } from "../../datamodel/error.ts";
import type { DataSchema, ListSchema } from "../../datamodel/schema/schema.ts";
import { type DataObject, type DataValue, emptyObject } from "../../datamodel/tree/node.ts";
import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import type { ProtoMessage } from "./proto-model.ts";
import { maskFields } from "./read-mask.ts";
import type { TypeRegistry } from "./type-registry.ts";

/** An Update as it came, with its path found. */
export interface UpdateRequest {
  readonly path: InstancePath;
  readonly body: DataObject;
  readonly message: ProtoMessage;
  readonly mask: readonly string[];
  readonly allowMissing: boolean;
}

/** The edits that an Update stands for (ARCHITECTURE §5). */
export function updateEdits(update: UpdateRequest, types: TypeRegistry): Edit[] {
  const { path, body, mask } = update;
  const target = path.at(-1)?.schema;
  // A non-presence container always exists.
  const mayMiss = update.allowMissing || (target?.kind === "container" && !target.presence);
  const mustExist = !mayMiss;
  if (mask.length === 0) return [{ path, operation: "merge", value: body, mustExist }];
  if (mask.includes("*")) return [{ path, operation: "replace", value: body, mustExist }];
  const touch: Edit = { path, operation: "merge", value: keysOnly(path), mustExist };
  const masked = mask.flatMap((name) => maskedEdits(update, name, types));
  return [touch, ...masked];
}

/** One named node becomes exactly what the body holds there, and so do containers on the way. */
function maskedEdits(
  { path, body, message }: UpdateRequest,
  name: string,
  types: TypeRegistry,
): Edit[] {
  const nodes = maskFields(name, message, types).map(({ node }) => node as DataSchema);
  for (const [index, node] of nodes.entries()) refuseMasked(node, name, index < nodes.length - 1);
  let value: DataValue | undefined = body;
  for (const { prop } of nodes) value = ownValue(value, prop);
  const target = [...path, ...nodes.map((schema) => ({ schema }))];
  if (value === undefined) return [{ path: target, operation: "remove" }];
  const isList = nodes.at(-1)?.kind === "list";
  const content = isList ? [...(value as Iterable<DataObject>)] : value;
  const ways = nodes.slice(0, -1).map((_, index) => target.slice(0, path.length + index + 1));
  return [
    ...ways.map((way): Edit => ({ path: way, operation: "merge", value: keysOnly(way) })),
    { path: target, operation: "replace", value: content as DataValue },
  ];
}

function ownValue(value: DataValue | undefined, prop: string): DataValue | undefined {
  const object = value as DataObject | undefined;
  return object !== undefined && Object.hasOwn(object, prop) ? object[prop] : undefined;
}

function refuseMasked(node: DataSchema, name: string, isPassed: boolean): void {
  const where = `mask path "${name}"`;
  if (!node.config) throw refuse("bad-element", "", `${where}: ${node.name} is state`);
  if (node.kind === "leaf" && node.isKey) {
    throw refuse("bad-element", "", `${where}: ${node.name} is a key and cannot change`);
  }
  if (node.kind === "list" && isPassed) {
    throw refuse("bad-element", "", `${where} leads into a list: name the list, or use Apply`);
  }
}

function keysOnly(path: InstancePath): DataObject {
  const last = path.at(-1);
  if (last?.schema.kind === "list") return entryWithKeys(last.schema, last.keys ?? []);
  const container = last?.schema;
  if (container?.kind !== "container")
    throw refuse("bad-element", printPath(path), "has no fields");
  return emptyObject(container);
}

function entryWithKeys(list: ListSchema, keys: readonly unknown[]): DataObject {
  const entry = emptyObject(list);
  return Object.assign(
    entry,
    Object.fromEntries(list.keys.map(({ prop }, at) => [prop, keys[at]])),
  );
}
