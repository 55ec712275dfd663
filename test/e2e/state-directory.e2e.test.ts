import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";

const service = "yangplane.simplebridge.v1.SimplebridgeService";

/** What somebody does to the state directory of a daemon that runs. */
const deeds: Readonly<Record<string, (home: DaemonHome) => void>> = {
  "removes it": ({ stateDirectory }) => rmSync(stateDirectory, { recursive: true }),
  "removes it and makes an empty one": ({ stateDirectory }) => {
    rmSync(stateDirectory, { recursive: true });
    mkdirSync(join(stateDirectory, "journal"), { recursive: true });
  },
  "puts a copy in its place": ({ stateDirectory }) => {
    renameSync(stateDirectory, `${stateDirectory}.moved`);
    cpSync(`${stateDirectory}.moved`, stateDirectory, { recursive: true });
  },
  "removes the log": (home) => {
    for (const log of logsOf(home)) rmSync(log);
  },
  "cuts the log": (home) => {
    for (const log of logsOf(home)) truncateSync(log, 40);
  },
};

function logsOf({ stateDirectory }: DaemonHome): string[] {
  const journal = join(stateDirectory, "journal");
  const names = readdirSync(journal).filter((name) => name.startsWith("log-"));
  return names.map((name) => join(journal, name));
}

/** What the daemon says of it. */
const complaint =
  /state\/journal.*: (was removed or replaced|has \d+ bytes instead of \d+: others have changed it)/;

describe("a daemon whose state directory", () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;

  beforeEach(async () => {
    home = new DaemonHome("memory");
    daemon = await home.start();
    await create("br0");
  });

  afterEach(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
  });

  const create = (name: string) =>
    daemon.client().call(`${service}/CreateSimplebridge`, { simplebridge: { name } });

  const refused = (name: string) =>
    daemon.client().refused(`${service}/CreateSimplebridge`, { simplebridge: { name } });

  const names = async () => {
    const { simplebridge } = await daemon.client().call(`${service}/ListSimplebridge`, {});
    return (simplebridge as { readonly name: string }[]).map(({ name }) => name);
  };

  for (const [title, done] of Object.entries(deeds)) {
    it(`is not as it left it, as somebody ${title}, acknowledges no change`, async () => {
      done(home);

      for (const name of ["br1", "br2"]) {
        const { code, details } = await refused(name);

        assert.equal(code, "UNAVAILABLE");
        assert.match(details, complaint);
      }
      assert.deepEqual(await names(), ["br0"]);
    }).timeout(20_000);
  }

  it("comes back goes on where it was", async () => {
    const { stateDirectory } = home;
    renameSync(stateDirectory, `${stateDirectory}.moved`);
    await refused("br1");
    renameSync(`${stateDirectory}.moved`, stateDirectory);

    await create("br2");
    await daemon.kill();
    daemon = await home.start();

    assert.deepEqual(await names(), ["br0", "br2"]);
  }).timeout(20_000);
});
