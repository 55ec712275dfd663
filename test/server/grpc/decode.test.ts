import assert from "node:assert/strict";
import type { IrNode } from "../../../src/datamodel/schema/ir.ts";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import type { Slices } from "../../../src/lib/slices.ts";
import { Api } from "../../../src/server/grpc/api.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { bridge, irModule, leaf, list } from "./models.ts";
import { Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";
const scope = "yangplane.bridge.v1";

function sliceCount(work: Slices<unknown>): number {
  let count = 1;
  while (!work.next().done) count += 1;
  return count;
}

describe("a body", () => {
  let session: Session;

  beforeEach(async () => {
    session = await Session.open(bridge);
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const encoded = (body: object): Buffer =>
    session.encode(`${scope}.CreateBridgeRequest`, { bridge: body });

  async function config(): Promise<unknown> {
    const request = {
      bridgeName: "br0",
      read: { view: "VIEW_CONFIG" },
    };
    const { bridge: found } = await session.call(`${service}/GetBridge`, request);
    return found;
  }

  it("that is given twice is merged as protobuf says", async () => {
    const parts = [
      { name: "nobody", type: "TYPE_XDP_DRV", ports: [{ name: "p1" }] },
      { name: "br0", ports: [{ name: "p2" }] },
    ];
    await session.call(`${service}/CreateBridge`, Buffer.concat(parts.map(encoded)));
    assert.deepEqual(await config(), {
      name: "br0",
      type: "TYPE_XDP_DRV",
      ports: [{ name: "p1" }, { name: "p2" }],
    });
  });

  it("whose container is given in parts has the lists of all of them", async () => {
    const parts = [
      { name: "br0", fdb: { agingTime: 60, entry: [{ vlan: 1, mac: "a" }] } },
      { fdb: { agingTime: 70, entry: [{ vlan: 2, mac: "b" }] } },
      { limits: { burst: "7" } },
      { limits: { rate: { digits: "1" } } },
    ];
    await session.call(`${service}/CreateBridge`, Buffer.concat(parts.map(encoded)));
    assert.deepEqual(await config(), {
      name: "br0",
      fdb: {
        agingTime: 70,
        entry: [
          { vlan: 1, mac: "a" },
          { vlan: 2, mac: "b" },
        ],
      },
      limits: { burst: "7", rate: { digits: "10", fractionDigits: 1 } },
    });
  });

  it("with the same entry in two parts is refused", async () => {
    const part = encoded({ name: "br0", fdb: { entry: [{ vlan: 1, mac: "a" }] } });
    const request = Buffer.concat([part, part]);
    const { violations } = await session.refused(`${service}/CreateBridge`, request);
    assert.deepEqual(violations, [
      {
        path: "/bridge:bridge[name='br0']/fdb/entry[vlan='1'][mac='a']",
        errorTag: "bad-element",
        message: "is given twice",
      },
    ]);
  });

  it("with a member given twice in anydata is refused", async () => {
    const notes: IrNode = {
      kind: "anydata",
      name: "notes",
      module: "memo",
      config: true,
      mandatory: false,
    };
    const name = leaf("name", { base: "string" }, { module: "memo" });
    const memo = { ...list("memo", ["name"], [name, notes]), module: "memo" };
    await using memos = await Session.open(irModule("memo", [memo]));
    const create = "yangplane.memo.v1.MemoService/CreateMemo";

    const { violations } = await memos.refused(create, {
      memo: { name: "m", notes: '{"a":[{"b":1,"b":2}]}' },
    });

    assert.deepEqual(violations, [
      {
        path: "/memo:memo[name='m']/notes/a[1]/b",
        errorTag: "bad-element",
        message: "is given twice",
      },
    ]);
  });

  it("of thousands of entries is decoded in slices, wherever they are", () => {
    const api = new Api({
      datastore: new MemoryDatastore(linkSchema([bridge])),
      locks: new Map(),
      log: () => undefined,
      limits: { transactionBytes: 0, openTransactionBytes: 0 },
    });
    const many = Array.from({ length: 5000 }, (_, index) => ({ vlan: 1, mac: String(index) }));
    const ports = many.map(({ mac: name }) => ({ name }));
    for (const body of [{ fdb: { entry: many } }, { ports }]) {
      const work = api.decoder().decoding(`${scope}.CreateBridgeRequest`, encoded(body));
      assert(sliceCount(work) > 50);
    }
  });
});
