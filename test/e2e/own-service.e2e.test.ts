import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readdirSync, renameSync, rmSync, watch } from "node:fs";
import { join } from "node:path";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome } from "../support/daemon.ts";
import { builtCounter, counterClient, counters, serviceService } from "../support/own-service.ts";
import type { ServiceFolder } from "../support/service-folder.ts";

const bridges = "yangplane.simplebridge.v1.SimplebridgeService";

const load = (client: ApiClient, folder: ServiceFolder) =>
  client.call(`${serviceService}/LoadService`, { directory: folder.path });
const unload = (client: ApiClient, name = "packetcounter") =>
  client.call(`${serviceService}/UnloadService`, { name });
const create = (client: ApiClient, name: string) =>
  client.call(`${counters}/CreatePacketcounter`, { packetcounter: { name } });
const remove = (client: ApiClient, name: string) =>
  client.call(`${counters}/DeletePacketcounter`, { packetcounterName: name });

async function namesOf(client: ApiClient): Promise<string[]> {
  const { services } = await client.call(`${serviceService}/ListServices`, {});
  return (services as { name: string }[]).map(({ name }) => name);
}

describe("a service of one's own", function () {
  this.timeout(60_000);
  let folder: ServiceFolder;
  let home: DaemonHome;
  beforeEach(() => {
    folder = builtCounter();
    home = new DaemonHome("memory");
  });
  afterEach(() => {
    home[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  const started = async (args: readonly string[] = []) => {
    const daemon = await home.start({ args });
    return { daemon, client: counterClient(daemon, home) };
  };

  /** A daemon that has loaded it, and has a cube of it. */
  const counting = async () => {
    const { daemon, client } = await started();
    await load(client, folder);
    await create(client, "pc1");
    return { daemon, client };
  };

  it("is loaded while the daemon runs, and unloaded when it has no cubes any more", async () => {
    const { daemon, client } = await started();
    await using _stopped = daemon;
    const before = await namesOf(client);
    assert.equal((await client.refused(`${counters}/ListPacketcounter`, {})).code, "UNIMPLEMENTED");

    const { service } = await load(client, folder);

    assert.equal((service as { directory: string }).directory, folder.path);
    await create(client, "pc1");
    const { code, violations } = await client.refused(`${serviceService}/UnloadService`, {
      name: "packetcounter",
    });
    assert.equal(code, "FAILED_PRECONDITION");
    assert.equal(violations[0]?.errorTag, "in-use");
    await remove(client, "pc1");
    await unload(client);
    assert.equal((await client.refused(`${counters}/ListPacketcounter`, {})).code, "UNIMPLEMENTED");
    assert.deepEqual(await namesOf(client), before);
    assert.match(daemon.errors, /"service loaded".*"service":"packetcounter"/);
  });

  it("does not keep the daemon from ending while it is loaded", async () => {
    const { daemon, client } = await started();
    const [program] = readdirSync(folder.file("build")).filter((name) => /^program-/.test(name));
    const begun = folder.file("begun");
    const hanging = `import { writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(begun)}, "");
      await new Promise(() => {});`;
    folder.write(join("build", program ?? "", "service.js"), hanging);
    const watcher = watch(folder.path);
    const written = once(watcher, "change");
    const answer = client.refused(`${serviceService}/LoadService`, { directory: folder.path });
    await written;
    watcher.close();

    const { exitCode } = await daemon.stop();

    assert.equal(exitCode, 0);
    await answer;
  });

  it("is there again after a restart, with its cubes, also after a crash", async () => {
    const first = await counting();
    await first.daemon.kill();

    const { daemon, client } = await started();
    await using _stopped = daemon;

    const got = await client.call(`${counters}/GetPacketcounter`, { packetcounterName: "pc1" });
    assert.equal((got["packetcounter"] as { serviceName: string }).serviceName, "packetcounter");
    await remove(client, "pc1");
    await unload(client);
  });

  it("is not needed after it was unloaded, whatever the journal has seen", async () => {
    const { daemon, client } = await counting();
    await remove(client, "pc1");
    await unload(client);
    await daemon.kill();
    folder.remove("build");

    await using again = await home.start();

    assert.doesNotMatch(again.errors, /packetcounter/);
    const names = await namesOf(again.client());
    assert.deepEqual(
      [names.includes("simplebridge"), names.includes("packetcounter")],
      [true, false],
    );
  });

  it("may have another model when it is loaded the next time", async () => {
    const { daemon, client } = await counting();
    await remove(client, "pc1");
    await unload(client);
    const yang = folder.text("packetcounter.yang");
    folder.write("packetcounter.yang", yang.replace("leaf bytes", "leaf octets"));
    folder.change("service.ts", "bytes: row?.bytes", "octets: row?.bytes");
    folder.build();
    await load(client, folder);
    await daemon.kill();

    await using again = await home.start();

    const { json } = await again
      .client()
      .call("yangplane.core.v1.DatastoreService/Get", { path: "/packetcounter:packetcounter" });
    assert.equal(json, "[]");
  });

  it("is refused at the start where its folder is gone and its cubes are not, losing none", async () => {
    const { daemon } = await counting();
    await daemon.kill();
    renameSync(folder.file("build"), folder.file("elsewhere"));

    const { exitCode, errors } = await home.spawn().ended;

    assert.equal(exitCode, 1);
    const said = errors.replaceAll(folder.path, "…");
    assert.match(
      said,
      /^yangplaned: the configuration has a cube of service packetcounter, which is not loaded: …: no build\/service\.json: build it with yangplane-gen --service$/m,
    );
    renameSync(folder.file("elsewhere"), folder.file("build"));
    const again = await started();
    await using _stopped = again.daemon;
    await again.client.call(`${counters}/GetPacketcounter`, { packetcounterName: "pc1" });
  });

  it("is only missed at the start where it has no cubes, and may be forgotten", async () => {
    const { daemon, client } = await counting();
    await remove(client, "pc1");
    await daemon.stop();
    folder.remove("build");

    const again = await home.start();
    assert.match(again.errors, /"warn","message":"service not loaded","service":"packetcounter"/);
    await unload(again.client());
    await again.stop();

    await using third = await home.start();
    assert.doesNotMatch(third.errors, /service not loaded/);
  });

  it("may be named when the daemon is started, and is not remembered then", async () => {
    const { daemon, client } = await started(["--service-dir", folder.path]);
    assert.ok((await namesOf(client)).includes("packetcounter"));
    await daemon.stop();

    await using again = await home.start();

    const names = await namesOf(again.client());
    assert.deepEqual(
      [names.includes("simplebridge"), names.includes("packetcounter")],
      [true, false],
    );
  });

  it("keeps the daemon from starting if it was named and cannot be loaded", async () => {
    folder.remove("build");

    const { exitCode, errors } = await home.spawn({ args: ["--service-dir", folder.path] }).ended;

    assert.equal(exitCode, 1);
    assert.match(errors, /^yangplaned: .*: no build\/service\.json: .*\n$/);
  });

  it("is refused, and nothing has changed, where it cannot be loaded", async () => {
    const { daemon, client } = await started();
    await using _stopped = daemon;
    const before = await namesOf(client);
    const path = `${serviceService}/LoadService`;
    const refused = async (request: object) => {
      const { code, violations } = await client.refused(path, request);
      return `${code} ${violations[0]?.message}`.replaceAll(folder.path, "…");
    };

    assert.match(
      await refused({ directory: "/no/such" }),
      /^FAILED_PRECONDITION \/no\/such: there is no/,
    );
    assert.match(
      await refused({ directory: "here" }),
      /^FAILED_PRECONDITION here: the path is not abs/,
    );
    const named = { directory: folder.path, name: "counter" };
    assert.match(
      await refused(named),
      /^INVALID_ARGUMENT … holds service packetcounter, not counter$/,
    );
    folder.write("build/packetcounter.bpf.o", "no object");
    assert.match(
      await refused({ directory: folder.path }),
      /^FAILED_PRECONDITION …: packetcounter\.bpf\.o: no ELF file$/,
    );
    assert.deepEqual(await namesOf(client), before);
  });

  it("is refused twice over, and so are services that came with the daemon or are not there", async () => {
    const { daemon, client } = await counting();
    await using _stopped = daemon;
    const code = async (method: string, request: object) =>
      (await client.refused(`${serviceService}/${method}`, request)).code;

    assert.equal(await code("LoadService", { directory: folder.path }), "ALREADY_EXISTS");
    assert.equal(await code("UnloadService", { name: "simplebridge" }), "FAILED_PRECONDITION");
    assert.equal(await code("UnloadService", { name: "nothing" }), "NOT_FOUND");
    await client.call(`${counters}/GetPacketcounter`, { packetcounterName: "pc1" });
  });

  it("is not loaded where it could not be remembered", async () => {
    const { daemon, client } = await started();
    await using _stopped = daemon;
    const blocked = join(home.stateDirectory, "services.json.new");
    mkdirSync(blocked);

    const { code } = await client.refused(`${serviceService}/LoadService`, {
      directory: folder.path,
    });

    assert.equal(code, "UNAVAILABLE");
    assert.ok(!(await namesOf(client)).includes("packetcounter"));
    rmSync(blocked, { recursive: true });
    await load(client, folder);
  });

  it("comes and goes while others are written and watched, and disturbs nobody", async () => {
    const { daemon, client } = await started();
    await using _stopped = daemon;
    const other = daemon.client();
    await other.call(`${bridges}/CreateSimplebridge`, { simplebridge: { name: "br0" } });
    const watch = daemon.client().watch(`${bridges}/WatchSimplebridge`, {});
    let told = 0;
    let failure: unknown;
    watch.on("data", () => {
      told += 1;
    });
    watch.on("error", (error) => {
      failure = error;
    });

    let isLoading = true;
    const writing = (async () => {
      let count = 0;
      while (isLoading) {
        count += 1;
        const fdb = { agingTime: 100 + count };
        await other.call(`${bridges}/UpdateSimplebridge`, {
          simplebridgeName: "br0",
          simplebridge: { name: "br0", fdb },
        });
      }
      return count;
    })();
    for (let round = 0; round < 20; round++) {
      await load(client, folder);
      await create(client, "pc1");
      await remove(client, "pc1");
      await unload(client);
    }
    isLoading = false;

    const written = await writing;
    assert.ok(written > 20, `${written} writes`);
    assert.ok(told > 1);
    assert.equal(failure, undefined);
    watch.on("error", () => undefined).cancel();
  });
});
