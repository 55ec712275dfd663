import type { JsonObject } from "../../src/datamodel/codec/encode.ts";
import type { IrType } from "../../src/datamodel/schema/ir.ts";
import type {
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  ParentSchema,
  Schema,
} from "../../src/datamodel/schema/schema.ts";
import { printPath } from "../../src/datamodel/tree/path.ts";

type Leaf = LeafSchema | LeafListSchema;

/** A leaf or leaf-list value met in the JSON. */
interface Site {
  readonly schema: Leaf;
  /** The objects it stands in, outermost first. */
  readonly within: readonly JsonObject[];
  /** Instance path of the object it stands in, for instance identifiers. */
  readonly path: string;
}

/**
 * Gives every leafref in the JSON (changed in place) the value of a leaf it may refer to, the
 * nearest in the tree first; those that find none are removed, with their list entry where they are
 * keys.
 */
export function pointLeafrefs(schema: Schema, json: JsonObject): JsonObject {
  // A target may itself be a leafref that is changed or removed in an earlier round.
  for (let round = 0; round < 4; round += 1) {
    const sites = sitesIn(schema.root, json, [], "");
    const targets = groupByPath(sites);
    for (const site of sites) pointSite(site, targets, sites);
    removeBroken(schema.root, json);
  }
  return json;
}

function groupByPath(sites: readonly Site[]): Map<string, Site[]> {
  const groups = new Map<string, Site[]>();
  for (const site of sites) {
    const group = groups.get(site.schema.path) ?? [];
    groups.set(site.schema.path, group);
    group.push(site);
  }
  return groups;
}

function pointSite(
  { schema, within, path }: Site,
  targets: ReadonlyMap<string, readonly Site[]>,
  sites: readonly Site[],
): void {
  const object = within.at(-1);
  const type = schema.ir.type;
  if (object === undefined || !refers(type)) return;
  const candidates =
    type.base === "leafref"
      ? valuesNear(within, targets.get(type.target) ?? [])
      : sites.filter((site) => site.path !== path).map((site) => site.path);
  const given = object[schema.jsonName];
  if (Array.isArray(given)) {
    object[schema.jsonName] = [...new Set(given.flatMap((value) => pick(candidates, value)))];
  } else {
    object[schema.jsonName] = pick(candidates, given)[0];
  }
}

/** libyang wants an instance identifier to fit the schema even where no instance need exist. */
function refers(
  type: IrType,
): type is Extract<IrType, { base: "leafref" | "instance-identifier" }> {
  return type.base === "instance-identifier" || (type.base === "leafref" && type.requireInstance);
}

/** A value that already points stays; otherwise it chooses one, the same each time. */
function pick(candidates: readonly unknown[], given: unknown): unknown[] {
  if (candidates.length === 0 || candidates.includes(given))
    return candidates.length ? [given] : [];
  const sum = [...JSON.stringify(given ?? null)].reduce((all, c) => all + c.charCodeAt(0), 0);
  return [candidates[sum % candidates.length]];
}

function valuesNear(within: readonly JsonObject[], targets: readonly Site[]): unknown[] {
  const shared = targets.map((target) => target.within.filter((at) => within.includes(at)).length);
  const nearest = Math.max(...shared);
  return targets
    .filter((_, index) => shared[index] === nearest)
    .flatMap(({ schema, within: inside }) => inside.at(-1)?.[schema.jsonName] ?? []);
}

function sitesIn(
  parent: ParentSchema,
  json: JsonObject,
  above: readonly JsonObject[],
  path: string,
): Site[] {
  const within = [...above, json];
  return parent.children.flatMap((schema): Site[] => {
    const value = json[schema.jsonName];
    if (value === undefined || schema.kind === "anydata") return [];
    if (schema.kind === "leaf" || schema.kind === "leaf-list") return [{ schema, within, path }];
    return bodies(schema, value, path).flatMap(([body, at]) => sitesIn(schema, body, within, at));
  });
}

function bodies(schema: DataSchema, value: unknown, path: string): [JsonObject, string][] {
  if (schema.kind !== "list") return [[value as JsonObject, `${path}/${schema.jsonName}`]];
  return (value as JsonObject[]).map((entry, index) => [
    entry,
    path + entryStep(schema, entry, index),
  ]);
}

function entryStep(schema: ListSchema, entry: JsonObject, index: number): string {
  const keys = schema.keys.map((key) => key.type.fromJson(entry[key.jsonName]));
  return printPath([{ schema, keys: keys.length === 0 ? [index + 1] : keys }]);
}

/** Takes out members without a value and entries without a key, or with one that exists already. */
function removeBroken(parent: ParentSchema, json: JsonObject): void {
  for (const schema of parent.children) {
    const value = json[schema.jsonName];
    if (value === undefined) delete json[schema.jsonName];
    else if (schema.kind === "container") removeBroken(schema, value as JsonObject);
    else if (schema.kind === "list") {
      json[schema.jsonName] = soundEntries(schema, value as JsonObject[]);
    }
  }
}

function soundEntries(schema: ListSchema, entries: readonly JsonObject[]): JsonObject[] {
  const known = new Set<string>();
  return entries.filter((entry) => {
    removeBroken(schema, entry);
    const keys = schema.keys.map((key) => entry[key.jsonName]);
    const text = schema.keys.length === 0 ? `${known.size}` : JSON.stringify(keys);
    if (keys.includes(undefined) || known.has(text)) return false;
    known.add(text);
    return true;
  });
}
