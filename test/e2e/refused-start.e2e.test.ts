import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFileHeader } from "../../src/journal/file-header.ts";
import { crc32c } from "../../src/lib/crc32c.ts";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome, type DaemonProcess, type Start } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";

const core = "yangplane.core.v1";
const service = "yangplane.simplebridge.v1.SimplebridgeService";
const nobody = { uid: 65_534, gid: 65_534 };

interface Refusal {
  readonly title: string;
  readonly dataplane?: "kernel" | "memory";
  readonly how: (home: DaemonHome) => Start;
  readonly says: RegExp;
}

const refusals: readonly Refusal[] = [
  {
    title: "without the privilege to load programs",
    dataplane: "kernel",
    how: () => ({ powerless: true }),
    says: /missing CAP_BPF .*CAP_NET_ADMIN.*; without a kernel: --dataplane memory\n$/,
  },
  {
    title: "with a pin directory on no bpf file system",
    dataplane: "kernel",
    how: (home) => ({ args: ["--pin-dir", home.directory] }),
    says: /is on no bpf file system: mount -t bpf bpf <folder>; without a kernel: --dataplane memory\n$/,
  },
  {
    title: "with a bpf file system that is read-only",
    dataplane: "kernel",
    how: () => ({ mounts: "mount -t bpf -o ro bpf /sys/fs/bpf" }),
    says: /^yangplaned: opening \/sys\/fs\/bpf\/\S+: EROFS: read-only file system.*\n$/,
  },
  {
    title: "with a state directory of a newer version",
    how: ({ stateDirectory }) => {
      const journal = join(stateDirectory, "journal");
      mkdirSync(journal, { recursive: true });
      writeFileSync(join(journal, `log-${"0".repeat(20)}`), newerLog());
      return {};
    },
    says: /^yangplaned: .*\/journal\/log-0{20}: has format version 2, this program reads 1\n$/,
  },
  {
    title: "with a state directory on a file system that is read-only",
    how: (home) => ({ mounts: mountState(home, "ro") }),
    says: /state.*: EROFS: read-only file system.*\n$/,
  },
  {
    title: "with a state directory that it may not write",
    how: (home) => {
      mkdirSync(home.stateDirectory, { mode: 0o700 });
      chownSync(home.stateDirectory, nobody.uid, nobody.gid);
      return { powerless: true, args: ["--socket", `/tmp/yangplane-${process.pid}`] };
    },
    says: /state.*: EACCES: permission denied.*\n$/,
  },
  {
    title: "with a full disk",
    how: (home) => ({
      mounts: `${mountState(home, "size=4k")}\nhead -c 1M /dev/zero 2>&- >${home.stateDirectory}/full || true`,
    }),
    says: /state.*: ENOSPC: no space left on device.*\n$/,
  },
  {
    title: "with a socket folder that it may not write",
    how: (home) => {
      mkdirSync(home.stateDirectory);
      chmodSync(home.directory, 0o755);
      chownSync(home.directory, nobody.uid, nobody.gid);
      return { powerless: true };
    },
    says: /^yangplaned: listening on .*socket: .*EACCES.*\n$/,
  },
  {
    title: "with a socket folder that is not there",
    how: () => ({ args: ["--socket", "/no-such-folder/socket"] }),
    says: /^yangplaned: listening on \/no-such-folder\/socket: its folder does not exist\n$/,
  },
  {
    title: "with a state directory where no folder can be made",
    how: () => ({ args: ["--state-dir", "/proc/no-such-folder"] }),
    says: /^yangplaned: .*ENOENT.*'\/proc\/no-such-folder'\n$/,
  },
  {
    title: "with a folder where the log of the journal should be",
    how: (home) => withFolder(home, `journal/log-${"0".repeat(20)}`),
    says: /journal\/log-0{20}: EISDIR.*\n$/,
  },
  {
    title: "with a folder where the list of services should be",
    how: (home) => withFolder(home, "services.json"),
    says: /^yangplaned: reading .*\/services\.json: EISDIR.*\n$/,
  },
  {
    title: "with a certificate that is not there",
    how: () => ({ args: ["--listen", "[::1]:0", ...tls("/no-such-file", "package.json")] }),
    says: /^yangplaned: --tls-cert \/no-such-file: ENOENT.*\n$/,
  },
  {
    title: "with a key that is a folder",
    how: () => ({ args: ["--listen", "[::1]:0", ...tls("package.json", "/tmp")] }),
    says: /^yangplaned: --tls-key \/tmp: EISDIR.*\n$/,
  },
];

