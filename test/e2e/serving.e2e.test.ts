import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { type ServiceError, status } from "@grpc/grpc-js";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";

const core = "yangplane.core.v1";
const service = "yangplane.simplebridge.v1.SimplebridgeService";
const listCubes = `${core}.CubeService/ListCubes`;
const longName = "p".repeat(64);
const applyStream = `/${core}.TransactionService/ApplyStream`;

describe("the daemon's socket", function () {
  this.timeout(60_000);

  let home: DaemonHome;

  beforeEach(() => {
    home = new DaemonHome("memory");
  });

  afterEach(() => home[Symbol.dispose]());

  it("has mode 0660 from the first moment, whatever the umask", async () => {
    const before = process.umask(0);
    const daemon = home.spawn();
    process.umask(before);
    const modes = new Set<number>();
    const ready = daemon.firstLine.then(() => true);
    while (!(await Promise.race([ready, new Promise((resolve) => setImmediate(resolve))]))) {
      const stat = statSync(home.socket, { throwIfNoEntry: false });
      if (stat) modes.add(stat.mode & 0o777);
    }

    assert.deepEqual([...modes], [0o660]);
    await daemon.stop();
  });

  it("is taken over from a daemon that was killed", async () => {
    const killed = await home.start();
    await killed.kill();
    assert(existsSync(home.socket));

    await using daemon = await home.start();

    assert.deepEqual(await daemon.client().call(listCubes, {}), { commitId: "0" });
  });

  it("is gone when the daemon has stopped", async () => {
    const daemon = await home.start();

    const { exitCode } = await daemon.stop();

    assert.equal(exitCode, 0);
    assert(!existsSync(home.socket));
  });

  it("stays with the daemon that serves it; another one says so and touches nothing", async () => {
    await using daemon = await home.start();
    const stateDirectory = join(home.directory, "other");

    const { exitCode, errors } = await home.spawn({ args: ["--state-dir", stateDirectory] }).ended;

    assert.equal(errors, `yangplaned: listening on ${home.socket}: another daemon serves it\n`);
    assert.equal(exitCode, 1);
    assert(!existsSync(stateDirectory));
    await daemon.client().call(listCubes, {});
  });

  it("is not taken for a second daemon on the same state directory", async () => {
    await using daemon = await home.start();
    const socket = join(home.directory, "other");

    const { exitCode, errors } = await home.spawn({ args: ["--socket", socket] }).ended;

    assert.match(
      errors,
      new RegExp(`^yangplaned: .*in use by the process with pid ${daemon.child.pid}\n$`),
    );
    assert.equal(exitCode, 1);
    assert(!existsSync(socket));
  });

  it("is never a file that is something else", async () => {
    writeFileSync(home.socket, "precious");

    const { exitCode, errors } = await home.spawn().ended;

    assert.equal(errors, `yangplaned: listening on ${home.socket}: it exists and is no socket\n`);
    assert.equal(exitCode, 1);
    assert.equal(readFileSync(home.socket, "utf8"), "precious");
  });

  it("is not cut to the length that the kernel takes", async () => {
    const socket = join(home.directory, "s".repeat(120));

    const { exitCode, errors } = await home.spawn({ args: ["--socket", socket] }).ended;

    assert.equal(errors, `yangplaned: listening on ${socket}: the path is longer than 107 bytes\n`);
    assert.equal(exitCode, 1);
  });

  it("lets clients wait that come before the daemon is ready", async () => {
    const daemon = home.spawn();
    while (!existsSync(home.socket)) await new Promise((resolve) => setImmediate(resolve));

    const reply = await daemon.client().call(listCubes, {});

    assert.deepEqual(reply, { commitId: "0" });
    await daemon.stop();
  });

  it("cannot be made in a folder that is not a folder", async () => {
    const file = join(home.directory, "file");
    writeFileSync(file, "");

    const { exitCode, errors } = await home.spawn({ args: ["--socket", `${file}/s`] }).ended;

    assert.match(errors, /^yangplaned: .*(EEXIST|ENOTDIR).*\n$/);
    assert.equal(exitCode, 1);
  });
});

