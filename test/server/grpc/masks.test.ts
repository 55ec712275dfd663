import assert from "node:assert/strict";
import { openBridge, type Session } from "./session.ts";

const service = "yangplane.bridge.v1.BridgeService";

describe("an update mask", () => {
  let session: Session;
  const call = (method: string, request: object) => session.call(`${service}/${method}`, request);
  const configuration = async () => {
    const read = { view: "VIEW_CONFIG" };
    const { bridge } = await call("GetBridge", { bridgeName: "br0", read });
    return bridge as Record<string, unknown>;
  };

  beforeEach(async () => {
    session = await openBridge();
  });
  afterEach(() => session[Symbol.asyncDispose]());

  const rate = { digits: "15", fractionDigits: 1 };
  const cases: { title: string; body?: object; paths: string[]; limits: object | undefined }[] = [
    {
      title: "empties a leaf-list that the body lacks",
      paths: ["limits.tag"],
      limits: { rate, burst: "-5" },
    },
    {
      title: "takes nothing of the body that it does not name",
      body: { limits: { burst: "7", tag: ["z"] } },
      paths: ["limits.burst"],
      limits: { rate, burst: "7", tag: ["b", "a"] },
    },
    {
      title: "replaces a container as a whole",
      body: { limits: { burst: "7" } },
      paths: ["limits"],
      limits: { burst: "7" },
    },
    {
      title: "may name a node twice, and one inside another",
      body: { limits: { burst: "7" } },
      paths: ["limits.burst", "limits.burst", "limits"],
      limits: { burst: "7" },
    },
  ];
  for (const { title, body = {}, paths, limits } of cases) {
    it(title, async () => {
      await call("UpdateBridge", { bridge: { name: "br0", ...body }, updateMask: { paths } });

      assert.deepEqual((await configuration())["limits"], limits);
    });
  }

  it("makes a presence container that it leads through", async () => {
    await call("UpdateBridge", { bridge: { name: "br0" }, updateMask: { paths: ["limits"] } });
    const bridge = { name: "br0", limits: { burst: "1" } };

    await call("UpdateBridge", { bridge, updateMask: { paths: ["limits.burst"] } });

    assert.deepEqual((await configuration())["limits"], { burst: "1" });
  });

  it("removes what is not there as well", async () => {
    await call("UpdateBridge", { bridge: { name: "br0" }, updateMask: { paths: ["limits"] } });

    const paths = ["limits", "limits.burst", "fdb.entry", "type"];
    await call("UpdateBridge", { bridge: { name: "br0" }, updateMask: { paths } });

    assert.equal((await configuration())["limits"], undefined);
  });

  it("empties a list, or makes it what the body holds", async () => {
    const bridge = { name: "br0", ports: [{ name: "p9" }] };
    await call("UpdateBridge", { bridge, updateMask: { paths: ["ports"] } });
    assert.deepEqual((await configuration())["ports"], [{ name: "p9" }]);

    await call("UpdateBridge", { bridge: { name: "br0" }, updateMask: { paths: ["ports"] } });
    assert.equal((await configuration())["ports"], undefined);
  });

  it("creates with allow_missing, and is refused without", async () => {
    const request = {
      bridge: { name: "new", type: "TYPE_XDP_DRV" },
      updateMask: { paths: ["type"] },
    };

    const refused = await session.refused(`${service}/UpdateBridge`, request);
    await call("UpdateBridge", { ...request, allowMissing: true });

    assert.equal(refused.code, "NOT_FOUND");
    const { bridge } = await call("GetBridge", {
      bridgeName: "new",
      read: { view: "VIEW_CONFIG" },
    });
    assert.deepEqual(bridge, { name: "new", type: "TYPE_XDP_DRV" });
  });
});
