import assert from "node:assert/strict";
import { linkSchema } from "../../../src/datamodel/schema/schema.ts";
import { Api } from "../../../src/server/grpc/api.ts";
import { generateProto } from "../../../src/server/grpc/descriptors.ts";
import { serveWatch } from "../../../src/server/grpc/watch.ts";
import { loadTypes } from "../../support/api-client.ts";
import { MemoryDatastore } from "../../support/datastore.ts";
import { edit } from "../../support/tree.ts";
import { HeldCall } from "./held-call.ts";
import { bridge } from "./models.ts";

const types = loadTypes([], [generateProto([bridge], bridge.name, undefined).proto]);
const scope = "yangplane.bridge.v1";

/** A bridge with ports in a datastore, and a client that reads a message when the test says so. */
class SlowWatch {
  readonly datastore = new MemoryDatastore(linkSchema([bridge]));
  readonly call: HeldCall;
  readonly api: Api;

  constructor() {
    this.api = new Api({
      datastore: this.datastore,
      locks: new Map(),
      log: () => undefined,
      limits: { transactionBytes: 1, openTransactionBytes: 1 },
    });
    const type = types.lookupType(`${scope}.WatchPortsRequest`);
    const read = { view: "VIEW_CONFIG" };
    this.call = new HeldCall(Buffer.from(type.encode(type.fromObject({ read })).finish()));
  }

  /** Resolves when the call is over. */
  start(): Promise<void> {
    const { api, call } = this;
    const methods = api.generated.flatMap(({ methods }) => methods);
    const method = methods.find(({ name }) => name === "WatchPorts");
    assert(method?.binding);
    return serveWatch({ api, method, binding: method.binding }, call.stream);
  }

  /** Ports p0 to p<count - 1> with an MTU. */
  async commit(count: number, mtu: number): Promise<void> {
    const ports = Array.from({ length: count }, (_, at) => ({ name: `p${at}`, mtu }));
    const path = "/bridge:bridge[name='br0']";
    const edits = [edit(this.datastore.schema, "merge", path, { ports })];
    await this.datastore.commit(edits, { user: "local" });
  }

  /** How many changes the next message has, whether more follow, and of which commit it is. */
  async next(): Promise<[count: number, more: boolean, commitId: string]> {
    const type = types.lookupType(`${scope}.WatchPortsResponse`);
    const message = type.toObject(type.decode(await this.call.take()), { defaults: true });
    const {
      changes = [],
      more,
      commitId,
    } = message as {
      changes?: unknown[];
      more: boolean;
      commitId: string;
    };
    return [changes.length, more, commitId];
  }
}

describe("a Watch whose client reads slowly", () => {
  it("closes a commit whose rest goes on with the next one", async () => {
    const watch = new SlowWatch();
    const over = watch.start();
    await watch.next();

    await watch.commit(700, 1400);
    const first = await watch.next();
    await watch.commit(700, 1401);
    const others = [await watch.next(), await watch.next(), await watch.next()];

    assert.deepEqual(first, [500, true, "1"]);
    assert.deepEqual(others, [
      [0, false, "1"],
      [500, true, "2"],
      [200, false, "2"],
    ]);
    watch.call.cancel();
    await over;
  });
});
