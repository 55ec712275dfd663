import assert from "node:assert/strict";
import { openBridge, type Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";

describe("a refusal over gRPC", () => {
  let session: Session;
  const refused = (method: string, request: object | Buffer) =>
    session.refused(`${service}/${method}`, request);

  beforeEach(async () => {
    session = await openBridge();
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("tells what is wrong in the body together with what is wrong with the tree", async () => {
    session.datastore.judge = () => [{ path: "/x", tag: "operation-failed", message: "no" }];
    const ports = { name: "p3", stp: [{ vlan: 5000 }, { vlan: 2, pathCost: 3 }] };

    const { violations } = await refused("CreatePorts", { bridgeName: "br0", ports });

    const path = "/bridge:bridge[name='br0']/ports[name='p3']/stp[1]/vlan";
    assert.deepEqual(
      violations.map((one) => one.path),
      [path, "/x"],
    );
    assert.deepEqual(session.datastore.seen.at(-1)?.unreadable?.places, [path]);
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
      why: "a page size below zero",
      method: "ListBridge",
      request: { pageSize: -1 },
      code: "INVALID_ARGUMENT",
      tag: "invalid-value",
    },
    {
      why: "a mask of too many paths",
      method: "ListBridge",
      request: { read: { readMask: { paths: Array.from({ length: 1001 }, () => "name") } } },
      code: "RESOURCE_EXHAUSTED",
      tag: "too-big",
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

  const halves = [
    {
      title: "a message that is cut short",
      method: `${service}/ListBridge`,
      request: { read: { readMask: { paths: [`a${"\u{1f310}".repeat(1000)}`] } } },
    },
    {
      title: "JSON with half of a character",
      method: "yangplane.core.v1.TransactionService/Apply",
      request: {
        edits: [
          {
            path: "/bridge:bridge[name='x']",
            operation: "OPERATION_CREATE",
            json: '{"\\ud83c":1}',
          },
        ],
      },
    },
  ];
  for (const { title, method, request } of halves) {
    it(`in text that every client can read, also of ${title}`, async () => {
      const { code, violations } = await session.refused(method, request);

      assert.equal(code, "INVALID_ARGUMENT");
      const [{ message = "" } = {}] = violations;
      assert.equal(Buffer.from(message).toString(), message);
      assert(!message.includes("\ufffd\ufffd"), message);
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
});
