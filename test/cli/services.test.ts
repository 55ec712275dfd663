import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseCommandLine } from "../../src/cli/command-line.ts";
import type { ServiceInfo } from "../../src/cli/daemon.ts";
import { Refusal } from "../../src/cli/refusal.ts";
import { services } from "../../src/cli/services.ts";
import { UsageError } from "../../src/cli/usage-error.ts";

const counter: ServiceInfo = {
  name: "packetcounter",
  revision: "2026-11-25",
  description: "Counts packets. Of one device.",
  directory: "/srv/packetcounter",
  cubes: 2,
};

class FakeDaemon {
  readonly calls: string[] = [];

  services(): Promise<ServiceInfo[]> {
    return Promise.resolve([counter]);
  }

  loadService(directory: string, name?: string): Promise<void> {
    this.calls.push(`load ${directory} ${name}`);
    return Promise.resolve();
  }

  unloadService(name: string): Promise<void> {
    this.calls.push(`unload ${name}`);
    return Promise.resolve();
  }
}

async function run(...argv: string[]) {
  const daemon = new FakeDaemon();
  const line = parseCommandLine(argv);
  const shown = await services(daemon, line, line.words.slice(1));
  return { shown, calls: daemon.calls };
}

const row = {
  name: "packetcounter",
  revision: "2026-11-25",
  cubes: 2,
  folder: "/srv/packetcounter",
  description: "Counts packets",
};

describe("services", () => {
  it("shows all, or one with all that is said of it", async () => {
    assert.deepEqual((await run("services")).shown, [row]);
    assert.deepEqual((await run("services", "show")).shown, [row]);
    const { description } = counter;
    assert.deepEqual((await run("services", "show", "packetcounter")).shown, {
      ...row,
      description,
    });
  });

  const additions: readonly { argv: string[]; call: string }[] = [
    { argv: ["add", "/srv/c"], call: "load /srv/c undefined" },
    { argv: ["add", "c"], call: `load ${resolve("c")} undefined` },
    { argv: ["add", "type=lib", "uri=/srv/c", "name=c"], call: "load /srv/c c" },
    { argv: ["add", "uri=file:///srv/my%20c"], call: "load /srv/my c undefined" },
    { argv: ["add", "/srv/c", "name=c"], call: "load /srv/c c" },
    { argv: ["del", "packetcounter"], call: "unload packetcounter" },
  ];

  for (const { argv, call } of additions) {
    it(`${argv.join(" ")} asks the daemon`, async () => {
      const { shown, calls } = await run("services", ...argv);

      assert.deepEqual(calls, [call]);
      assert.equal(shown, undefined);
    });
  }

  const refused: readonly { argv: string[]; says: RegExp }[] = [
    { argv: ["add"], says: /needs a folder/ },
    { argv: ["add", "uri="], says: /needs a folder/ },
    { argv: ["add", "a", "b"], says: /b can follow nothing/ },
    { argv: ["add", "a", "uri=b"], says: /a folder or uri=, not both/ },
    { argv: ["add", "type=daemon", "uri=a"], says: /of type daemon cannot be loaded, only lib/ },
    { argv: ["add", "url=a"], says: /services add has no url= \(did you mean uri/ },
    { argv: ["add", "uri=libpcn-bridge.so"], says: /a library of Polycube/ },
    { argv: ["del"], says: /needs the name/ },
    { argv: ["set", "a"], says: /set services is not possible/ },
    { argv: ["--plan", "add", "a"], says: /cannot be planned/ },
  ];

  for (const { argv, says } of refused) {
    it(`${argv.join(" ")} is not understood`, async () => {
      await assert.rejects(run("services", ...argv), (error: unknown) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, says);
        return true;
      });
    });
  }

  it("show of one that is not there is refused, as the daemon does it", async () => {
    await assert.rejects(run("services", "show", "packetcounters"), (error: unknown) => {
      assert.ok(error instanceof Refusal, String(error));
      assert.match(error.message, /no service packetcounters \(did you mean packetcounter/);
      return true;
    });
  });
});
