import assert from "node:assert/strict";
import { DaemonHome } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";

const core = "yangplane.core.v1";
const batch = 10;

describeKernel("a daemon that may open few files", { since: "6.6" }, () => {
  it("starts again with all that it could be given", async () => {
    using home = new DaemonHome("kernel");
    const how = { mounts: "ulimit -n 200" };
    const daemon = await home.start(how);
    const client = daemon.client();
    let count = 0;

    let refusal: string | undefined;
    for (; refusal === undefined; count += batch) {
      const edits = bridges(count);
      refusal = await client.call(`${core}.TransactionService/Apply`, { edits }).then(
        () => undefined,
        (error: Error) => error.message,
      );
    }
    await daemon.kill();
    await using next = await home.start(how);

    assert.match(refusal, /EMFILE.*everything was undone/s);
    const { cubes } = await next.client().call(`${core}.CubeService/ListCubes`, {});
    assert.equal((cubes as unknown[]).length, count - batch);
    assert.equal((await next.client().call(verify, {}))["total"], undefined);
    assert.doesNotMatch(next.errors, /"level":"(warn|error)"/);
  }).timeout(60_000);
});

const verify = `${core}.DataplaneService/Verify`;

function bridges(from: number): object[] {
  return Array.from({ length: batch }, (_, index) => ({
    path: `/simplebridge:simplebridge[name='br${from + index}']`,
    operation: "OPERATION_CREATE",
    json: JSON.stringify({ ports: [{ name: "p1" }] }),
  }));
}
