import assert from "node:assert/strict";
import { listEdits, nodeEdits } from "../../src/cli/creation.ts";
import type { Edit } from "../../src/cli/edit.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { decodeJsonAt } from "../../src/datamodel/codec/decode.ts";
import { encodeJson } from "../../src/datamodel/codec/encode.ts";
import { type ListSchema, linkSchema } from "../../src/datamodel/schema/schema.ts";
import { applyEdits } from "../../src/datamodel/tree/edit.ts";
import { emptyObject } from "../../src/datamodel/tree/node.ts";
import { parsePath } from "../../src/datamodel/tree/path.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";

const schema = linkSchema([simplebridgeIr]);
const bridges = schema.root.childByName.get("simplebridge") as ListSchema;
const bridgesPath = "/simplebridge:simplebridge";

function count<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}

function bridge(name: string, ports: number, entries: number) {
  const address = (index: number) => `02:00:00:00:${[index >> 8, index & 255].map(hex).join(":")}`;
  return {
    name,
    fdb: {
      "aging-time": 60,
      entry: count(entries, (index) => ({ address: address(index), port: "p0000" })),
    },
    ports: count(ports, (index) => ({ name: `p${String(index).padStart(4, "0")}` })),
  };
}

function creating(path: string) {
  return { operation: "CREATE", path } as const;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** What the edits leave in an empty tree. */
function result(edits: readonly Edit[]): unknown {
  const parsed = edits.map(({ path, json = "" }) => {
    const at = parsePath(schema, path);
    return { path: at, operation: "merge" as const, value: decodeJsonAt(at, JSON.parse(json)) };
  });
  return encodeJson(schema.root, applyEdits(emptyObject(schema.root), parsed));
}

describe("the edits that write a large body", () => {
  const bodies = [
    { what: "one of few entries", body: bridge("br0", 3, 10), edits: 1 },
    { what: "one with a long list", body: bridge("br0", 1, 2000), edits: 2 },
    { what: "one with a list longer than an edit", body: bridge("br0", 1, 12_000), edits: 4 },
    { what: "one with two long lists", body: bridge("br0", 1500, 1500), edits: 3 },
  ];
  for (const { what, body, edits } of bodies) {
    it(`are ${edits} for ${what}, and add up to it`, () => {
      const made = nodeEdits(creating(`${bridgesPath}[name='br0']`), bridges, body);
      assert.equal(made.length, edits);
      assert.deepEqual(result(made), { "simplebridge:simplebridge": [body] });
    });
  }

  it("name each entry of a list once, and the long lists inside entries by themselves", () => {
    const body = [bridge("br0", 1, 2000), bridge("br1", 1, 3), bridge("br2", 1500, 3)];
    const made = listEdits(creating(bridgesPath), bridges, body);
    assert.deepEqual(
      made.map(({ path, entries }) => [path, entries]),
      [
        [bridgesPath, 3],
        [`${bridgesPath}[name='br0']/fdb/entry`, 2000],
        [`${bridgesPath}[name='br2']/ports`, 1500],
      ],
    );
    assert.deepEqual(result(made), { "simplebridge:simplebridge": body });
  });

  it("are refused for an entry without its key", () => {
    assert.throws(
      () => listEdits(creating(bridgesPath), bridges, [{ loglevel: "OFF" }]),
      UsageError,
    );
  });
});