describe("a daemon that serves", function () {
  this.timeout(30_000);

  let home: DaemonHome;
  let daemon: DaemonProcess;
  let client: ApiClient;

  beforeEach(async () => {
    home = new DaemonHome("memory");
    daemon = await home.start();
    client = daemon.client();
    await client.call(`${service}/CreateSimplebridge`, {
      simplebridge: { name: "br0", ports: [{ name: longName }] },
    });
  });

  afterEach(async () => {
    const { exitCode, errors } = await daemon.stop();
    assert.equal(exitCode, 0, errors);
    home[Symbol.dispose]();
  });

  const configuration = () =>
    client.call(`${core}.DatastoreService/Get`, { read: { view: "VIEW_CONFIG" } });

  const entries = (count: number, first = 0) =>
    Array.from({ length: count }, (_, index) => {
      const tail = (first + index).toString(16).padStart(8, "0").match(/../g) ?? [];
      return { address: `02:00:${tail.join(":")}`, port: longName };
    });

  const applyMessage = (json: unknown) =>
    client.encode(`${core}.ApplyRequest`, {
      edits: [
        {
          path: "/simplebridge:simplebridge[name='br0']/fdb/entry",
          operation: "OPERATION_MERGE",
          json: JSON.stringify(json),
        },
      ],
    });

  const load = (count: number, first?: number) => {
    const all = entries(count, first);
    const messages: Buffer[] = [];
    for (let at = 0; at < count; at += 10_000)
      messages.push(applyMessage(all.slice(at, at + 10_000)));
    return client.stream(applyStream, messages);
  };

  it("stops with a running Watch and a running ApplyStream, of which nothing is left", async () => {
    const before = await configuration();
    const watch = client.watch(`${service}/WatchSimplebridge`, {});
    const watchEnded = new Promise<ServiceError>((resolve) => watch.once("error", resolve));
    await once(watch, "data");
    const stream = startStream();

    const stopping = daemon.stop();

    const codes = [await watchEnded, await stream.ended].map((error) => status[error?.code ?? 0]);
    assert.deepEqual(codes, ["UNAVAILABLE", "UNAVAILABLE"]);
    assert.equal((await stopping).exitCode, 0);
    daemon = await home.start();
    client = daemon.client();
    assert.deepEqual((await configuration())["json"], before["json"]);
  });

  function startStream() {
    let finish: (error: ServiceError | null) => void = () => undefined;
    const ended = new Promise<ServiceError | null>((resolve) => {
      finish = resolve;
    });
    const call = client.openStream(applyStream, (error) => finish(error));
    const sent = new Promise((resolve) => call.write(applyMessage(entries(5)), resolve));
    return { call, ended, sent };
  }

  it("does nothing of an ApplyStream that is cancelled", async () => {
    const before = await configuration();
    const { call, ended, sent } = startStream();
    await sent;

    call.cancel();

    assert.equal((await ended)?.code, status.CANCELLED);
    assert.deepEqual(await configuration(), before);
  });

  it("does nothing of an ApplyStream whose client vanishes", async () => {
    const before = await configuration();
    const other = daemon.client();
    const call = other.openStream(applyStream, () => undefined);
    await new Promise((resolve) => call.write(applyMessage(entries(5)), resolve));

    other.client.close();
    call.cancel();

    assert.deepEqual(await configuration(), before);
  });

  it("gives up a watcher that reads too slowly", async () => {
    const watch = client.watch(`${service}/WatchFdbEntry`, { read: { view: "VIEW_CONFIG" } });
    const ended = new Promise<ServiceError>((resolve) => watch.once("error", resolve));
    await once(watch, "data");
    watch.pause();

    for (let round = 0; round < 5; round += 1) await load(20_000, round * 20_000);
    watch.resume();

    const { code, details } = await ended;
    assert.equal(code, status.RESOURCE_EXHAUSTED, details);
    assert.match(details, /changed entries wait, more than 10000: the watcher is too slow/);
    await client.call(listCubes, {});
  });

  it("refuses a reply of more than 4 MiB and says how to ask for less", async () => {
    await load(60_000);

    const get = await client.refused(`${service}/GetSimplebridge`, { simplebridgeName: "br0" });
    const some = await client.call(`${service}/GetSimplebridge`, {
      simplebridgeName: "br0",
      read: { readMask: { paths: ["name", "fdb.aging_time"] } },
    });

    assert.equal(get.code, "RESOURCE_EXHAUSTED");
    assert.match(
      get.details,
      /the reply has \d+ bytes, more than 4194304: name what you need in read_mask/,
    );
    assert.deepEqual(some["simplebridge"], { name: "br0", fdb: { agingTime: 300 } });
  });

  const garbage: readonly { title: string; bytes: Buffer }[] = [
    { title: "HTTP/1.1", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
    { title: "zeros", bytes: Buffer.alloc(100_000) },
    {
      title: "a preface and then no frames",
      bytes: Buffer.concat([
        Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Buffer.alloc(100_000, 0xff),
      ]),
    },
  ];

  for (const { title, bytes } of garbage) {
    it(`closes a connection that sends ${title}, and serves others`, async () => {
      const connection = await connected(home.socket);

      connection.resume().write(bytes);

      await once(connection, "close");
      await client.call(listCubes, {});
    });
  }

  for (const signal of ["SIGHUP", "SIGUSR1"] as const) {
    it(`goes on serving after ${signal}`, async () => {
      daemon.child.kill(signal);

      await client.call(listCubes, {});
      await daemon.client().call(listCubes, {});

      assert.equal(daemon.child.exitCode, null);
      assert.doesNotMatch(daemon.errors, /debugger/i);
    });
  }

  it("serves while a connection is silent and others break off", async () => {
    const silent = await connected(home.socket);
    for (let index = 0; index < 50; index += 1) {
      const connection = await connected(home.socket);
      connection.write("PRI * HTTP/2.0\r\n");
      connection.destroy();
    }

    await client.call(listCubes, {});

    silent.destroy();
  });

  it("bounds connections, and serves new ones when old ones have ended", async () => {
    const connections: Socket[] = [];
    for (let isServed = true; isServed; ) {
      const connection = await connected(home.socket);
      connections.push(connection);
      // The server's settings, or the end.
      isServed = await Promise.race([
        once(connection, "data").then(() => true),
        once(connection, "close").then(() => false),
      ]);
    }

    await client.call(listCubes, {});
    for (const connection of connections) connection.destroy();

    // One is the client's own.
    assert.equal(connections.length, 1000);
    await untilServed(daemon.client());
  });

  it("bounds the calls of one connection", async () => {
    const session = connectHttp2("http://localhost", {
      createConnection: () => createConnection(home.socket),
    });
    const [settings] = await once(session, "remoteSettings");
    session.destroy();

    assert.equal(settings.maxConcurrentStreams, 128);
  });

  it("answers a method that does not exist with UNIMPLEMENTED", async () => {
    const refused = await new Promise<ServiceError>((resolve) => {
      client.openStream(`/${service}/NoSuchMethod`, (error) => error && resolve(error)).end();
    });

    assert.equal(refused.code, status.UNIMPLEMENTED);
    assert.match(refused.details, /NoSuchMethod/);
  });
});

async function connected(path: string): Promise<Socket> {
  const connection = createConnection(path);
  connection.on("error", () => connection.destroy());
  await once(connection, "connect");
  return connection;
}

/** The end of a connection reaches the daemon a little after its client. */
async function untilServed(client: ApiClient): Promise<void> {
  for (;;) {
    try {
      await client.call(listCubes, {});
      return;
    } catch (error) {
      if ((error as ServiceError).code !== status.UNAVAILABLE) throw error;
    }
  }
}
