import assert from "node:assert/strict";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const get = "yangplane.core.v1.DatastoreService/Get";
const apply = "yangplane.core.v1.TransactionService/Apply";
const bridgePath = "/bridge:bridge[name='br0']";

interface Request {
  readonly path: string;
  readonly pageSize: number;
  readonly pageToken?: string;
}

interface Rest {
  readonly pointer?: string;
  readonly path: string;
  readonly size: string;
  readonly pageToken: string;
}

/** The value an RFC 6901 pointer leads to. */
function at(json: unknown, pointer = ""): unknown {
  let value = json;
  for (const name of pointer.split("/").slice(1)) {
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

describe("DatastoreService.Get", () => {
  let session: Session;

  beforeEach(async () => {
    session = await Session.open(bridge);
    const ports = ["p1", "p2", "p3", "p4", "p5"].map((name) => ({
      name,
      stp: [1, 2, 3].map((vlan) => ({ vlan })),
    }));
    const entry = [1, 2, 3].map((vlan) => ({ vlan, mac: "m" }));
    const body = { name: "br0", ports, fdb: { entry } };
    await session.call("yangplane.bridge.v1.BridgeService/CreateBridge", { bridge: body });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  async function read(request: object): Promise<{ json: unknown; rests: readonly Rest[] }> {
    const { json, rests } = await session.call(get, request);
    return { json: JSON.parse(json as string), rests: (rests ?? []) as Rest[] };
  }

  /** Follows every rest and puts what it gives where its pointer says. */
  async function readAll(request: Request): Promise<unknown> {
    const { json, rests } = await read(request);
    for (const { pointer, path, pageToken } of rests) {
      const more = await readAll({ path, pageSize: request.pageSize, pageToken });
      (at(json, pointer) as unknown[]).push(...(more as unknown[]));
    }
    return json;
  }

  for (const path of [
    bridgePath,
    "/",
    "/bridge:bridge",
    `${bridgePath}/ports`,
    `${bridgePath}/fdb`,
  ]) {
    for (const pageSize of [1, 2, 3, 5]) {
      it(`gives ${path} in parts of ${pageSize} that add up to the whole`, async () => {
        const { json: whole } = await read({ path });
        assert.deepEqual(await readAll({ path, pageSize }), whole);
      });
    }
  }

  it("tells how long each cut list is, and cuts none that fits", async () => {
    const { rests } = await read({ path: bridgePath, pageSize: 3 });
    assert.deepEqual(
      rests.map(({ pointer, path, size }) => ({ pointer, path, size })),
      [{ pointer: "/ports", path: `${bridgePath}/ports`, size: "5" }],
    );
  });

  const refusals: readonly [string, object, string][] = [
    ["a token without a list to go on with", { path: bridgePath, pageToken: "1eA" }, "page_token"],
    ["a token it has not given", { path: "/bridge:bridge", pageToken: "x" }, "page_token"],
    ["parts that are too large", { path: "/", pageSize: 10_001 }, "page_size"],
  ];
  for (const [what, request, why] of refusals) {
    it(`refuses ${what}`, async () => {
      const { code, details } = await session.refused(get, request);
      assert.equal(code, "INVALID_ARGUMENT");
      assert.match(details, new RegExp(why));
    });
  }
});

describe("TransactionService", () => {
  let session: Session;

  beforeEach(async () => {
    session = await Session.open(bridge);
    const body = { name: "br0", ports: [{ name: "p1" }, { name: "p2" }] };
    await session.call("yangplane.bridge.v1.BridgeService/CreateBridge", { bridge: body });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  function create(names: readonly string[]): object {
    const json = JSON.stringify(names.map((name) => ({ name })));
    return { edits: [{ path: `${bridgePath}/ports`, operation: "OPERATION_CREATE", json }] };
  }

  it("creates the entries of a list beside those that are there", async () => {
    await session.call(apply, create(["p4", "p3"]));
    const { json } = await session.call(get, { path: `${bridgePath}/ports` });
    const names = (JSON.parse(json as string) as { name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ["p1", "p2", "p3", "p4"]);
  });

  it("refuses to create a list's entries that are there, naming each", async () => {
    const { code, violations } = await session.refused(apply, create(["p2", "p3", "p1"]));
    assert.equal(code, "ALREADY_EXISTS");
    assert.deepEqual(
      violations.map(({ path }) => path),
      ["p1", "p2"].map((name) => `${bridgePath}/ports[name='${name}']`),
    );
  });

  it("refuses a place to insert a whole list at", async () => {
    const json = JSON.stringify([{ name: "p3" }]);
    const path = `${bridgePath}/ports`;
    const edit = { path, operation: "OPERATION_MERGE", insert: "INSERT_FIRST", json };
    const { violations } = await session.refused(apply, { edits: [edit] });
    assert.deepEqual(violations, [
      { path, errorTag: "bad-attribute", message: "insert goes with one entry or value" },
    ]);
  });

  it("takes a list without entries for no change", async () => {
    await session.call(apply, create([]));
    const { json } = await session.call(get, { path: `${bridgePath}/ports` });
    assert.equal((JSON.parse(json as string) as unknown[]).length, 2);
  });
});
