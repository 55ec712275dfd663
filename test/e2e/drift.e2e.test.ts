import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { recirculationNames } from "../../src/dataplane/recirculation-device.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { ip, run } from "../support/network.ts";
import { Host } from "./forwarding-lab.ts";

const core = "yangplane.core.v1";
const service = "yangplane.simplebridge.v1.SimplebridgeService";
const br0 = "/simplebridge:simplebridge[name='br0']";
const station = "02:00:00:00:99:01";
/** As bpftool takes it: six octets and padding. */
const keyOf = (address: string) => ["hex", ...address.split(":"), "00", "00"];

interface Told {
  readonly cube: string;
  readonly thing: string;
  readonly kind: string;
  readonly target: string;
  readonly found?: unknown;
}

/** What somebody does by hand, and what `verify` has to say of it. */
interface Deed {
  readonly title: string;
  readonly done: (places: Places) => void;
  readonly told: RegExp;
}

/** Where things are pinned. */
interface Places {
  readonly home: DaemonHome;
  readonly hosts: readonly [Host, Host];
  /** The folder of br0's object. */
  readonly cube: string;
  map(name: string): string;
  link(host: Host): string;
}

const bpftool = (...words: readonly string[]) => run("bpftool", ...words);

const deeds: readonly Deed[] = [
  {
    title: "deletes a row",
    done: ({ map }) =>
      bpftool("map", "delete", "pinned", map("static_fdb"), "key", ...keyOf(station)),
    told: /^br0 row missing static_fdb$/m,
  },
  {
    title: "changes a row",
    done: ({ map }) => {
      const where = ["map", "update", "pinned", map("static_fdb"), "key", ...keyOf(station)];
      bpftool(...where, "value", "hex", "07", "00", "00", "00");
    },
    told: /^br0 row changed static_fdb \{"port":7\}$/m,
  },
  {
    title: "adds a row",
    done: ({ map }) => {
      const key = keyOf("02:00:00:00:99:77");
      const where = ["map", "update", "pinned", map("static_fdb"), "key", ...key];
      bpftool(...where, "value", "hex", "01", "00", "00", "00");
    },
    told: /^br0 row unexpected static_fdb \{"port":1\}$/m,
  },
  {
    title: "clears the way out of a port",
    done: ({ map }) => {
      const zero = Array.from({ length: 8 }, () => "0");
      const where = ["map", "update", "pinned", map("hops"), "key", "0", "0", "0", "0"];
      bpftool(...where, "value", ...zero);
    },
    told: /^br0 row changed hops /m,
  },
  {
    title: "empties a slot",
    done: ({ home }) => {
      const table = join(home.pinDirectory, "shared/jmp_tc");
      bpftool("map", "delete", "pinned", table, "key", "0", "0", "0", "0");
    },
    told: /^br0 program missing tc\[0\]$/m,
  },
  {
    title: "puts a program into a slot",
    done: ({ home, cube }) => {
      const where = ["map", "update", "pinned", join(home.pinDirectory, "shared/jmp_tc")];
      const key = ["key", "9", "0", "0", "0"];
      bpftool(...where, ...key, "value", "pinned", join(cube, "programs/ingress"));
    },
    told: /^ ?program unexpected tc\[9\] "ingress of cubes\//m,
  },
  {
    title: "detaches a link",
    done: ({ link, hosts }) => bpftool("link", "detach", "pinned", link(hosts[0])),
    told: /^br0 attachment missing v\S+ tcx-ingress$/m,
  },
  {
    title: "removes the pin of a link",
    done: ({ link, hosts }) => rmSync(link(hosts[0])),
    told: /^br0 attachment missing v\S+ tcx-ingress$/m,
  },
  {
    title: "ends promiscuous mode",
    done: ({ hosts }) => void ip(`link set ${hosts[0].device} promisc off`),
    told: /^br0 device changed v\S+ \{"promiscuous":false\}$/m,
  },
  {
    title: "removes the pin of a map",
    done: ({ map }) => rmSync(map("hops")),
    told: /^br0 object changed simplebridge "maps\/hops is not pinned"$/m,
  },
  {
    title: "removes the pin of a program",
    done: ({ cube }) => rmSync(join(cube, "programs/ingress")),
    told: /^br0 object changed simplebridge "programs\/ingress is not pinned"$/m,
  },
  {
    title: "removes the manifest of an object",
    done: ({ cube }) => rmSync(join(cube, "manifest")),
    told: /^br0 object changed simplebridge "the manifest is not pinned"$/m,
  },
  {
    title: "removes all pins of a cube",
    done: ({ cube }) => rmSync(cube, { recursive: true }),
    told: /^br0 object missing simplebridge$/m,
  },
  {
    title: "removes the pin of a jump table",
    done: ({ home }) => rmSync(join(home.pinDirectory, "shared/jmp_tc")),
    told: /^br0 object changed simplebridge "shared\/jmp_tc is not pinned"$/m,
  },
  {
    title: "removes what the objects share",
    done: ({ home }) => rmSync(join(home.pinDirectory, "shared"), { recursive: true }),
    told: /^br0 object changed simplebridge "shared\/jmp_tc is not pinned; shared\/jmp_xdp /m,
  },
  {
    title: "removes the folder of pins",
    done: ({ home }) => rmSync(home.pinDirectory, { recursive: true }),
    told: /^br0 object missing simplebridge$/m,
  },
  {
    title: "deletes the recirculation device",
    done: ({ home }) => void ip(`link delete ${recirculationNames(home.pinDirectory)[0]}`),
    told: /^ ?device missing yp-/m,
  },
];

