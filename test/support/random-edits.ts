import fc from "fast-check";
import { decodeJsonAt } from "../../src/datamodel/codec/decode.ts";
import type { JsonObject } from "../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../src/datamodel/datastore/datastore.ts";
import { RequestError } from "../../src/datamodel/error.ts";
import type { Schema } from "../../src/datamodel/schema/schema.ts";
import { diffTrees, locationPath } from "../../src/datamodel/tree/diff.ts";
import type { DataObject } from "../../src/datamodel/tree/node.ts";
import { type InstancePath, parsePath } from "../../src/datamodel/tree/path.ts";
import { arbitraryData, arbitraryNode } from "./random-data.ts";

/** Edits of random places in a tree of any services' cubes, peers taken from the given devices. */
export class RandomEdits {
  readonly #schema: Schema;
  readonly #peer: fc.Arbitrary<string>;
  readonly #tree: fc.Arbitrary<JsonObject>;

  constructor(schema: Schema, devices: readonly string[]) {
    this.#schema = schema;
    this.#peer = fc.constantFrom("", ...devices);
    this.#tree = arbitraryData(schema, { entriesMax: 3 });
  }

  /** One transaction's worth: new cubes, or changes and deletions of what is there. */
  draw(gen: fc.GeneratorValue, root: DataObject): Edit[] {
    const nodes = this.#nodesOf(root);
    if (nodes.length === 0 || gen(fc.nat, { max: 3 }) === 0) return this.#newCubes(gen);
    const count = gen(fc.integer, { min: 1, max: 3 });
    return Array.from({ length: count }).flatMap(() => {
      const path = nodes[gen(fc.nat, { max: nodes.length - 1 })];
      return path === undefined ? [] : this.#change(gen, path);
    });
  }

  #newCubes(gen: fc.GeneratorValue): Edit[] {
    const tree = gen(() => this.#tree);
    return Object.entries(tree).map(([name, json]) => {
      const path = parsePath(this.#schema, `/${name}`);
      return { path, operation: "merge", value: decodeJsonAt(path, this.#withPeers(gen, json)) };
    });
  }

  #change(gen: fc.GeneratorValue, path: InstancePath): Edit[] {
    const node = path.at(-1)?.schema;
    const operation = gen(fc.constantFrom, "merge", "replace", "remove") as Edit["operation"];
    const arbitrary = node && arbitraryNode(this.#schema, node);
    if (operation === "remove" || arbitrary === undefined) return [{ path, operation: "remove" }];
    const json = node?.name === "peer" ? gen(() => this.#peer) : gen(() => arbitrary);
    try {
      const value = decodeJsonAt(path, withoutKeys(path, this.#withPeers(gen, json)));
      return [{ path, operation, value }];
    } catch (error) {
      if (error instanceof RequestError) return [];
      throw error;
    }
  }

  /** Every explicit node but keys and state. */
  #nodesOf(root: DataObject): InstancePath[] {
    const paths: InstancePath[] = [];
    diffTrees(this.#schema.root, undefined, root, (location) => {
      const { schema } = location;
      const isKey = schema.kind === "leaf" && schema.isKey;
      if (schema.config && !isKey) paths.push(locationPath(location));
    });
    return paths;
  }

  #withPeers(gen: fc.GeneratorValue, json: unknown): unknown {
    return JSON.parse(JSON.stringify(json), (name, value: unknown) => {
      return name === "peer" && typeof value === "string" ? gen(() => this.#peer) : value;
    });
  }
}

/** An entry is written under the keys of its path. */
function withoutKeys(path: InstancePath, json: unknown): unknown {
  const last = path.at(-1);
  if (last?.schema.kind !== "list" || last.keys === undefined) return json;
  const names = new Set(last.schema.keys.map(({ name }) => name));
  return Object.fromEntries(Object.entries(json as object).filter(([name]) => !names.has(name)));
}
