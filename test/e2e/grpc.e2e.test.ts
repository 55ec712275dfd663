import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { emptyObject } from "../../src/datamodel/tree/node.ts";
import { simplebridgeIr } from "../../src/gen/yang/simplebridge.ts";
import { bridge, nat } from "../server/grpc/models.ts";
import { Session } from "../server/grpc/session.ts";

const run = promisify(execFile);
const grpcurl = "grpcurl";
const service = "yangplane.bridge.v1.BridgeService";

/** Bodies of the calls of a method in the reference. */
function bodiesOf(method: string): object[] {
  const text = readFileSync("docs/reference/grpc.md", "utf8");
  const calls = text.matchAll(/grpcurl .*-d '(.*)' \\\n.* (\S+)$/gm);
  return [...calls].flatMap(([, body = "", name]) =>
    name === `$API/${method}` ? [JSON.parse(body) as object] : [],
  );
}

describe("grpcurl, which knows the API by reflection alone,", () => {
  let session: Session;
  beforeEach(async () => {
    session = await Session.open(bridge);
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const curl = (...args: string[]) =>
    run(grpcurl, ["-plaintext", "-unix", ...args], { timeout: 8_000 });
  const call = async (method: string, request: object) => {
    const { stdout } = await curl("-d", JSON.stringify(request), session.socket, method);
    return JSON.parse(stdout);
  };

  it("lists every service", async () => {
    const { stdout } = await curl(session.socket, "list");
    assert.deepEqual(stdout.trim().split("\n"), [
      "grpc.channelz.v1.Channelz",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      service,
      "yangplane.core.v1.CubeService",
      "yangplane.core.v1.DataplaneService",
      "yangplane.core.v1.DatastoreService",
      "yangplane.core.v1.SchemaService",
      "yangplane.core.v1.ServiceService",
      "yangplane.core.v1.TraceService",
      "yangplane.core.v1.TransactionService",
    ]);
  });

  it("sees a service that comes and goes while it runs", async () => {
    const listed = async () =>
      (await curl(session.socket, "list")).stdout.includes("yangplane.nat.");
    session.datastore.add(nat);
    assert.ok(await listed());
    const request = { nat: { name: "n1" } };
    const made = await call("yangplane.nat.v1.NatService/CreateNat", request);
    assert.deepEqual(made.nat, { name: "n1" });

    session.datastore.root = emptyObject(session.datastore.schema.root);
    session.datastore.remove("nat");
    assert.ok(!(await listed()));
    await assert.rejects(
      call("yangplane.nat.v1.NatService/CreateNat", request),
      /not expose service/,
    );
  });

  it("describes a message as it is printed", async () => {
    const name = "yangplane.bridge.v1.GetFdbEntryRequest";
    const { stdout } = await curl(session.socket, "describe", name);
    assert.match(stdout, /uint32 fdb_entry_vlan = 2;\s+string fdb_entry_mac = 3;/);
  });

  it("names the keys of entries as the reference does", async () => {
    session.datastore.add(simplebridgeIr);
    const api = "yangplane.simplebridge.v1.SimplebridgeService";
    await call(`${api}/CreateSimplebridge`, {
      simplebridge: { name: "br0", ports: [{ name: "p1" }] },
    });

    for (const method of ["CreateFdbEntry", "GetFdbEntry"]) {
      const [body = {}, ...others] = bodiesOf(method);
      assert.equal(others.length, 0);
      const { entry } = await call(`${api}/${method}`, body);
      assert.deepEqual(entry, { address: "02:00:00:00:00:09", port: "p1" });
    }
  });

  it("creates and reads a cube", async () => {
    await call(`${service}/CreateBridge`, { bridge: { name: "br0", ports: [{ name: "p1" }] } });
    const { bridge: is } = await call(`${service}/GetBridge`, { bridgeName: "br0" });
    assert.deepEqual(is.ports, [{ name: "p1", mode: "MODE_ACCESS", mtu: 1500 }]);
  });

  it("commits typed messages in a transaction", async () => {
    const message = {
      "@type": "type.googleapis.com/yangplane.bridge.v1.Bridge.Fdb",
      entry: [{ vlan: 1, mac: "02:00:00:00:00:01" }],
    };
    const { commit } = await call("yangplane.core.v1.TransactionService/Apply", {
      edits: [
        { path: "/bridge:bridge[name='br0']", operation: "OPERATION_CREATE" },
        { path: "/bridge:bridge[name='br0']/fdb", operation: "OPERATION_MERGE", message },
      ],
    });
    assert.equal(commit.id, "1");
  });

  it("prints the details of a refusal", async () => {
    const request = { entry: { vlan: 5000, mac: "m" }, bridgeName: "br0" };
    await assert.rejects(
      call(`${service}/CreateFdbEntry`, request),
      (error: { stderr: string }) => {
        assert.match(error.stderr, /Code: InvalidArgument/);
        assert.match(error.stderr, /google\.rpc\.BadRequest/);
        assert.match(
          error.stderr,
          /"path": "\/bridge:bridge\[name='br0'\]\/fdb\/entry\[mac='m'\]|"errorTag": "invalid-value"/,
        );
        return true;
      },
    );
  });

  it("asks for the health of a service", async () => {
    const reply = await call("grpc.health.v1.Health/Check", { service });
    assert.deepEqual(reply, { status: "SERVING" });
  });

  it("asks channelz for the server", async () => {
    const { server } = await call("grpc.channelz.v1.Channelz/GetServers", {});
    assert.equal(server.length, 1);
  });
});
