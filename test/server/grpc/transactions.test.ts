import assert from "node:assert/strict";
import { mock } from "node:test";
import { Breather, type Slices } from "../../../src/lib/slices.ts";
import { bridge } from "./models.ts";
import { openBridge, Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";
const apply = "yangplane.core.v1.TransactionService/Apply";

describe("TransactionService", () => {
  let session: Session;
  const call = (method: string, request: object | Buffer) =>
    session.call(`${service}/${method}`, request);
  const refused = (method: string, request: object | Buffer) =>
    session.refused(`${service}/${method}`, request);

  beforeEach(async () => {
    session = await openBridge();
  });
  afterEach(() => session[Symbol.asyncDispose]());

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
      violationsTotal: 1,
    });
  });

  describe("with edits that cannot be read", () => {
    const br0 = "/bridge:bridge[name='br0']";
    const port = "yangplane.bridge.v1.Bridge.Ports";
    const given = (type: string, value: object) => {
      return { type_url: `type.googleapis.com/${type}`, value: session.encode(type, value) };
    };
    const cases = [
      {
        title: "a value of the wrong type",
        edit: { path: `${br0}/ports[name='p1']/mtu`, json: '"x"' },
        places: [`${br0}/ports[name='p1']/mtu`],
      },
      {
        title: "a value in a message",
        edit: {
          path: `${br0}/ports[name='p1']`,
          get message() {
            return given(port, { stp: [{ vlan: 5000 }] });
          },
        },
        places: [`${br0}/ports[name='p1']/stp[1]/vlan`],
      },
      {
        title: "text that is no JSON",
        edit: { path: `${br0}/ports[name='p1']`, json: "{" },
        places: [`${br0}/ports[name='p1']`],
      },
      {
        title: "members given twice",
        edit: {
          path: `${br0}/ports[name='p1']`,
          json: '{"mtu":1400,"mtu":1500,"stp":[{"vlan":1,"vlan":1}]}',
        },
        places: [`${br0}/ports[name='p1']/mtu`, `${br0}/ports[name='p1']/stp[1]/vlan`],
      },
      {
        title: "members given twice in a list as a whole",
        edit: { path: `${br0}/ports`, json: '[{"name":"p1"},{"name":"a","name":"b"}]' },
        places: [`${br0}/ports[2]/name`],
      },
      {
        title: "an unknown member",
        edit: { path: `${br0}/ports[name='p1']`, json: '{"mtu":1400,"nix":1}' },
        paths: [`${br0}/ports[name='p1']`],
        places: [],
      },
      {
        title: "an unknown path",
        edit: { path: `${br0}/nix`, json: "1" },
        paths: [br0],
        places: [],
      },
      {
        title: "a wrong key",
        edit: { path: `${br0}/ports[name='p1']/stp[vlan='5000']`, json: "{}" },
        places: [`${br0}/ports[name='p1']/stp/vlan`],
      },
    ];

    for (const { title, edit, places, paths = places } of cases) {
      it(`tells ${title} and what is wrong with the others`, async () => {
        session.datastore.judge = () => [{ path: "/x", tag: "operation-failed", message: "no" }];
        const sound = { path: `${br0}/ports[name='p2']/mtu`, json: "1400" };
        const edits = [edit, sound].map((one) => ({ operation: "OPERATION_MERGE", ...one }));

        const { violations } = await session.refused(apply, { edits });

        assert.deepEqual(
          violations.map(({ path }) => path),
          [...paths, "/x"],
        );
        const { unreadable } = session.datastore.seen.at(-1) ?? {};
        assert.deepEqual(unreadable?.places, places);
      });
    }

    it("refuses them where nothing else is wrong, also as a dry run", async () => {
      const edits = [
        { path: `${br0}/ports[name='p1']/mtu`, operation: "OPERATION_MERGE", json: "{}" },
      ];

      const { violations } = await session.call(apply, { options: { dryRun: true }, edits });

      assert.equal((violations as unknown[]).length, 1);
      assert.equal((await session.refused(apply, { edits })).code, "INVALID_ARGUMENT");
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

  it("decodes and reads a message of many small edits in slices", async () => {
    const counts: number[] = [];
    const run = mock.method(Breather.prototype, "run", async (work: Slices<unknown>) => {
      for (let count = 0; ; count += 1) {
        const step = work.next();
        if (!step.done) continue;
        counts.push(count);
        return step.value;
      }
    });
    const edits = Array.from({ length: 5000 }, (_, vlan) => ({
      path: `/bridge:bridge[name='b${vlan}']`,
      operation: "OPERATION_CREATE",
    }));

    await session.call(apply, { edits }).finally(() => run.mock.restore());

    assert.equal(counts.length, 2);
    for (const count of counts) assert(count > 50, String(count));
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

  it("tells the datastore who calls, and what", async () => {
    const [{ user, call: called } = { user: "" }] = session.datastore.seen;
    assert.deepEqual([user, called], ["local", "grpc BridgeService/CreateBridge"]);
  });

  describe("that is open", () => {
    const limits = { transactionBytes: 1_000, openTransactionBytes: 1_500 };
    const part = (of: Session, size: number) =>
      of.encode("yangplane.core.v1.ApplyRequest", {
        edits: [{ path: "/bridge:bridge[name='s']", operation: "OPERATION_CREATE" }],
        options: { comment: "x".repeat(size) },
      });

    /** The server has been asked and has answered some times: it has read what came before. */
    async function roundTrips(of: Session): Promise<undefined> {
      for (let trip = 0; trip < 5; trip += 1) {
        await of.call("yangplane.core.v1.CubeService/ListCubes", {});
      }
      return undefined;
    }

    /** Begins a transaction; what it is refused with, or undefined when it is open. */
    async function begin(of: Session, size: number) {
      let refuse: (tag: string | undefined) => void = () => undefined;
      const refused = new Promise<string | undefined>((resolve) => {
        refuse = resolve;
      });
      const call = of.openStream(`/${apply}Stream`, (error) => {
        if (error) refuse(of.refusal(error).violations[0]?.errorTag);
      });
      call.write(part(of, size));
      const refusal = await Promise.race([refused, roundTrips(of)]);
      return { refusal, cancel: () => call.cancel() };
    }

    it("may send so much, and all together not more than the server's limit", async () => {
      await using first = await Session.open(bridge, limits);
      await using second = await Session.open(bridge, limits);

      const tooBig = await begin(first, 1_000);
      const waiting = await begin(first, 800);
      const late = await begin(first, 800);
      const elsewhere = await begin(second, 800);
      waiting.cancel();
      await roundTrips(first);
      const after = await begin(first, 800);

      const ends = [tooBig, waiting, late, elsewhere, after].map(({ refusal }) => refusal);
      assert.deepEqual(ends, ["too-big", undefined, "resource-denied", undefined, undefined]);
      for (const { cancel } of [elsewhere, after]) cancel();
    });
  });
});
