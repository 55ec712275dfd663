import assert from "node:assert/strict";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";

const core = "yangplane.core.v1";
const bridge = "yangplane.simplebridge.v1.SimplebridgeService";
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

  it("refuses what does not fit, and does all else", async () => {
    using home = new DaemonHome("kernel");
    const how = { mounts: "ulimit -n 256" };
    const daemon = await home.start(how);
    const client = daemon.client();
    const create = async (name: string) =>
      await client.call(`${bridge}/CreateSimplebridge`, named(name));
    const remove = async (name: string) => {
      return await client.call(`${bridge}/DeleteSimplebridge`, { simplebridgeName: name });
    };

    const refusal = await untilRefused(create);
    const again = await untilRefused(create, "again");

    assert.equal(refusal.error.code, 8, refusal.error.message);
    assert.match(refusal.error.message, /256/);
    assert.equal(again.count, 0);
    assert.equal((await client.call(verify, {}))["total"], undefined);
    assert.equal(await countCubes(daemon.client()), refusal.count);
    for (const name of ["br0", "br1"]) await remove(name);
    await create("br0");
    await daemon.kill();
    await using next = await home.start(how);
    assert.equal(await countCubes(next.client()), refusal.count - 1);
    assert.equal((await next.client().call(verify, {}))["total"], undefined);
    assert.doesNotMatch(next.errors, /"level":"(warn|error)"/);
  }).timeout(90_000);
});

const verify = `${core}.DataplaneService/Verify`;

function bridges(from: number): object[] {
  return Array.from({ length: batch }, (_, index) => ({
    path: `/simplebridge:simplebridge[name='br${from + index}']`,
    operation: "OPERATION_CREATE",
    json: JSON.stringify({ ports: [{ name: "p1" }] }),
  }));
}

interface Refusal {
  /** How many were created before. */
  readonly count: number;
  readonly error: Error & { readonly code?: number };
}

async function untilRefused(
  create: (name: string) => Promise<unknown>,
  prefix = "br",
): Promise<Refusal> {
  for (let count = 0; ; count++) {
    try {
      await create(`${prefix}${count}`);
    } catch (error) {
      return { count, error: error as Error };
    }
  }
}

function named(name: string): object {
  return { simplebridge: { name } };
}

async function countCubes(client: ApiClient): Promise<number> {
  const { cubes } = await client.call(`${core}.CubeService/ListCubes`, {});
  return (cubes as unknown[]).length;
}