/** The header of a log as another version would write it. */
function newerLog(): Buffer {
  const header = encodeFileHeader("log", 0);
  header.writeUInt32LE(2, 8);
  header.writeUInt32LE(crc32c(header.subarray(0, 28)), 28);
  return header;
}

function tls(cert: string, key: string): string[] {
  return ["--tls-cert", cert, "--tls-key", key];
}

function withFolder({ stateDirectory }: DaemonHome, path: string): Start {
  mkdirSync(join(stateDirectory, path), { recursive: true });
  return {};
}

function mountState({ stateDirectory }: DaemonHome, options: string): string {
  mkdirSync(stateDirectory);
  return `mount -t tmpfs -o ${options} tmpfs ${stateDirectory}`;
}

describeKernel("a daemon that cannot start", { since: "6.6" }, () => {
  for (const { title, dataplane = "memory", how, says } of refusals) {
    it(`says why in one line: ${title}`, async () => {
      using home = new DaemonHome(dataplane);

      const { exitCode, errors } = await home.spawn(how(home)).ended;

      assert.match(errors, says);
      assert.match(errors, /^yangplaned: [^\n]*\n$/);
      assert.doesNotMatch(errors, /(\b[A-Z]+: .+): \1/, "says it once");
      assert.equal(exitCode, 1);
    }).timeout(20_000);
  }

  it("leaves no folder behind where it was given none", async () => {
    using home = new DaemonHome("memory");
    const folder = join(home.directory, "mistyped");

    await home.spawn({ args: ["--socket", join(folder, "socket")] }).ended;

    assert(!existsSync(folder));
  }).timeout(20_000);

  it("mounts the bpf file system where it is missing", async () => {
    using home = new DaemonHome("kernel");

    await using daemon = await home.start({ mounts: "umount -l /sys/fs/bpf" });

    await daemon.client().call(`${core}.CubeService/ListCubes`, {});
  }).timeout(20_000);
});

describeKernel("a daemon whose disk is full", { since: "6.6" }, () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;
  let client: ApiClient;

  before(async () => {
    home = new DaemonHome("kernel");
    daemon = await home.start({ mounts: mountState(home, "size=128k") });
    client = daemon.client();
    await client.call(`${service}/CreateSimplebridge`, {
      simplebridge: { name: "br0", ports: [{ name: "p1" }] },
    });
  });

  after(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
  });

  const configuration = async () => {
    const request = { read: { view: "VIEW_CONFIG" } };
    return (await client.call(`${core}.DatastoreService/Get`, request))["json"];
  };

  /** More than the rest of a page of the log. */
  const options = { comment: "c".repeat(8_000) };

  const entry = (address: string) => ({
    simplebridgeName: "br0",
    entry: { address, port: "p1" },
    options,
  });

  /** The tmpfs is in the daemon's mount namespace. */
  const filler = () => `/proc/${daemon.child.pid}/root${join(home.stateDirectory, "filler")}`;

  it("undoes what it cannot write, serves reads, and writes again when there is room", async () => {
    const before = await configuration();
    fill(filler());

    const first = await client.refused(`${service}/CreateFdbEntry`, entry("02:00:00:00:00:01"));
    const refused = await client.refused(`${service}/CreateSimplebridge`, {
      simplebridge: { name: "br1" },
      options,
    });

    for (const { code, details } of [first, refused]) {
      assert.equal(code, "UNAVAILABLE");
      assert.match(details, /journal.*: ENOSPC: no space left on device/);
    }
    assert.equal(await configuration(), before);
    rmSync(filler());
    await client.call(`${service}/CreateFdbEntry`, entry("02:00:00:00:00:02"));
    const read = await client.call(`${service}/ListFdbEntry`, { simplebridgeName: "br0" });
    assert.deepEqual(read["entry"], [{ address: "02:00:00:00:00:02", port: "p1" }]);
    const { cubes } = await client.call(`${core}.CubeService/ListCubes`, {});
    assert.equal((cubes as unknown[]).length, 1);
  }).timeout(20_000);
});

/** Takes all the room there is. */
function fill(path: string): void {
  for (const size of [64 * 1024, 4 * 1024]) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: "a" });
      } catch {
        break;
      }
    }
  }
}
