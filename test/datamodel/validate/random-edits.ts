import fc from "fast-check";
import type { JsonObject } from "../../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import type { DataSchema, ParentSchema, Schema } from "../../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../../src/datamodel/tree/edit.ts";
import type { DataObject } from "../../../src/datamodel/tree/node.ts";
import { arbitraryData } from "../../support/random-data.ts";
import { edit } from "../../support/tree.ts";

type Operation = Edit["operation"];
interface Spot {
  readonly path: string;
  readonly json: unknown;
}

/** One edit at some node of some random tree. */
export function arbitraryEdit(schema: Schema): fc.Arbitrary<Edit> {
  const operation = fc.constantFrom<Operation>("merge", "merge", "replace", "remove");
  return fc
    .record({
      json: arbitraryData(schema, { conditional: true, entriesMax: 3 }),
      operation,
      pick: fc.nat(),
    })
    .map(({ json, operation: chosen, pick }) => {
      const spots = spotsBelow(schema.root, json, "");
      const spot = spots[pick % Math.max(spots.length, 1)];
      if (spot === undefined) return undefined;
      return edit(schema, chosen, spot.path, chosen === "remove" ? undefined : spot.json);
    })
    .filter((made) => made !== undefined);
}

/** Leaves, containers and entries; never whole lists or the whole tree. */
export function spotsBelow(parent: ParentSchema, json: JsonObject, at: string): Spot[] {
  return parent.children.flatMap((child) => {
    const value = json[child.jsonName];
    return value === undefined ? [] : spotsAt(child, value, `${at}/${child.jsonName}`);
  });
}

function spotsAt(schema: DataSchema, json: unknown, path: string): Spot[] {
  if (schema.kind === "container") {
    const below = spotsBelow(schema, json as JsonObject, path);
    return schema.parent.kind === "root" ? below : [{ path, json }, ...below];
  }
  if (schema.kind !== "list") {
    return schema.kind === "leaf" && schema.isKey ? [] : [{ path, json }];
  }
  return (json as JsonObject[]).flatMap((entry) => {
    const keys = schema.keys.map(
      ({ name, type, jsonName }) => `[${name}='${type.toText(type.fromJson(entry[jsonName]))}']`,
    );
    const entryPath = path + keys.join("");
    return [{ path: entryPath, json: entry }, ...spotsBelow(schema, entry, entryPath)];
  });
}

/** The tree after the edits, undefined where they cannot be made. */
export function edited(root: DataObject, edits: readonly Edit[]): DataObject | undefined {
  try {
    return applyEdits(root, edits);
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}
