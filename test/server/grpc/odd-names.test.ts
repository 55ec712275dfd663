import assert from "node:assert/strict";
import { oddEntry, oddNames } from "../../support/odd-names.ts";
import { Session } from "./session.ts";

const path = "/names:names[name='__proto__']";
const core = "yangplane.core.v1";
const service = "yangplane.names.v1.NamesService";

describe("a service of nodes named as what objects inherit", () => {
  let session: Session;
  beforeEach(async () => {
    session = await Session.open(oddNames());
    const edits = [{ path, operation: "OPERATION_CREATE", json: oddEntry }];
    await session.call(`${core}.TransactionService/Apply`, { edits });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("gives as JSON what it was given as JSON", async () => {
    const read = { path, view: "VIEW_CONFIG" };
    const { json } = await session.call(`${core}.DatastoreService/Get`, read);

    assert.deepEqual(sorted(String(json)), sorted(oddEntry));
  });

  it("gives all of it as messages, and of a mask what that names", async () => {
    const view = "VIEW_CONFIG";
    const whole = await session.call(`${service}/GetNames`, {
      namesName: "__proto__",
      read: { view },
    });
    const { names } = await session.call(`${service}/GetNames`, {
      namesName: "__proto__",
      read: { view, readMask: { paths: ["constructor", "object.constructor", "n1"] } },
    });

    const all = whole["names"] as Record<string, unknown>;
    assert.deepEqual([all["proto"], all["toString"], all["node"], all["n1"]], ["b", "c", "u", "v"]);
    assert.deepEqual(own(names), {
      name: "__proto__",
      constructor: "a",
      n1: "v",
      object: { constructor: "x" },
    });
  });

  it("takes them in messages", async () => {
    // The client would take what an object inherits for fields.
    const names = Object.assign(Object.create(null), {
      name: "n",
      constructor: "1",
      proto: "2",
      hasOwnProperty: true,
    });
    await session.call(`${service}/CreateNames`, { names });

    const read = { path: "/names:names[name='n']", view: "VIEW_CONFIG" };
    const { json } = await session.call(`${core}.DatastoreService/Get`, read);

    const expected = '{"name":"n","constructor":"1","__proto__":"2","hasOwnProperty":true}';
    assert.deepEqual(sorted(String(json)), sorted(expected));
  });
});

/** Members in one order, `__proto__` among them. */
function sorted(json: string): unknown {
  const entries = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(entries);
    if (typeof value !== "object" || value === null) return value;
    return Object.entries(value)
      .map(([name, inner]) => [name, entries(inner)])
      .sort();
  };
  return entries(JSON.parse(json));
}

/** Without the prototypes of messages. */
function own(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message));
}
