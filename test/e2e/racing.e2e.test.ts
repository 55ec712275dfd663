import assert from "node:assert/strict";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";

const service = "yangplane.simplebridge.v1.SimplebridgeService";

describe("requests that race", () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;
  let first: ApiClient;
  let clients: readonly ApiClient[];

  before(async function () {
    this.timeout(30_000);
    home = new DaemonHome("memory");
    daemon = await home.start();
    first = daemon.client();
    clients = [first, ...Array.from({ length: 7 }, () => daemon.client())];
  });

  after(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
  });

  /** Status of each client's call of the method; all of them under way at the same time. */
  const race = (method: string, request: (index: number) => object) =>
    Promise.all(
      clients.map((client, index) =>
        client.call(`${service}/${method}`, request(index)).then(
          () => "OK",
          (error: ServiceError) => status[error.code] ?? "",
        ),
      ),
    );

  const read = () => first.call(`${service}/GetSimplebridge`, { simplebridgeName: "br0" });

  const others = (code: string) => Array.from({ length: clients.length - 1 }, () => code);

  it("create a cube once", async () => {
    const codes = await race("CreateSimplebridge", () => ({ simplebridge: { name: "br0" } }));

    assert.deepEqual(codes.sort(), [...others("ALREADY_EXISTS"), "OK"]);
  });

  it("change a leaf once with one if_match", async () => {
    const ifMatch = (await read())["commitId"];

    const codes = await race("UpdateSimplebridge", (index) => ({
      simplebridge: { name: "br0", fdb: { agingTime: 100 + index } },
      options: { ifMatch },
    }));

    assert.deepEqual(codes.sort(), [...others("ABORTED"), "OK"]);
    const refused = await first.refused(`${service}/UpdateSimplebridge`, {
      simplebridge: { name: "br0", fdb: { agingTime: 99 } },
      options: { ifMatch },
    });
    assert.match(refused.details, /br0'\].*: changed by commit \d+, after \d+/);
  });

  it("change a leaf one after the other without if_match", async () => {
    const codes = await race("UpdateSimplebridge", (index) => ({
      simplebridge: { name: "br0", fdb: { agingTime: 200 + index } },
    }));

    assert.deepEqual(codes, ["OK", ...others("OK")]);
    const { fdb } = (await read())["simplebridge"] as { fdb: { agingTime: number } };
    assert(fdb.agingTime >= 200 && fdb.agingTime < 200 + clients.length);
  });

  it("give a port's name to one of them", async () => {
    const codes = await race("CreatePorts", () => ({
      simplebridgeName: "br0",
      ports: { name: "p1" },
    }));

    assert.deepEqual(codes.sort(), [...others("ALREADY_EXISTS"), "OK"]);
  });
});
