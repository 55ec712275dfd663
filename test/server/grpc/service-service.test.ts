import assert from "node:assert/strict";
import { refuse } from "../../../src/datamodel/error.ts";
import type { ServiceInfo, ServiceRoster } from "../../../src/server/service-roster.ts";
import { bridge } from "./models.ts";
import { Session } from "./session.ts";

const services = "yangplane.core.v1.ServiceService";

const counter: ServiceInfo = {
  name: "counter",
  revision: "2026-11-25",
  description: "Counts.",
  folder: "/srv/counter",
  cubes: 0,
};

class Roster implements ServiceRoster {
  readonly calls: string[] = [];

  list(): readonly ServiceInfo[] {
    return [{ ...counter, name: "bridge", folder: "", cubes: 2 }, counter];
  }

  load(folder: string, name?: string): Promise<ServiceInfo> {
    this.calls.push(`load ${folder} ${name}`);
    return Promise.resolve(counter);
  }

  unload(name: string): Promise<void> {
    this.calls.push(`unload ${name}`);
    return Promise.reject(refuse("in-use", `/${name}:${name}`, "the service has a cube"));
  }
}

describe("ServiceService", () => {
  let session: Session;
  let roster: Roster;
  beforeEach(async () => {
    roster = new Roster();
    session = await Session.open(bridge, {}, { roster });
  });
  afterEach(() => session[Symbol.asyncDispose]());

  it("lists what there is, with the folder of what was loaded", async () => {
    const reply = await session.call(`${services}/ListServices`, {});

    const { name, folder, cubes: _none, ...about } = counter;
    assert.deepEqual(reply["services"], [
      { ...about, name: "bridge", cubes: "2" },
      { ...about, name, directory: folder },
    ]);
  });

  it("loads a folder, of any name or of the one given", async () => {
    const { service } = await session.call(`${services}/LoadService`, {
      directory: "/srv/counter",
    });
    await session.call(`${services}/LoadService`, { directory: "/srv/c", name: "counter" });

    assert.equal((service as { name: string }).name, "counter");
    assert.deepEqual(roster.calls, ["load /srv/counter undefined", "load /srv/c counter"]);
  });

  it("passes on why a service stays", async () => {
    const { code, violations } = await session.refused(`${services}/UnloadService`, { name: "x" });

    assert.equal(code, "FAILED_PRECONDITION");
    assert.equal(violations[0]?.message, "the service has a cube");
    assert.deepEqual(roster.calls, ["unload x"]);
  });

  for (const method of ["LoadService", "UnloadService"]) {
    it(`wants to know what ${method} is about`, async () => {
      const { code } = await session.refused(`${services}/${method}`, {});

      assert.equal(code, "INVALID_ARGUMENT");
      assert.deepEqual(roster.calls, []);
    });
  }

  it("is not for who comes over a network", async () => {
    await using network = await Session.open(bridge, {}, { roster, overTcp: true });

    const { code, details } = await network.refused(`${services}/UnloadService`, { name: "x" });

    assert.equal(code, "PERMISSION_DENIED");
    assert.match(details, /over the Unix socket only/);
    await network.call(`${services}/ListServices`, {});
    assert.deepEqual(roster.calls, []);
  });
});
