import assert from "node:assert/strict";
import { type ServedEngine, servedEngine } from "../../support/served-engine.ts";

const service = "yangplane.simplebridge.v1.SimplebridgeService";

interface Listed {
  readonly simplebridge: readonly { readonly ports?: readonly object[] }[];
}

describe("a list of cubes", () => {
  let served: ServedEngine;
  /** How often the data plane was asked for all rows of a map. */
  let asked: number;

  beforeEach(async () => {
    served = await servedEngine({});
    const { commit, edit, memory } = served;
    for (const name of ["br0", "br1"]) {
      await commit(
        edit("create", `/simplebridge:simplebridge[name='${name}']`, { ports: [{ name: "p1" }] }),
      );
    }
    asked = 0;
    const rows = memory.rows.bind(memory);
    memory.rows = (objectId, map) => {
      asked += 1;
      return rows(objectId, map);
    };
  });

  afterEach(() => served[Symbol.asyncDispose]());

  const list = async (read: object): Promise<Listed> => {
    return (await served.client.call(`${service}/ListSimplebridge`, { read })) as object as Listed;
  };

  it("reads no state of the lists in them, which it leaves out", async () => {
    const { simplebridge } = await list({});

    assert.equal(simplebridge.length, 2);
    assert.equal(asked, 0);
  });

  it("reads the state of those that a mask names", async () => {
    const { simplebridge } = await list({ readMask: { paths: ["name", "ports", "fdb.entry"] } });

    assert.deepEqual(
      simplebridge.map(({ ports }) => ports?.length),
      [1, 1],
    );
    assert.equal(asked, 2);
  });
});
