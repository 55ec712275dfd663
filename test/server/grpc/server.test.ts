import assert from "node:assert/strict";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";
const apply = "yangplane.core.v1.TransactionService/Apply";

describe("a generated service", () => {
  let session: Session;
  const call = (method: string, request: object | Buffer) =>
    session.call(`${service}/${method}`, request);
  const refused = (method: string, request: object | Buffer) =>
    session.refused(`${service}/${method}`, request);

  beforeEach(async () => {
    session = await Session.open(bridge);
    await call("CreateBridge", {
      bridge: {
        name: "br0",
        ports: [
          { name: "p1", mode: "MODE_TRUNK", stp: [{ vlan: 1, pathCost: 4 }] },
          { name: "p2" },
        ],
        limits: { rate: { digits: "150", fractionDigits: 2 }, tag: ["b", "a"], burst: "-5" },
      },
    });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("answers Create with the entry and its commit", async () => {
    const { bridge: made, commit } = await call("CreateBridge", { bridge: { name: "br1" } });
    assert.deepEqual(made, { name: "br1", type: "TYPE_TC", fdb: { agingTime: 300 } });
    assert.deepEqual(commit, { id: "2", durable: true, time: {} });
  });

  it("answers a write with the lists inside the entry unless they are long", async () => {
    const entry = Array.from({ length: 998 }, (_, index) => ({ vlan: 1, mac: String(index) }));
    const update = { bridge: { name: "br0", fdb: { entry } } };
    // With two ports and one STP entry.
    const { bridge: long } = await call("UpdateBridge", update);
    assert.deepEqual(Object.keys(long as object).sort(), ["fdb", "limits", "name", "type"]);
    await call("DeleteFdbEntry", { bridgeName: "br0", fdbEntryVlan: 1, fdbEntryMac: "0" });
    const { bridge: whole } = await call("UpdateBridge", { bridge: { name: "br0" } });
    assert.equal((whole as { fdb: { entry: unknown[] } }).fdb.entry.length, 997);
  });

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

  it("carries every type there and back", async () => {
    const limits = {
      rate: { digits: "-15", fractionDigits: 1 },
      burst: "9223372036854775807",
      strict: {},
      flags: ["FLAGS_OUT", "FLAGS_IN"],
      cookie: "AQL/",
      bound: { enumeration: "ENUMERATION_UNBOUNDED" },
      tag: ["z", "y"],
    };
    await call("UpdateBridge", { bridge: { name: "br0", limits } });
    const { bridge: is } = await call("GetBridge", {
      bridgeName: "br0",
      read: { view: "VIEW_CONFIG" },
    });
    const want = { ...limits, flags: ["FLAGS_IN", "FLAGS_OUT"] };
    assert.deepEqual((is as { limits: unknown }).limits, want);
  });

  const refusals = [
    {
      why: "a missing entry",
      method: "GetBridge",
      request: { bridgeName: "x" },
      code: "NOT_FOUND",
      tag: "data-missing",
    },
    {
      why: "a missing key",
      method: "GetPorts",
      request: { bridgeName: "br0" },
      code: "INVALID_ARGUMENT",
      tag: "missing-element",
    },
    {
      why: "a body without its key",
      method: "CreateBridge",
      request: { bridge: {} },
      code: "INVALID_ARGUMENT",
      tag: "missing-element",
    },
    {
      why: "no body",
      method: "CreateBridge",
      request: {},
      code: "INVALID_ARGUMENT",
      tag: "missing-element",
    },
    {
      why: "an entry that exists",
      method: "CreateBridge",
      request: { bridge: { name: "br0" } },
      code: "ALREADY_EXISTS",
      tag: "data-exists",
    },
    {
      why: "a parent that is missing",
      method: "CreatePorts",
      request: { bridgeName: "x", ports: { name: "p" } },
      code: "NOT_FOUND",
      tag: "data-missing",
    },
    {
      why: "an update of what is missing",
      method: "UpdateBridge",
      request: { bridge: { name: "x" } },
      code: "NOT_FOUND",
      tag: "data-missing",
    },
    {
      why: "a delete of what is missing",
      method: "DeleteBridge",
      request: { bridgeName: "x" },
      code: "NOT_FOUND",
      tag: "data-missing",
    },
    {
      why: "a value out of range",
      method: "CreateFdbEntry",
      request: { bridgeName: "br0", entry: { vlan: 5000, mac: "m" } },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "an enum value not in the model",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1", mode: 9 } },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "an enum's zero",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1", mode: 0 } },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "state in a body",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1", rxPackets: 1 } },
      code: "INVALID_ARGUMENT",
      tag: "bad-element",
    },
    {
      why: "a key in a mask",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1" }, updateMask: { paths: ["name"] } },
      code: "INVALID_ARGUMENT",
      tag: "bad-element",
    },
    {
      why: "state in a mask",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1" }, updateMask: { paths: ["rx_packets"] } },
      code: "INVALID_ARGUMENT",
      tag: "bad-element",
    },
    {
      why: "an unknown path in a mask",
      method: "UpdatePorts",
      request: { bridgeName: "br0", ports: { name: "p1" }, updateMask: { paths: ["nope"] } },
      code: "INVALID_ARGUMENT",
      tag: "unknown-element",
    },
    {
      why: "a mask into a list",
      method: "UpdateBridge",
      request: { bridge: { name: "br0" }, updateMask: { paths: ["ports.mtu"] } },
      code: "INVALID_ARGUMENT",
      tag: "bad-element",
    },
    {
      why: "an unknown read mask",
      method: "GetBridge",
      request: { bridgeName: "br0", read: { readMask: { paths: ["nope"] } } },
      code: "INVALID_ARGUMENT",
      tag: "unknown-element",
    },
    {
      why: "a page size that is too large",
      method: "ListBridge",
      request: { pageSize: 10_001 },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "a foreign page token",
      method: "ListBridge",
      request: { pageToken: "xx" },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "one entry twice",
      method: "UpdateBridge",
      request: { bridge: { name: "br0", ports: [{ name: "a" }, { name: "a" }] } },
      code: "INVALID_ARGUMENT",
      tag: "bad-element",
    },
    {
      why: "an unknown view",
      method: "GetBridge",
      request: { bridgeName: "br0", read: { view: 7 } },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
  ];
  for (const { why, method, request, code, tag } of refusals) {
    it(`refuses ${why} with ${code}`, async () => {
      const before = session.datastore.commits;
      const refusal = await refused(method, request);
      assert.deepEqual(
        [refusal.code, refusal.violations[0]?.errorTag],
        [code, tag],
        refusal.details,
      );
      assert.equal(session.datastore.commits, before);
    });
  }

  const bytes = [
    { why: "an unknown field of a request", hex: "f83f01" },
    { why: "an unknown field of a body", hex: "8201 07 0a0162 f83f01" },
    { why: "text that is not UTF-8", hex: "8201 04 0a02c328" },
    { why: "a length past the end", hex: "8201 7f 0a" },
    { why: "a group", hex: "0b0c" },
    { why: "field number 0", hex: "00 01" },
    { why: "a number where a text belongs", hex: "8201 02 0801" },
  ];
  for (const { why, hex } of bytes) {
    it(`refuses ${why}`, async () => {
      const refusal = await refused("CreateBridge", Buffer.from(hex.replaceAll(" ", ""), "hex"));
      assert.equal(refusal.code, "INVALID_ARGUMENT", refusal.details);
    });
  }

  it("names the path of each wrong value", async () => {
    const { violations } = await refused("UpdateBridge", {
      bridge: {
        name: "br0",
        ports: [
          { name: "p1", mtu: 70_000 },
          { name: "p2", stp: [{ vlan: 0 }] },
        ],
      },
    });
    const base = "/bridge:bridge[name='br0']/ports";
    assert.deepEqual(
      violations.map(({ path }) => path),
      [`${base}[name='p1']/mtu`, `${base}[name='p2']/stp[1]/vlan`],
    );
  });

  it("merges without a mask and removes nothing", async () => {
    await call("UpdateBridge", { bridge: { name: "br0", ports: [{ name: "p1", mtu: 9000 }] } });
    const { ports } = await call("GetPorts", { bridgeName: "br0", portsName: "p1" });
    const stp = [{ vlan: 1, pathCost: 4 }];
    assert.deepEqual(ports, { name: "p1", mode: "MODE_TRUNK", mtu: 9000, stp });
  });

  it("makes exactly the masked nodes what the body holds, absent ones included", async () => {
    const ports = { name: "p1", mtu: 9000 };
    const updateMask = { paths: ["mode", "stp"] };
    await call("UpdatePorts", { bridgeName: "br0", ports, updateMask });
    const is = await call("GetPorts", {
      bridgeName: "br0",
      portsName: "p1",
      read: { view: "VIEW_CONFIG" },
    });
    assert.deepEqual(is["ports"], { name: "p1" });
  });

  it("takes state in a body that a mask leaves out", async () => {
    const ports = { name: "p1", mtu: 9000, rxPackets: 7 };
    await call("UpdatePorts", { bridgeName: "br0", ports, updateMask: { paths: ["mtu"] } });
    const is = await call("GetPorts", { bridgeName: "br0", portsName: "p1" });
    assert.equal((is["ports"] as { mtu: number }).mtu, 9000);
  });

  it("removes a presence container that the mask names and the body lacks", async () => {
    await call("UpdateBridge", { bridge: { name: "br0" }, updateMask: { paths: ["limits"] } });
    const { bridge: is } = await call("GetBridge", { bridgeName: "br0" });
    assert.equal((is as { limits?: unknown }).limits, undefined);
  });

  it("replaces the entry with mask *", async () => {
    await call("UpdatePorts", {
      bridgeName: "br0",
      ports: { name: "p1", mtu: 2000 },
      updateMask: { paths: ["*"] },
    });
    const is = await call("GetPorts", {
      bridgeName: "br0",
      portsName: "p1",
      read: { view: "VIEW_CONFIG" },
    });
    assert.deepEqual(is["ports"], { name: "p1", mtu: 2000 });
  });

  it("upserts and deletes idempotently with allow_missing", async () => {
    await call("UpdateBridge", { bridge: { name: "new" }, allowMissing: true });
    await call("DeleteBridge", { bridgeName: "new", allowMissing: true });
    const gone = await call("DeleteBridge", { bridgeName: "new", allowMissing: true });
    assert.deepEqual(Object.keys(gone), ["commit"]);
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

  it("runs an action with its input and answers its output", async () => {
    session.datastore.act = (_path, _operation, input) =>
      Object.assign(Object.create(null), { flushed: input["vlan"] });
    const { output } = await call("FdbFlush", { bridgeName: "br0", input: { vlan: 7 } });
    assert.deepEqual(output, { flushed: 7 });
  });

  it("maps violations of the resulting tree to FAILED_PRECONDITION, as many as fit", async () => {
    const message = "x".repeat(100);
    session.datastore.judge = () =>
      Array.from({ length: 500 }, (_, index) => ({
        path: `/p${index}`,
        tag: "operation-failed",
        appTag: "must-violation",
        message,
      }));
    const { code, violations, total } = await refused("CreateBridge", { bridge: { name: "b" } });
    assert.deepEqual([code, total], ["FAILED_PRECONDITION", 500]);
    assert.ok(violations.length > 5 && violations.length < 40, String(violations.length));
  });

  it("plans a dry run and changes nothing", async () => {
    const edits = [{ path: "/bridge:bridge[name='d']", operation: "OPERATION_CREATE", json: "{}" }];
    const { plan, commit } = await session.call(apply, { options: { dryRun: true }, edits });
    const step = {
      cube: "br0",
      operation: "OPERATION_PUT",
      target: "rows",
      key: '{"n":"1"}',
      cause: "/bridge:bridge[name='d']",
    };
    assert.deepEqual([plan, commit], [{ steps: [step] }, undefined]);
    assert.equal((await refused("GetBridge", { bridgeName: "d" })).code, "NOT_FOUND");
  });

  it("answers a dry run that would be refused with its violations", async () => {
    session.datastore.judge = () => [{ path: "/x", tag: "operation-failed", message: "no" }];
    const edits = [{ path: "/bridge:bridge[name='d']", operation: "OPERATION_CREATE" }];
    const reply = await session.call(apply, { options: { dryRun: true }, edits });
    assert.deepEqual(reply, {
      violations: [{ path: "/x", errorTag: "operation-failed", message: "no" }],
    });
  });

  it("takes a message or JSON as the value of an edit", async () => {
    const value = session.encode("yangplane.bridge.v1.Bridge.Ports", { mtu: 1400 });
    const message = { type_url: "type.googleapis.com/yangplane.bridge.v1.Bridge.Ports", value };
    const path = "/bridge:bridge[name='br0']/ports[name='p3']";
    await session.call(apply, {
      edits: [
        { path, operation: "OPERATION_CREATE", message },
        { path: `${path}/mode`, operation: "OPERATION_REPLACE", json: '"trunk"' },
      ],
    });
    const { ports } = await call("GetPorts", {
      bridgeName: "br0",
      portsName: "p3",
      read: { view: "VIEW_CONFIG" },
    });
    assert.deepEqual(ports, { name: "p3", mtu: 1400, mode: "MODE_TRUNK" });
  });

  it("moves a value of a user-ordered leaf-list", async () => {
    const path = "/bridge:bridge[name='br0']/limits/tag";
    const edits = [
      {
        path: `${path}[.='a']`,
        operation: "OPERATION_MERGE",
        insert: "INSERT_BEFORE",
        point: `${path}[.='b']`,
      },
    ];
    await session.call(apply, { edits });
    const { bridge: is } = await call("GetBridge", { bridgeName: "br0" });
    assert.deepEqual((is as { limits: { tag: string[] } }).limits.tag, ["a", "b"]);
  });

  it("commits a stream once, at its end", async () => {
    const request = "yangplane.core.v1.ApplyRequest";
    const part = (name: string) => ({
      edits: [{ path: `/bridge:bridge[name='${name}']`, operation: "OPERATION_CREATE" }],
    });
    const messages = ["s1", "s2", "s3"].map((name) => session.encode(request, part(name)));
    const reply = await session.stream(
      "/yangplane.core.v1.TransactionService/ApplyStream",
      messages,
    );
    const { commit } = session.decode("yangplane.core.v1.ApplyResponse", reply);
    assert.equal((commit as { id: string }).id, "2");
    assert.equal(session.datastore.commits, 2);
  });

  it("gives the datastore a signal that a passed deadline aborts", async () => {
    const aborted = new Promise<void>((resolve) => {
      session.datastore.beforeCommit = async ({ signal }) => {
        await new Promise((done) => signal?.addEventListener("abort", done));
        resolve();
      };
    });
    const late = session.call(
      `${service}/CreateBridge`,
      { bridge: { name: "late" } },
      { deadlineMs: 50 },
    );
    await assert.rejects(late, /DEADLINE_EXCEEDED/);
    await aborted;
    assert.equal(session.datastore.commits, 1);
  });

  it("logs writes with user, method and path", () => {
    const { operation, user, paths } = session.log[0] as Record<string, unknown>;
    assert.deepEqual(
      [operation, user, paths],
      ["CreateBridge", "local", ["/bridge:bridge[name='br0']"]],
    );
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

  it("serves the compiled schema", async () => {
    const { schemaJson } = await session.call("yangplane.core.v1.SchemaService/GetModule", {
      name: "bridge",
    });
    assert.deepEqual(JSON.parse(schemaJson as string), bridge);
  });
});
