import fc from "fast-check";
import type { JsonObject } from "../../src/datamodel/codec/encode.ts";
import type {
  CaseMembership,
  ChoiceSchema,
  DataSchema,
  LeafListSchema,
  LeafSchema,
  ListSchema,
  ParentSchema,
  Schema,
} from "../../src/datamodel/schema/schema.ts";
import { pointLeafrefs } from "./random-leafref.ts";
import { arbitraryValue, type JsonArbitrary } from "./random-value.ts";

export interface RandomDataOptions {
  /** State nodes too; default configuration only. */
  readonly state?: boolean;
  /** Nodes with a `when`, which may then be false; default left out. */
  readonly conditional?: boolean;
  /** Most entries of a list where its min-elements do not ask for more; default 3. */
  readonly entriesMax?: number;
}

/**
 * RFC 7951 JSON of the whole tree that is valid as far as types, keys, mandatory nodes, choices,
 * min- and max-elements and leafrefs go; `must` and `unique` are not looked at.
 */
export function arbitraryData(
  schema: Schema,
  options: RandomDataOptions = {},
): fc.Arbitrary<JsonObject> {
  const body = new DataArbitraries(schema, options).body(schema.root) ?? fc.constant({});
  // fast-check keeps parts of a value for shrinking, so the original stays as it is.
  return body.map((json) => pointLeafrefs(schema, structuredClone(json)));
}

/** The value of one node, its leafrefs pointing nowhere; undefined where no value was found. */
export function arbitraryNode(
  schema: Schema,
  node: DataSchema,
  options: RandomDataOptions = {},
): JsonArbitrary | undefined {
  return new DataArbitraries(schema, options).node(node);
}

/** True four times out of five, shrinking to false: trees with few nodes find few faults. */
const mostly = fc.integer({ min: 0, max: 4 }).map((roll) => roll > 0);

interface Member {
  readonly schema: DataSchema;
  readonly value: JsonArbitrary;
  readonly required: boolean;
}

class DataArbitraries {
  readonly #schema: Schema;
  readonly #options: RandomDataOptions;

  constructor(schema: Schema, options: RandomDataOptions) {
    this.#schema = schema;
    this.#options = options;
  }

  /** Undefined where a required member has no value. */
  body(parent: ParentSchema): fc.Arbitrary<JsonObject> | undefined {
    const members: Member[] = [];
    for (const schema of parent.children) {
      if (!this.#wanted(schema)) continue;
      const value = this.node(schema);
      if (value !== undefined) members.push({ schema, value, required: isRequired(schema) });
      else if (isRequired(schema)) return undefined;
    }
    const picks = parent.choices.map((choice) => arbitraryCase(choice));
    const present = members.map(({ required }) => (required ? fc.constant(true) : mostly));
    return fc
      .tuple(
        fc.tuple(...members.map(({ value }) => value)),
        fc.tuple(...present),
        fc.tuple(...picks),
      )
      .map(([values, included, chosenCases]) => {
        const chosen = new Map(parent.choices.map((choice, i) => [choice, chosenCases[i]]));
        const pairs = members.flatMap(({ schema }, index) => {
          const placed = standing(schema.inCase, chosen);
          const isIn = placed === "required" || (placed === "free" && included[index]);
          return isIn ? [[schema.jsonName, values[index]] as const] : [];
        });
        return Object.fromEntries(pairs);
      });
  }

  node(schema: DataSchema): JsonArbitrary | undefined {
    switch (schema.kind) {
      case "leaf":
        return this.#value(schema);
      case "leaf-list":
        return this.#leafList(schema);
      case "list":
        return this.#list(schema);
      case "container":
        return this.body(schema);
      case "anydata":
        return fc.constant({ any: [1, "two", { three: null }] });
    }
  }

  #wanted(schema: DataSchema): boolean {
    if (!schema.config && !this.#options.state) return false;
    return this.#options.conditional === true || !hasWhen(schema);
  }

  #value(schema: LeafSchema | LeafListSchema): JsonArbitrary | undefined {
    return arbitraryValue(schema.ir.type, this.#schema.derivedIdentities, schema.module);
  }

  #leafList(schema: LeafListSchema): JsonArbitrary | undefined {
    const value = this.#value(schema);
    if (!schema.config) return value && fc.array(value, this.#bounds(schema));
    const selector = (json: unknown): string => schema.type.toText(schema.type.fromJson(json));
    return value && fc.uniqueArray(value, { selector, ...this.#bounds(schema) });
  }

  #list(schema: ListSchema): JsonArbitrary | undefined {
    const entry = this.body(schema);
    if (entry === undefined) return undefined;
    if (schema.keys.length === 0) return fc.array(entry, this.#bounds(schema));
    return fc.uniqueArray(entry, {
      selector: (json) => keyText(schema, json),
      ...this.#bounds(schema),
    });
  }

  #bounds({ ir }: ListSchema | LeafListSchema): fc.ArrayConstraints {
    const minLength = ir.minElements ?? 0;
    const most = Math.max(minLength, this.#options.entriesMax ?? 3);
    return { minLength, maxLength: Math.min(most, ir.maxElements ?? most), size: "max" };
  }
}

/** The canonical keys of an entry in JSON, as one text. */
function keyText(schema: ListSchema, json: JsonObject): string {
  return schema.keys
    .map(({ type, jsonName }) => type.toText(type.fromJson(json[jsonName])))
    .join("\u0000");
}

function isRequired(schema: DataSchema): boolean {
  switch (schema.kind) {
    case "leaf":
      return schema.isKey || schema.ir.mandatory;
    case "anydata":
      return schema.ir.mandatory;
    case "container":
      return !schema.presence && schema.children.some(isRequiredOutsideCases);
    default:
      return (schema.ir.minElements ?? 0) > 0;
  }
}

function isRequiredOutsideCases(schema: DataSchema): boolean {
  return schema.inCase === undefined && schema.config && isRequired(schema);
}

function arbitraryCase(choice: ChoiceSchema): fc.Arbitrary<string | undefined> {
  const names = [...choice.cases.keys()];
  return choice.mandatory ? fc.constantFrom(...names) : fc.constantFrom(undefined, ...names);
}

/** Whether a node may be there given the cases chosen; required where its choice is mandatory. */
function standing(
  inCase: CaseMembership | undefined,
  chosen: ReadonlyMap<ChoiceSchema, string | undefined>,
): "free" | "required" | "excluded" {
  let required = false;
  for (let at = inCase; at; at = at.outer) {
    if (chosen.get(at.choice) !== at.caseName) return "excluded";
    required ||= at.choice.mandatory;
  }
  return required ? "required" : "free";
}

function hasWhen(schema: DataSchema): boolean {
  if (schema.when.length > 0) return true;
  for (let at = schema.inCase; at; at = at.outer) if (at.when.length > 0) return true;
  return false;
}
