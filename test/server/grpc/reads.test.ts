import assert from "node:assert/strict";
import { bridge, irModule, leaf, list } from "./models.ts";
import { openBridge, Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";

describe("a read over gRPC", () => {
  let session: Session;
  const call = (method: string, request: object | Buffer) =>
    session.call(`${service}/${method}`, request);
  const refused = (method: string, request: object | Buffer) =>
    session.refused(`${service}/${method}`, request);

  beforeEach(async () => {
    session = await openBridge();
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("shows explicit values only in the CONFIG view", async () => {
    const request = { bridgeName: "br0", portsName: "p2", read: { view: "VIEW_CONFIG" } };
    const { ports } = await call("GetPorts", request);
    assert.deepEqual(ports, { name: "p2" });
  });

  it("shows defaults and state in the OPERATIONAL view", async () => {
    session.datastore.state.set("/bridge:bridge[name='br0']/ports[name='p2']", {
      rxPackets: 2n ** 64n - 1n,
    });
    const { ports } = await call("GetPorts", { bridgeName: "br0", portsName: "p2" });
    assert.deepEqual(ports, {
      name: "p2",
      mode: "MODE_ACCESS",
      mtu: 1500,
      rxPackets: "18446744073709551615",
    });
  });

  it("leaves nested lists out of List unless the mask names them", async () => {
    const { bridge: bare } = await call("ListBridge", { read: { view: "VIEW_CONFIG" } });
    assert.deepEqual(Object.keys((bare as object[])[0] ?? {}), ["name", "limits"]);
    const read = { view: "VIEW_CONFIG", readMask: { paths: ["ports.mode"] } };
    const { bridge: named } = await call("ListBridge", { read });
    assert.deepEqual(named, [
      { name: "br0", ports: [{ name: "p1", mode: "MODE_TRUNK" }, { name: "p2" }] },
    ]);
  });

  it("pages in key order", async () => {
    for (const name of ["c", "a", "b"]) await call("CreateBridge", { bridge: { name } });
    const names: string[] = [];
    let pageToken = "";
    do {
      const reply = await call("ListBridge", { pageSize: 3, pageToken });
      names.push(...(reply["bridge"] as { name: string }[]).map(({ name }) => name));
      pageToken = (reply["nextPageToken"] as string | undefined) ?? "";
    } while (pageToken !== "");
    assert.deepEqual(names, ["a", "b", "br0", "c"]);
  });

  it("goes on only in the list that gave the token, and only with all of it", async () => {
    await call("CreateBridge", {
      bridge: { name: "br1", ports: [{ name: "p1" }, { name: "p2" }] },
    });
    const { nextPageToken } = await call("ListPorts", { bridgeName: "br0", pageSize: 1 });
    const token = nextPageToken as string;
    const others = [
      await refused("ListPorts", { bridgeName: "br1", pageToken: token }),
      await refused("ListBridge", { pageToken: token }),
      await session.refused("yangplane.core.v1.CubeService/ListCubes", { pageToken: token }),
    ];
    for (let length = 1; length < token.length; length += 1) {
      const pageToken = token.slice(0, length);
      others.push(await refused("ListPorts", { bridgeName: "br0", pageToken }));
    }

    for (const { code, details } of others) {
      assert.equal(code, "INVALID_ARGUMENT");
      assert.match(details, /^request: page_token is none that this list has given$/);
    }
    const { ports } = await call("ListPorts", { bridgeName: "br0", pageToken: token });
    assert.deepEqual((ports as { name: string }[])[0]?.name, "p2");
  });

  it("pages 1,000 entries unless asked otherwise, and goes on where a deleted entry was", async () => {
    const entry = Array.from({ length: 1_002 }, (_, vlan) => ({ vlan: vlan + 1, mac: "m" }));
    await call("UpdateBridge", { bridge: { name: "br0", fdb: { entry } } });
    const first = await call("ListFdbEntry", { bridgeName: "br0" });
    await call("DeleteFdbEntry", { bridgeName: "br0", fdbEntryVlan: 1000, fdbEntryMac: "m" });

    const pageToken = first["nextPageToken"];
    const second = await call("ListFdbEntry", { bridgeName: "br0", pageToken });

    assert.equal((first["entry"] as unknown[]).length, 1000);
    const rest = (second["entry"] as { vlan: number }[]).map(({ vlan }) => vlan);
    assert.deepEqual([rest, second["nextPageToken"]], [[1001, 1002], undefined]);
  });

  it("pages a user's order, and refuses a token whose entry is gone", async () => {
    const rule = { ...list("rule", ["id"], [leaf("id")]), userOrdered: true };
    await using ordered = await Session.open(
      irModule("bridge", [list("bridge", ["name"], [leaf("name"), rule])]),
    );
    const rules = ["c", "a", "b"].map((id) => ({ id }));
    await ordered.call(`${service}/CreateBridge`, { bridge: { name: "br0", rule: rules } });
    const request = { bridgeName: "br0", pageSize: 2 };
    const first = await ordered.call(`${service}/ListRule`, request);
    const next = { ...request, pageToken: first["nextPageToken"] };
    const second = await ordered.call(`${service}/ListRule`, next);
    await ordered.call(`${service}/DeleteRule`, { bridgeName: "br0", ruleId: "a" });

    const refused = await ordered.refused(`${service}/ListRule`, next);

    assert.deepEqual([first["rule"], second["rule"]], [[{ id: "c" }, { id: "a" }], [{ id: "b" }]]);
    assert.equal(refused.code, "INVALID_ARGUMENT");
    assert.match(refused.details, /has been deleted/);
  });

  it("reads the state of a list once for all pages, unless the configuration changes", async () => {
    const { datastore } = session;
    const list = "/bridge:bridge[name='br0']/ports";
    const next = async (pageToken = "") => {
      const request = { bridgeName: "br0", pageSize: 1, pageToken };
      const { ports, nextPageToken } = await call("ListPorts", request);
      return { name: (ports as { name: string }[])[0]?.name, token: nextPageToken as string };
    };
    datastore.state.set(`${list}[name='p3']`, { name: "p3" });
    const second = await next((await next()).token);
    datastore.state.clear();
    assert.equal((await next(second.token)).name, "p3");
    await call("CreatePorts", { bridgeName: "br0", ports: { name: "p4" } });
    assert.equal((await next(second.token)).name, "p4");
  });

  it("shows the state as it is on every first page", async () => {
    const { datastore } = session;
    const first = async () => {
      const { ports } = await call("ListPorts", { bridgeName: "br0", pageSize: 1 });
      return (ports as { name: string }[])[0]?.name;
    };
    assert.equal(await first(), "p1");
    datastore.state.set("/bridge:bridge[name='br0']/ports[name='a']", { name: "a" });
    assert.equal(await first(), "a");
  });

  it("tells NOT_FOUND from an empty list", async () => {
    assert.equal((await refused("ListPorts", { bridgeName: "x" })).code, "NOT_FOUND");
    await call("CreateBridge", { bridge: { name: "empty" } });
    assert.deepEqual(await call("ListPorts", { bridgeName: "empty" }), { commitId: "2" });
  });

  it("lists cubes of all services", async () => {
    const { cubes } = await session.call("yangplane.core.v1.CubeService/ListCubes", {});
    assert.deepEqual(cubes, [
      { name: "br0", service: "bridge", type: "TC", path: "/bridge:bridge[name='br0']" },
    ]);
  });

  it("reads any node as JSON", async () => {
    const path = "/bridge:bridge[name='br0']/limits/rate";
    const { json } = await session.call("yangplane.core.v1.DatastoreService/Get", { path });
    assert.equal(json, '"1.5"');
  });

  it("runs an action by path", async () => {
    session.datastore.act = () => Object.assign(Object.create(null), { flushed: 3 });
    const path = "/bridge:bridge[name='br0']/fdb/flush";
    const { json } = await session.call("yangplane.core.v1.DatastoreService/Invoke", {
      path,
      json: '{"vlan":2}',
    });
    assert.equal(json, '{"flushed":3}');
  });

  it("refuses input of an action that gives a member twice", async () => {
    const path = "/bridge:bridge[name='br0']/fdb/flush";
    const { violations } = await session.refused("yangplane.core.v1.DatastoreService/Invoke", {
      path,
      json: '{"vlan":2,"vlan":3}',
    });
    assert.deepEqual(violations, [
      { path: `${path}/vlan`, errorTag: "bad-element", message: "is given twice" },
    ]);
  });

  it("serves the compiled schema", async () => {
    const { schemaJson } = await session.call("yangplane.core.v1.SchemaService/GetModule", {
      name: "bridge",
    });
    assert.deepEqual(JSON.parse(schemaJson as string), bridge);
  });
});
