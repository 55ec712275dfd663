import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { builtCounter } from "../support/own-service.ts";

const directory = await mkdtemp(join(tmpdir(), "yangplane-cli-"));
const socket = join(directory, "socket");

/** Runs bin/yangplane as a user would; words of the line are separated by blanks. */
function yangplane(line: string, input = ""): { status: number | null; out: string; err: string } {
  const env = { ...process.env, YANGPLANE_SOCKET: socket };
  const { status, stdout, stderr } = spawnSync("bin/yangplane", line.split(" "), {
    env,
    input,
    encoding: "utf8",
    timeout: 60_000,
    maxBuffer: 2 ** 26,
  });
  return { status, out: stdout, err: stderr };
}

function shell(line: string): { status: number | null; out: string; err: string } {
  const env = { ...process.env, YANGPLANE_SOCKET: socket };
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { env, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

function succeed(line: string, input?: string): string {
  const { status, out, err } = yangplane(line, input);
  assert.equal(status, 0, `${line}: ${err}`);
  return out;
}

describe("yangplane against a daemon", () => {
  let daemon: ChildProcess | undefined;

  before(async function () {
    this.timeout(60_000);
    const args = ["--socket", socket, "--state-dir", directory, "--dataplane", "memory"];
    const child = spawn("bin/yangplaned", args, { stdio: ["ignore", "pipe", "inherit"] });
    daemon = child;
    const [line] = await once(createInterface(child.stdout), "line");
    assert.equal(line, "yangplaned ready");
  });

  after(async () => {
    if (daemon?.exitCode === null) {
      const exited = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await exited;
    }
    await rm(directory, { recursive: true });
  });

  beforeEach(() => {
    succeed("simplebridge del --all");
  });

  it("loads a service of one's own, has its words at once, and unloads it", () => {
    using folder = builtCounter();
    succeed(`services add ${folder.path}`);

    assert.match(
      succeed("services"),
      /^packetcounter +2026-11-25 +0 +\/.*packetcounter +Counts what/m,
    );
    succeed("packetcounter add pc1 type=XDP_DRV");
    assert.match(succeed("pc1 show"), /^service-name: packetcounter$/m);
    assert.match(succeed("pc1 received ?"), /^ reset +action +Counts from zero again/m);
    const inUse = yangplane("services del packetcounter");
    assert.equal(inUse.status, 1);
    assert.match(inUse.err, /the service has a cube/);

    succeed("pc1 del");
    succeed("services del packetcounter");
    assert.doesNotMatch(succeed("services"), /packetcounter/);
    assert.equal(yangplane("packetcounter add pc1").status, 2);
  }).timeout(60_000);

  it("creates, changes, shows and deletes, and prints nothing where nothing is asked", () => {
    const silent = [
      "simplebridge add br0 loglevel=debug",
      "br0 ports add p1 peer=",
      "br0 fdb set aging-time=60",
      "br0 fdb entry add AA:BB:CC:00:00:02 port=p1",
      "br0 ports add p2",
      "br0 ports del p2",
    ];
    for (const line of silent) assert.equal(succeed(line), "", line);

    const shown = succeed("br0 show -hide=uuid,ports.uuid");
    assert.match(shown, /^name: br0\n/);
    assert.match(shown, /\nloglevel: DEBUG\n/);
    assert.match(shown, /\nfdb:\n aging-time: 60\n/);
    assert.match(shown, / aa:bb:cc:00:00:02 +p1\n/);
    assert.match(shown, /\nports:\n name +index +status.*\n p1 +0 +DOWN/);
    assert.equal(succeed("br0 ports p1 name show"), "p1\n");
    assert.equal(succeed("br0 fdb flush"), "flushed: true\n");
    assert.match(succeed("cubes"), /\nbr0 +simplebridge +TC/);
  });

  it("reads back what show -json printed, and YAML, from a pipe", () => {
    succeed("simplebridge add br0 fdb.aging-time=60");
    succeed("br0 ports add p1");
    const saved = succeed("simplebridge show -json");
    succeed("del br0");

    succeed("simplebridge add", saved);
    succeed("cubes add", "- {name: br1, service-name: simplebridge, type: xdp_drv}\n");

    assert.equal(succeed("br0 fdb aging-time show"), "60\n");
    assert.match(succeed("br0 ports show"), /^name.*\np1 /);
    assert.equal(succeed("br1 type show"), "XDP_DRV\n");
  });

  it("reaches a cube that is called like a word of its own by its service", () => {
    succeed("simplebridge add br0");
    succeed("br0 ports add p1");
    using device = new Veth();
    const { status, err } = yangplane("simplebridge add connect loglevel=DEBUG");
    assert.equal(status, 0);
    assert.equal(
      err,
      "connect is a word of the command line: reach the cube by simplebridge connect …\n",
    );

    for (const way of ["simplebridge", "cubes"]) {
      assert.equal(succeed(`${way} connect loglevel show`), "DEBUG\n");
    }
    succeed(`connect br0:p1 ${device.name}`);
    assert.equal(succeed("br0 ports p1 peer show"), `${device.name}\n`);
    assert.match(yangplane("simplebridge add -- add").err, /by simplebridge … -- add …\n$/);
    assert.equal(succeed("simplebridge show -- add loglevel"), "INFO\n");
  });

  it("loads many entries in one commit over several messages", () => {
    succeed("simplebridge add br0");
    succeed("br0 ports add p1");
    const entries = Array.from({ length: 25_000 }, (_, index) => ({
      address: `02:00:00:00:${hexByte(index >> 8)}:${hexByte(index & 255)}`,
      port: "p1",
    }));
    const dangling = { address: "02:00:00:00:ff:ff", port: "nope" };

    const refused = yangplane("br0 fdb entry add", JSON.stringify([...entries, dangling]));
    assert.equal(refused.status, 1);
    assert.match(refused.err, /ff:ff'\]\/port: .*\(data-missing\)/);
    succeed("br0 fdb entry add", JSON.stringify(entries));

    for (const line of ["br0 ports del p1", "plan br0 ports del p1"]) {
      assert.match(
        yangplane(line).err,
        /^[^\n]+, and 24999 more \(the first 10 are alike\)\n$/,
        line,
      );
    }

    const cubes = succeed("simplebridge show -json");
    assert.deepEqual(JSON.parse(cubes)[0].fdb.entry, entries);
    succeed("del br0");
    succeed("simplebridge add", cubes);
    assert.deepEqual(JSON.parse(succeed("br0 fdb entry show -json")), entries);
  });

  it("plans without changing anything", () => {
    succeed("simplebridge add br0");

    const plan = succeed("plan br0 ports add p1");
    const json = JSON.parse(succeed("plan br0 ports add p1 -json"));

    assert.match(plan, /^cube +operation +target/);
    assert.match(plan, /nothing has been changed\n$/);
    assert(json.length > 0);
    assert.equal(json[0].cube, "br0");
    assert.equal(succeed("br0 ports show"), "(none)\n");
  });

  it("connects and disconnects the ports of cubes that exist", () => {
    succeed("simplebridge add br0");
    succeed("br0 ports add p1");

    using device = new Veth();
    succeed(`connect br0:p1 ${device.name}`);
    assert.equal(succeed("br0 ports p1 peer show"), `${device.name}\n`);
    assert.equal(yangplane("disconnect br0:p1 lo").status, 1);
    assert.match(succeed("topology"), new RegExp(` └─ p1 .. ${device.name}`));
    assert.equal(JSON.parse(succeed("topology show br0 -json")).cubes[0].ports[0].name, "p1");
    assert.match(succeed(`netdevs show ${device.name}`), /\nport: br0:p1\n/);
    succeed(`disconnect br0:p1 ${device.name}`);

    assert.equal(yangplane("br0 ports p1 peer show").status, 1);
  });

  const refusals: [string, number, RegExp][] = [
    [
      "br0 ports del nope",
      1,
      /^\/simplebridge:.*\/ports\[name='nope'\]: does not exist \(data-missing\)\n$/,
    ],
    ["simplebridge add br0", 1, /already exists \(data-exists\)\n$/],
    ["br0 ports p7 set peer=x", 1, /\/ports\[name='p7'\]: does not exist \(data-missing\)\n$/],
    ["br0 ports add p1 peer=no-such-device", 1, /\/peer: no network device no-such-device/],
    ["br0 fdb entry add 02:00:00:00:00:01 port=nope", 1, /\(data-missing\)\n$/],
    ["br0 fdb entry add 02:00:00:00:00:01", 1, /\/port: mandatory node "port" is missing/],
    ["br0 fdb set aging-time=0", 2, /aging-time: the aging time is 1 to 1000000 seconds\n$/],
    ["br0 prots show", 2, /did you mean ports\?/],
    ["br1 show", 2, /there is no service or cube br1 \(did you mean br0\?\)\n$/],
    ["connect br0:p1", 2, /write connect <peer1> <peer2>\n$/],
    ["connect br0:p1 no-such-device", 1, /^\/topology:connect\/peer1: /],
    ["topology nope", 1, /there is no cube or used device nope \(NOT_FOUND\)\n$/],
    ["netdevs nope", 1, /\[name='nope'\]: does not exist \(data-missing\)\n$/],
    ["trace br0:nope", 1, /br0:nope/],
    ["services del nope", 1, /nope/],
    ["services nope", 1, /there is no service nope \(NOT_FOUND\)\n$/],
    ["simplebridge del", 2, /would delete every entry of simplebridge: name one, or add --all\n$/],
    [
      "br0 show --socket /nowhere/socket",
      3,
      /no daemon answers at \/nowhere\/socket\n.*yangplaned/,
    ],
  ];
  for (const [line, status, message] of refusals) {
    it(`${line} ends with ${status} and says why on standard error`, () => {
      succeed("simplebridge add br0");

      const result = yangplane(line);

      assert.equal(result.status, status, result.err);
      assert.match(result.err, message);
      assert.equal(result.out, "");
    });
  }

  for (const line of ["br0 show", "?", "--help"]) {
    it(`${line} says in one line that its output could not be written`, () => {
      succeed("simplebridge add br0");

      const { status, err } = shell(`bin/yangplane ${line} >/dev/full`);

      assert.equal(err, "yangplane: writing the output: ENOSPC: no space left on device, write\n");
      assert.equal(status, 4);
    });
  }

  const bodies: readonly (readonly [body: string, line: string, message: string])[] = [
    ["[]", "simplebridge add", "the body has no entry of simplebridge"],
    ["[]", "cubes add", "the body has no cubes"],
    [
      "name: ~",
      "simplebridge add",
      "an entry of simplebridge has null for key name, which is no value",
    ],
    ["a: &a [*a]", "simplebridge add", "the input is not YAML: alias a stands in what it names"],
  ];
  for (const [body, line, message] of bodies) {
    it(`${line} sends nothing of ${body} and says why`, () => {
      const { status, err } = shell(`printf '${body}' | bin/yangplane ${line}`);

      assert.equal(err, `yangplane: ${message}\n`);
      assert.equal(status, 2);
    });
  }

  it("cannot tell a closed output from /dev/null", () => {
    assert.equal(shell("bin/yangplane --help >&-").status, 0);
  });

  it("takes 64 MiB of input and not more", () => {
    const { status, err } = shell("head -c 70M /dev/zero | bin/yangplane simplebridge add");

    assert.equal(err, "yangplane: the input is larger than 64 MiB\n");
    assert.equal(status, 2);
  });

  it("keeps its exit status where nobody can be told", () => {
    assert.equal(shell("bin/yangplane no-such-cube show 2>/dev/full").status, 2);
    assert.equal(shell("bin/yangplane no-such-cube show 2>&1 | true").err, "");
  });

  it("ends in silence when its reader has seen enough", () => {
    succeed("simplebridge add br0");

    const { status, out, err } = shell("bash -o pipefail -c 'bin/yangplane br0 show | head -n 1'");

    assert.deepEqual({ status, out, err }, { status: 0, out: "name: br0\n", err: "" });
    assert.equal(shell("bin/yangplane br0 show -json | true").err, "");
  });

  it("helps with what can follow, running cubes included", () => {
    succeed("simplebridge add br0");

    assert.match(succeed("?"), /simplebridge +service.*\n br0 +cube +simplebridge\n/s);
    assert.match(succeed("attach --help"), /\nExample: yangplane attach fw0 br0:p1\n$/);
    assert.match(succeed("services"), /^name +revision.*\n(.*\n)?simplebridge +2/);
    assert.match(succeed("br0 ports p1 add ?"), /peer=value +string .* veth1\n/);
  });
});

/** A network device to connect to. */
class Veth implements Disposable {
  readonly name = `ypc${process.pid}`;

  constructor() {
    this.#ip("add", this.name, "type", "veth", "peer", "name", `${this.name}p`);
  }

  #ip(...words: string[]): void {
    const { status, stderr } = spawnSync("ip", ["link", ...words], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  }

  [Symbol.dispose](): void {
    this.#ip("del", this.name);
  }
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
