import fc from "fast-check";
import { decodeJsonAt } from "../../src/datamodel/codec/decode.ts";
import type { JsonObject } from "../../src/datamodel/codec/encode.ts";
import type { Edit } from "../../src/datamodel/datastore/datastore.ts";
import { RequestError } from "../../src/datamodel/error.ts";
import type { Schema } from "../../src/datamodel/schema/schema.ts";
import { diffTrees, locationPath } from "../../src/datamodel/tree/diff.ts";
import type { YangList } from "../../src/datamodel/tree/list.ts";
import type { DataObject } from "../../src/datamodel/tree/node.ts";
import { type InstancePath, parsePath, printPath } from "../../src/datamodel/tree/path.ts";
import { arbitraryData, arbitraryNode } from "./random-data.ts";

/** What peers and chains may name in a tree. */
interface Names {
  readonly peer: fc.Arbitrary<string>;
  readonly tcubes: fc.Arbitrary<readonly string[]>;
  /** Paths of peers by port, as `cube:port`. */
  readonly ports: ReadonlyMap<string, string>;
}

/**
 * Edits of random places in a tree of any services' cubes; they are connected with each other and
 * the given devices, and attached.
 */
export class RandomEdits {
  readonly #schema: Schema;
  readonly #devices: readonly string[];
  readonly #tree: fc.Arbitrary<JsonObject>;

  constructor(schema: Schema, devices: readonly string[]) {
    this.#schema = schema;
    this.#devices = devices;
    this.#tree = arbitraryData(schema, { entriesMax: 3 });
  }

  /** One transaction's worth: new cubes, or changes and deletions of what is there. */
  draw(gen: fc.GeneratorValue, root: DataObject): Edit[] {
    const nodes = this.#nodesOf(root);
    const names = this.#namesIn(root);
    const kind = gen(fc.nat, { max: 5 });
    if (nodes.length === 0 || kind === 0) return this.#newCubes(gen, names);
    if (kind === 1) return this.#connection(gen, names);
    if (kind === 2) return this.#chain(gen, names);
    const count = gen(fc.integer, { min: 1, max: 3 });
    return Array.from({ length: count }).flatMap(() => {
      const path = nodes[gen(fc.nat, { max: nodes.length - 1 })];
      return path === undefined ? [] : this.#change(gen, names, path);
    });
  }

  /** Two ports name each other. */
  #connection(gen: fc.GeneratorValue, { ports }: Names): Edit[] {
    const all = [...ports];
    if (all.length < 2) return [];
    const [one, other] = [0, 1].map(() => all[gen(fc.nat, { max: all.length - 1 })]);
    if (!one || !other) return [];
    return [this.#merge(one[1], other[0]), this.#merge(other[1], one[0])];
  }

  /** Cubes are attached to a port or a device, in place of others. */
  #chain(gen: fc.GeneratorValue, { ports, tcubes }: Names): Edit[] {
    const chains = [...ports.values()].map((peer) => peer.replace(/peer$/, "tcubes"));
    if (this.#schema.root.childByName.has("netdev:netdev")) {
      chains.push(...this.#devices.map((name) => `/netdev:netdev[name='${name}']/tcubes`));
    }
    const path = chains[gen(fc.nat, { max: Math.max(0, chains.length - 1) })];
    return path === undefined
      ? []
      : [
          this.#merge(
            path,
            gen(() => tcubes),
            "replace",
          ),
        ];
  }

  #merge(text: string, json: unknown, operation: Edit["operation"] = "merge"): Edit {
    const path = parsePath(this.#schema, text);
    return { path, operation, value: decodeJsonAt(path, json) };
  }

  #newCubes(gen: fc.GeneratorValue, names: Names): Edit[] {
    const tree = gen(() => this.#tree);
    return Object.entries(tree).map(([name, json]) => {
      const path = parsePath(this.#schema, `/${name}`);
      return {
        path,
        operation: "merge",
        value: decodeJsonAt(path, this.#connected(gen, names, json)),
      };
    });
  }

  #change(gen: fc.GeneratorValue, names: Names, path: InstancePath): Edit[] {
    const node = path.at(-1)?.schema;
    const operation = gen(fc.constantFrom, "merge", "replace", "remove") as Edit["operation"];
    const arbitrary = node && arbitraryNode(this.#schema, node);
    if (operation === "remove" || arbitrary === undefined) return [{ path, operation: "remove" }];
    const json = node?.name === "peer" ? gen(() => names.peer) : gen(() => arbitrary);
    try {
      const value = decodeJsonAt(path, withoutKeys(path, this.#connected(gen, names, json)));
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

  /** Only of models that have what the base model has. */
  #namesIn(root: DataObject): Names {
    const ports = new Map<string, string>();
    const tcubes: string[] = [];
    for (const list of this.#schema.root.children) {
      if (list.kind !== "list") continue;
      const portList = list.childByName.get("ports");
      for (const cube of root[list.prop] as YangList<DataObject>) {
        const keys = [String(cube["name"])];
        if (list.childByName.has("parent")) tcubes.push(...keys);
        if (portList?.kind !== "list" || !portList.childByName.has("tcubes")) continue;
        for (const port of cube["ports"] as YangList<DataObject>) {
          const path = [
            { schema: list, keys },
            { schema: portList, keys: [String(port["name"])] },
          ];
          ports.set(`${cube["name"]}:${port["name"]}`, `${printPath(path)}/peer`);
        }
      }
    }
    return {
      ports,
      peer: fc.constantFrom("", ...this.#devices, ...ports.keys()),
      tcubes: fc.shuffledSubarray(tcubes),
    };
  }

  #connected(gen: fc.GeneratorValue, names: Names, json: unknown): unknown {
    return JSON.parse(JSON.stringify(json), (name, value: unknown) => {
      if (name === "tcubes" && Array.isArray(value)) return gen(() => names.tcubes);
      return name === "peer" && typeof value === "string" ? gen(() => names.peer) : value;
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
