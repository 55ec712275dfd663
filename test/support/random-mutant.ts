import fc from "fast-check";
import type { JsonObject } from "../../src/datamodel/codec/encode.ts";
import type { IrRestriction, IrType } from "../../src/datamodel/schema/ir.ts";
import type { DataSchema, ParentSchema, Schema } from "../../src/datamodel/schema/schema.ts";
import { arbitraryNode } from "./random-data.ts";

/** A change to one place of a tree that most often makes it invalid. */
export interface Mutant {
  readonly json: JsonObject;
  /** What was done and where, for the failure's report. */
  readonly change: string;
}

interface Mutation {
  readonly change: string;
  /** Changes the object at `route` inside the copy. */
  readonly apply: (object: JsonObject) => void;
  readonly route: readonly (string | number)[];
}

/** Trees that differ from `json` by one mutation. */
export function arbitraryMutant(schema: Schema, json: JsonObject): fc.Arbitrary<Mutant> {
  const mutations = mutationsIn(schema, schema.root, json, []);
  return fc.nat({ max: mutations.length - 1 }).map((index) => {
    const { change, apply, route } = mutations[index] as Mutation;
    const copy = structuredClone(json);
    apply(objectAt(copy, route));
    return { json: copy, change };
  });
}

function objectAt(json: JsonObject, route: readonly (string | number)[]): JsonObject {
  return route.reduce<JsonObject>((at, member) => at[member] as JsonObject, json);
}

function mutationsIn(
  schema: Schema,
  parent: ParentSchema,
  json: JsonObject,
  route: readonly (string | number)[],
): Mutation[] {
  const where = route.join("/");
  const unknown: Mutation = {
    change: `unknown member in ${where}`,
    apply: (object) => {
      object["no-such-node"] = 1;
    },
    route,
  };
  return [
    unknown,
    ...parent.children.flatMap((child) => {
      const value = json[child.jsonName];
      if (value === undefined) return additions(schema, child, route);
      return [...replacements(child, value, route), ...below(schema, child, value, route)];
    }),
  ];
}

/** Another case of a chosen choice, or a node whose `when` may be false. */
function additions(
  schema: Schema,
  child: DataSchema,
  route: readonly (string | number)[],
): Mutation[] {
  if (!child.config || (child.inCase === undefined && child.when.length === 0)) return [];
  const value = arbitraryNode(schema, child, { conditional: true });
  if (value === undefined) return [];
  const [sample] = fc.sample(value, { numRuns: 1, seed: 1 });
  return [setting(child, sample, route, "added")];
}

function replacements(
  child: DataSchema,
  value: unknown,
  route: readonly (string | number)[],
): Mutation[] {
  const removal: Mutation = {
    change: `${child.jsonName} removed from ${route.join("/")}`,
    apply: (object) => {
      delete object[child.jsonName];
    },
    route,
  };
  const wrong = wrongValues(child, value).map((bad) => setting(child, bad, route, "set"));
  return [removal, ...wrong];
}

function setting(
  child: DataSchema,
  value: unknown,
  route: readonly (string | number)[],
  how: string,
): Mutation {
  const shown = JSON.stringify(value)?.slice(0, 80);
  return {
    change: `${child.jsonName} ${how} in ${route.join("/")}: ${shown}`,
    apply: (object) => {
      object[child.jsonName] = structuredClone(value);
    },
    route,
  };
}

function below(
  schema: Schema,
  child: DataSchema,
  value: unknown,
  route: readonly (string | number)[],
): Mutation[] {
  if (child.kind === "container") {
    return mutationsIn(schema, child, value as JsonObject, [...route, child.jsonName]);
  }
  if (child.kind !== "list") return [];
  return (value as JsonObject[]).flatMap((entry, index) =>
    mutationsIn(schema, child, entry, [...route, child.jsonName, index]),
  );
}

function wrongValues(child: DataSchema, value: unknown): unknown[] {
  switch (child.kind) {
    case "leaf":
      return wrongLeaves(child.ir.type);
    case "leaf-list":
    case "list": {
      const items = value as readonly unknown[];
      return ["text", {}, ...(items.length > 0 ? [[], [...items, items[0]], items.slice(1)] : [])];
    }
    case "container":
      return ["text", [{}], {}];
    default:
      return [];
  }
}

/** Other kinds of JSON, and values just outside what the type allows. */
function wrongLeaves(type: IrType): unknown[] {
  return [true, 7, -1, 1.5, "", "no such value", [null], {}, ...outside(type)];
}

function outside(type: IrType): unknown[] {
  switch (type.base) {
    case "string":
      return ["\u0000", "x".repeat(300), ...textsAround(type.length)];
    case "binary":
      return ["=", "AAA", "QUJD"];
    case "leafref":
      return outside(type.type);
    case "union":
      return type.types.flatMap(outside);
    case "decimal64":
      return ["1.2.3", `0.${"1".repeat(type.fractionDigits + 1)}`, ...numbersAround(type.range, 1)];
    case "int64":
    case "uint64":
      return numbersAround(type.range, 1).concat(String(2n ** 64n), String(-(2n ** 63n) - 1n));
    case "bits":
      return type.bits.slice(0, 1).map(({ name }) => `${name} ${name}`);
    default:
      return "range" in type ? numbersAround(type.range, 1).map(Number) : [2 ** 32, -(2 ** 31) - 1];
  }
}

function numbersAround(range: IrRestriction | undefined, by: number): string[] {
  return (range?.intervals ?? []).flatMap(({ min, max }) => [
    min.includes(".") ? String(Number(min) - by) : String(BigInt(min) - BigInt(by)),
    max.includes(".") ? String(Number(max) + by) : String(BigInt(max) + BigInt(by)),
  ]);
}

function textsAround(length: IrRestriction | undefined): string[] {
  return (length?.intervals ?? []).flatMap(({ min, max }) => [
    "é".repeat(Math.max(0, Number(min) - 1)),
    "é".repeat(Math.min(1000, Number(max) + 1)),
  ]);
}
