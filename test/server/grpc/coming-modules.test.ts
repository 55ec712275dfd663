import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientReadableStream, type ServiceError, status } from "@grpc/grpc-js";
import { emptyObject } from "../../../src/datamodel/tree/node.ts";
import { bridge, nat } from "./models.ts";
import { Session } from "./session.ts";

const bridges = "yangplane.bridge.v1.BridgeService";
const nats = "yangplane.nat.v1.NatService";

describe("a module that comes and goes while the server runs", () => {
  let session: Session;
  beforeEach(async () => {
    session = await Session.open(bridge, {}, { later: [nat] });
    await session.call(`${bridges}/CreateBridge`, { bridge: { name: "br0" } });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const watched = async (method: string): Promise<ClientReadableStream<Buffer>> => {
    const stream = session.watch(method, {});
    await once(stream, "data");
    return stream;
  };

  const healthOf = async (service: string): Promise<string> => {
    const request = Buffer.from([0x0a, service.length, ...Buffer.from(service)]);
    const same = (value: Buffer): Buffer => value;
    const path = "/grpc.health.v1.Health/Check";
    return new Promise((resolve) => {
      session.client.makeUnaryRequest(path, same, same, request, (error, reply) => {
        resolve(
          error
            ? String(status[error.code])
            : (["", "SERVING", "NOT_SERVING"][reply?.[1] ?? 0] ?? ""),
        );
      });
    });
  };

  it("is served while it is there, and unimplemented before and after", async () => {
    const create = { nat: { name: "n1" } };
    assert.equal((await session.refused(`${nats}/CreateNat`, create)).code, "UNIMPLEMENTED");
    assert.equal(await healthOf(nats), "NOT_FOUND");

    session.datastore.add(nat);
    await session.call(`${nats}/CreateNat`, create);
    assert.deepEqual((await session.call(`${nats}/GetNat`, { natName: "n1" }))["nat"], {
      name: "n1",
    });
    assert.equal(await healthOf(nats), "SERVING");
    const any = { typeUrl: "type.googleapis.com/yangplane.nat.v1.Nat" };
    const edit = {
      path: "/nat:nat[name='n2']",
      operation: "OPERATION_CREATE",
      message: {
        type_url: any.typeUrl,
        value: session.encode("yangplane.nat.v1.Nat", { name: "n2" }),
      },
    };
    await session.call("yangplane.core.v1.TransactionService/Apply", { edits: [edit] });

    session.datastore.root = emptyObject(session.datastore.schema.root);
    session.datastore.remove("nat");
    assert.equal((await session.refused(`${nats}/CreateNat`, create)).code, "UNIMPLEMENTED");
    assert.equal(await healthOf(nats), "NOT_FOUND");
  });

  it("may come back", async () => {
    session.datastore.add(nat);
    session.datastore.remove("nat");
    session.datastore.add(nat);

    await session.call(`${nats}/CreateNat`, { nat: { name: "n1" } });

    assert.equal(await healthOf(nats), "SERVING");
  });

  it("leaves who watches another one alone, and ends who watches it", async () => {
    const onBridges = await watched(`${bridges}/WatchBridge`);
    session.datastore.add(nat);
    const onNats = await watched(`${nats}/WatchNat`);
    const ended = once(onNats, "error") as Promise<[ServiceError]>;

    session.datastore.remove("nat");
    const [error] = await ended;
    assert.equal(error.code, status.UNIMPLEMENTED);
    assert.match(error.details, /the service has been unloaded/);

    const told = once(onBridges, "data");
    await session.call(`${bridges}/CreateBridge`, { bridge: { name: "br1" } });
    const [message] = (await told) as [Buffer];
    const { changes } = session.decode("yangplane.bridge.v1.WatchBridgeResponse", message);
    assert.equal((changes as { bridgeName: string }[])[0]?.bridgeName, "br1");
    onBridges.on("error", () => undefined).cancel();
  });
});
