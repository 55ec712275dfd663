import assert from "node:assert/strict";
import { openBridge, type Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";

describe("a write over gRPC", () => {
  let session: Session;
  const call = (method: string, request: object | Buffer) =>
    session.call(`${service}/${method}`, request);

  beforeEach(async () => {
    session = await openBridge();
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

  it("runs an action with its input and answers its output", async () => {
    session.datastore.act = (_path, _operation, input) =>
      Object.assign(Object.create(null), { flushed: input["vlan"] });
    const { output } = await call("FdbFlush", { bridgeName: "br0", input: { vlan: 7 } });
    assert.deepEqual(output, { flushed: 7 });
  });
});