/** Those that commits notice by themselves. */
const pinsRemoved = [
  "removes the pin of a link",
  "removes all pins of a cube",
  "removes the pin of a jump table",
  "removes what the objects share",
  "removes the folder of pins",
];

describeKernel("what somebody does to the data plane by hand", { since: "6.6" }, () => {
  let home: DaemonHome;
  let hosts: readonly [Host, Host];
  let daemon: DaemonProcess;

  before(async function () {
    this.timeout(30_000);
    home = new DaemonHome("kernel");
    hosts = [new Host(1), new Host(2)];
    daemon = await home.start();
    const ports = hosts.map(({ device }, index) => ({ name: `p${index + 1}`, peer: device }));
    const value = { ports, fdb: { entry: [{ address: station, port: "p1" }] } };
    const edit = { path: br0, operation: "OPERATION_CREATE", json: JSON.stringify(value) };
    await daemon.client().call(`${core}.TransactionService/Apply`, { edits: [edit] });
  });

  after(async () => {
    await daemon.stop();
    for (const host of hosts) host[Symbol.dispose]();
    home[Symbol.dispose]();
  });

  /** Runs `yangplane verify` and gives a line for each drift, and the exit status. */
  const verify = (...words: readonly string[]) => {
    const args = ["verify", ...words, "-json", "--socket", home.socket];
    const { status, stdout, stderr } = spawnSync("bin/yangplane", args, { encoding: "utf8" });
    assert.equal(stderr, "");
    const { drifts } = JSON.parse(stdout) as { drifts: readonly Told[] };
    const lines = drifts.map(({ cube, thing, kind, target, found }) => {
      const words = [cube, thing, kind, target, ...(found === undefined ? [] : [found])];
      return words
        .map((word) => (typeof word === "string" && word !== found ? word : JSON.stringify(word)))
        .join(" ");
    });
    return { status, lines: lines.join("\n") };
  };

  const places = (): Places => {
    const [folder = ""] = readdirSync(join(home.pinDirectory, "cubes"));
    const cube = join(home.pinDirectory, "cubes", folder);
    const maps = readdirSync(join(cube, "maps"));
    return {
      home,
      hosts,
      cube,
      map: (name) => join(cube, "maps", maps.find((pin) => pin.startsWith(`${name}@`)) ?? name),
      link: ({ device }) => {
        const ifindex = ip(`-o link show ${device}`).split(":")[0];
        return join(home.pinDirectory, "links", `${ifindex}-tcx-ingress`);
      },
    };
  };

  const ping = () => hosts[0].run(`ping -c 1 -W 2 ${hosts[1].address}`);

  const addEntry = (address: string) =>
    daemon.client().call(`${service}/CreateFdbEntry`, {
      simplebridgeName: "br0",
      entry: { address, port: "p2" },
    });

  const removeEntry = (address: string) =>
    daemon
      .client()
      .call(`${service}/DeleteFdbEntry`, { simplebridgeName: "br0", fdbEntryAddress: address });

  it("is nothing to begin with", () => {
    assert.deepEqual(verify(), { status: 0, lines: "" });
    ping();
  });

  for (const { title, done, told } of deeds) {
    it(`is found out and repaired where somebody ${title}`, () => {
      done(places());

      const found = verify();
      const repaired = verify("--repair");

      assert.match(found.lines, told);
      assert.equal(found.status, 1);
      assert.equal(repaired.lines, found.lines);
      assert.equal(repaired.status, 0);
      assert.deepEqual(verify(), { status: 0, lines: "" });
      ping();
      assert.equal(daemon.errors.includes('"error"'), false, daemon.errors);
    }).timeout(20_000);
  }

  for (const { title, done } of deeds) {
    it(`is mended by the next daemon where somebody ${title} while there is none`, async () => {
      await daemon.kill();
      done(places());

      daemon = await home.start();

      assert.deepEqual(verify(), { status: 0, lines: "" });
      ping();
      assert.match(daemon.errors, /"message":"data plane mended"/);
      assert.equal(daemon.errors.includes('"error"'), false, daemon.errors);
    }).timeout(20_000);
  }

  for (const title of pinsRemoved) {
    it(`is mended by the next commit where somebody ${title}`, async () => {
      deeds.find((deed) => deed.title === title)?.done(places());

      await addEntry("02:00:00:00:99:03");

      assert.match(daemon.errors, /"warn","message":"data plane mended","during":"commit"/);
      assert.deepEqual(verify(), { status: 0, lines: "" });
      ping();
      await removeEntry("02:00:00:00:99:03");
      await daemon.stop();
      daemon = await home.start();
    }).timeout(20_000);
  }

  it("is told to a person, with the command that helps", () => {
    const { map } = places();
    bpftool("map", "delete", "pinned", map("static_fdb"), "key", ...keyOf(station));

    const args = ["verify", "--socket", home.socket];
    const { stdout } = spawnSync("bin/yangplane", args, { encoding: "utf8" });

    assert.match(stdout, /br0 +row +missing +static_fdb .*\bfdb\/entry\[address='02:00/);
    assert.match(stdout, /\n1 thing is not as configured; verify --repair mends that\n$/);
    verify("--repair");
  });

  it("does not keep the next commit from being right", async () => {
    await addEntry("02:00:00:00:99:02");

    assert.deepEqual(verify(), { status: 0, lines: "" });
  });
});
