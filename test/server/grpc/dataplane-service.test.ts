import assert from "node:assert/strict";
import type { Verification, Verifier } from "../../../src/datamodel/datastore/drift.ts";
import { CommitError } from "../../../src/datamodel/error.ts";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const verify = "yangplane.core.v1.DataplaneService/Verify";

const drifted: Verification = {
  commitId: "7",
  drifts: [
    {
      cube: "br0",
      thing: "row",
      kind: "changed",
      target: "static_fdb",
      key: { address: "02:00:00:00:00:01" },
      expected: { port: 1, seen: 5n },
      found: { port: 2 },
      cause: "/bridge:bridge[name='br0']",
    },
    { cube: "", thing: "attachment", kind: "unexpected", target: "veth1 tcx-ingress" },
  ],
  total: 2,
  isRepaired: false,
};

describe("DataplaneService", () => {
  const asked: boolean[] = [];
  let answer: () => Promise<Verification>;
  const verifier: Verifier = {
    verify({ repair }) {
      asked.push(repair);
      return answer();
    },
  };
  let session: Session;
  beforeEach(async () => {
    asked.length = 0;
    answer = () => Promise.resolve(drifted);
    session = await Session.open(bridge, {}, { verifier });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("tells each drift with its key and values as JSON", async () => {
    const reply = await session.call(verify, {});

    assert.deepEqual(asked, [false]);
    assert.deepEqual(reply, {
      drifts: [
        {
          cube: "br0",
          thing: "THING_ROW",
          kind: "KIND_CHANGED",
          target: "static_fdb",
          key: '{"address":"02:00:00:00:00:01"}',
          expected: '{"port":1,"seen":"5"}',
          found: '{"port":2}',
          cause: "/bridge:bridge[name='br0']",
        },
        { thing: "THING_ATTACHMENT", kind: "KIND_UNEXPECTED", target: "veth1 tcx-ingress" },
      ],
      total: "2",
      commitId: "7",
    });
  });

  it("repairs where that is asked for, and says so", async () => {
    answer = () => Promise.resolve({ ...drifted, isRepaired: true });

    const { repaired } = await session.call(verify, { repair: true });

    assert.equal(repaired, true);
    assert.deepEqual(asked, [true]);
  });

  it("passes on why something could not be mended", async () => {
    answer = () => Promise.reject(new CommitError("kernel", "no room"));

    const { code, details } = await session.refused(verify, { repair: true });

    assert.deepEqual([code, details], ["INTERNAL", "no room"]);
  });

  it("is refused by a server without a data plane", async () => {
    await using other = await Session.open(bridge);

    const { code } = await other.refused(verify, {});

    assert.equal(code, "UNIMPLEMENTED");
  });
});
