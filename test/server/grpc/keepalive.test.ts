import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

describe("a connection", () => {
  it("is closed when its client answers no ping", async () => {
    await using session = await Session.open(bridge, { keepaliveMs: 20 });
    const silent = createConnection(session.socket);

    await once(silent.resume(), "close");
  });

  it("is kept while its client answers, though it asks nothing", async () => {
    await using session = await Session.open(bridge, { keepaliveMs: 20 });
    const watch = session.watch("yangplane.bridge.v1.BridgeService/WatchBridge", {});
    const failures: Error[] = [];
    watch.on("error", (error) => failures.push(error));
    await once(watch, "data");

    // The other connection's end tells that the time of many pings has passed.
    await once(createConnection(session.socket).resume(), "close");

    assert.deepEqual(failures, []);
    watch.cancel();
  });
});
