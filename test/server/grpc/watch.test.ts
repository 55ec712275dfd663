import assert from "node:assert/strict";
import { on } from "node:events";
import type { ClientReadableStream } from "@grpc/grpc-js";
import { parsePath } from "../../../src/datamodel/tree/path.ts";
import { bridge, irModule, leaf, list } from "./models.ts";
import { Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";
const scope = "yangplane.bridge.v1";

interface Reply {
  readonly changes?: readonly Record<string, unknown>[];
  readonly synced?: boolean;
  readonly more?: boolean;
  readonly commitId?: string;
  readonly time?: object;
}

function bridgesOf({ changes }: Reply): unknown[] | undefined {
  return changes?.map(({ bridgeName }) => bridgeName);
}

describe("Watch", () => {
  let session: Session;
  beforeEach(async () => {
    session = await Session.open(bridge);
    for (const name of ["br0", "br1"]) {
      const ports = [{ name: "p1" }];
      await session.call(`${service}/CreateBridge`, { bridge: { name, ports } });
    }
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const watch = (method: string, request: object) => watchOf(session, method, request);

  function watchOf(of: Session, method: string, request: object) {
    const bytes = of.encode(`${scope}.${method}Request`, request);
    const path = `/${service}/${method}`;
    const same = (value: Buffer): Buffer => value;
    const stream: ClientReadableStream<Buffer> = of.client.makeServerStreamRequest(
      path,
      same,
      same,
      bytes,
    );
    stream.on("error", () => {});
    const messages = on(stream, "data");
    return {
      stream,
      async next(): Promise<Reply> {
        const { value } = await messages.next();
        return of.decode(`${scope}.${method}Response`, value[0]) as Reply;
      },
    };
  }

  const config = { read: { view: "VIEW_CONFIG" } };

  it("tells what is there, synced once, then each change", async () => {
    const { next, stream } = watch("WatchPorts", { bridgeName: "br0", ...config });
    const port = (name: string, more = {}) => ({
      bridgeName: "br0",
      portsName: name,
      ports: { name, ...more },
    });
    assert.deepEqual(await next(), { changes: [port("p1")], synced: true, commitId: "2" });
    await session.call(`${service}/UpdatePorts`, {
      bridgeName: "br0",
      ports: { name: "p1", mtu: 99 },
    });
    assert.deepEqual((await next()).changes, [port("p1", { mtu: 99 })]);
    await session.call(`${service}/CreatePorts`, { bridgeName: "br1", ports: { name: "p9" } });
    await session.call(`${service}/DeletePorts`, { bridgeName: "br0", portsName: "p1" });
    const { changes, commitId } = await next();
    assert.deepEqual(changes, [{ bridgeName: "br0", portsName: "p1", removed: {} }]);
    assert.equal(commitId, "5");
    stream.cancel();
  });

  it("watches below all parents when their keys are left empty", async () => {
    const { next, stream } = watch("WatchPorts", config);
    const parents = (await next()).changes?.map(({ bridgeName }) => bridgeName);
    assert.deepEqual(parents, ["br0", "br1"]);
    await session.call(`${service}/DeleteBridge`, { bridgeName: "br1" });
    assert.deepEqual((await next()).changes, [{ bridgeName: "br1", portsName: "p1", removed: {} }]);
    stream.cancel();
  });

  it("is silent about a change in a nested list that it leaves out", async () => {
    const { next, stream } = watch("WatchBridge", config);
    await next();
    await session.call(`${service}/CreatePorts`, { bridgeName: "br0", ports: { name: "p2" } });
    await session.call(`${service}/UpdateBridge`, {
      bridge: { name: "br1", type: "TYPE_XDP_DRV" },
    });
    const { changes } = await next();
    assert.deepEqual(
      changes?.map(({ bridgeName }) => bridgeName),
      ["br1"],
    );
    stream.cancel();
  });

  it("tells a change of state to watchers of the operational view", async () => {
    const { next, stream } = watch("WatchPorts", { bridgeName: "br0" });
    await next();
    const path = "/bridge:bridge[name='br0']/ports[name='p1']";
    session.datastore.state.set(path, { rxPackets: 5n });
    session.datastore.stateChanged([parsePath(session.datastore.schema, path)]);
    const { changes } = await next();
    const ports = { name: "p1", mode: "MODE_ACCESS", mtu: 1500, rxPackets: "5" };
    assert.deepEqual(changes, [{ bridgeName: "br0", portsName: "p1", ports }]);
    stream.cancel();
  });

  it("tells a change of state in a nested list that the mask names, and in no other", async () => {
    const { schema } = session.datastore;
    const port = parsePath(schema, "/bridge:bridge[name='br0']/ports[name='p1']");
    const bridgePath = parsePath(schema, "/bridge:bridge[name='br1']");
    const named = watch("WatchBridge", { read: { readMask: { paths: ["ports.rx_packets"] } } });
    const whole = watch("WatchBridge", {});
    await Promise.all([named.next(), whole.next()]);
    session.datastore.stateChanged([port]);
    assert.deepEqual(bridgesOf(await named.next()), ["br0"]);
    session.datastore.stateChanged([bridgePath]);
    assert.deepEqual(bridgesOf(await whole.next()), ["br1"]);
    named.stream.cancel();
    whole.stream.cancel();
  });

  it("tells that entries which only state had went with what they were in", async () => {
    const { state } = session.datastore;
    const list = "/bridge:bridge[name='br1']/ports";
    state.set(`${list}[name='learned']`, { name: "learned", rxPackets: 1n });
    const { next, stream } = watch("WatchPorts", {});
    const names = (await next()).changes?.map(({ portsName }) => portsName);
    assert.deepEqual(names, ["p1", "learned", "p1"]);
    state.clear();
    await session.call(`${service}/DeleteBridge`, { bridgeName: "br1" });
    const { changes } = await next();
    assert.deepEqual(
      changes?.map(({ portsName, removed }) => [portsName, removed]),
      [
        ["p1", {}],
        ["learned", {}],
      ],
    );
    stream.cancel();
  });

  it("marks all but the last message of a large commit with more", async () => {
    const { next, stream } = watch("WatchPorts", { bridgeName: "br0", ...config });
    await next();
    const ports = Array.from({ length: 1200 }, (_, index) => ({ name: `q${index}` }));
    await session.call(`${service}/UpdateBridge`, { bridge: { name: "br0", ports } });
    const flags: boolean[] = [];
    let seen = 0;
    for (let more = true; more; ) {
      const reply = await next();
      more = reply.more ?? false;
      flags.push(more);
      seen += reply.changes?.length ?? 0;
    }
    assert.deepEqual([seen, flags.at(-1), flags.slice(0, -1).every(Boolean)], [1200, false, true]);
    stream.cancel();
  });

  it("tells entries that moved in a user's order", async () => {
    const rule = { ...list("rule", ["id"], [leaf("id")]), userOrdered: true };
    await using ordered = await Session.open(
      irModule("bridge", [list("bridge", ["name"], [leaf("name"), rule])]),
    );
    const rules = ["a", "b", "c"].map((id) => ({ id }));
    const body = { bridge: { name: "br0", rule: rules } };
    await ordered.call(`${service}/CreateBridge`, body);
    const { next, stream } = watchOf(ordered, "WatchRule", { bridgeName: "br0" });
    await next();
    const edit = {
      path: "/bridge:bridge[name='br0']/rule[id='c']",
      operation: "OPERATION_MERGE",
      insert: "INSERT_FIRST",
      json: "{}",
    };
    await ordered.call("yangplane.core.v1.TransactionService/Apply", { edits: [edit] });
    const { changes } = await next();
    assert.deepEqual(changes, [{ bridgeName: "br0", ruleId: "c", rule: { id: "c" } }]);
    stream.cancel();
  });

  it("tells an entry that changed often once, as it is, with the time of its last commit", async () => {
    const { next, stream } = watch("WatchPorts", { bridgeName: "br0", ...config });
    await next();
    const mtus = [1400, 1401, 1402];

    await session.call("yangplane.core.v1.TransactionService/Apply", {
      edits: mtus.map((mtu) => ({
        path: "/bridge:bridge[name='br0']/ports[name='p1']/mtu",
        operation: "OPERATION_MERGE",
        json: String(mtu),
      })),
    });

    const { changes, time, commitId } = await next();
    const ports = { name: "p1", mtu: 1402 };
    assert.deepEqual(changes, [{ bridgeName: "br0", portsName: "p1", ports }]);
    assert.deepEqual([time, commitId], [{}, "3"]);
    stream.cancel();
  });

  it("leaves the datastore when its client does", async () => {
    const { next, stream } = watch("WatchPorts", {});
    await next();
    assert.equal(session.datastore.watcherCount, 1);
    stream.cancel();
    while (session.datastore.watcherCount > 0) await new Promise(setImmediate);
  });
});
