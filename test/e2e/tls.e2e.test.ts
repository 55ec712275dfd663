import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { type ChannelCredentials, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { ApiClient } from "../support/api-client.ts";
import { Authority, type Certificate } from "../support/certificates.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";

const listCubes = "yangplane.core.v1.CubeService/ListCubes";
const create = "yangplane.simplebridge.v1.SimplebridgeService/CreateSimplebridge";

describe("the daemon on TCP", function () {
  this.timeout(30_000);

  let authority: Authority;
  let server: Certificate;
  let home: DaemonHome;

  before(() => {
    authority = new Authority();
    server = authority.issue("server");
  });

  after(() => authority[Symbol.dispose]());

  beforeEach(() => {
    home = new DaemonHome("memory");
  });

  afterEach(() => home[Symbol.dispose]());

  const channel = (client?: Certificate, trusted = authority): ChannelCredentials => {
    if (client === undefined) return credentials.createSsl(trusted.pem());
    return credentials.createSsl(
      trusted.pem(),
      readFileSync(client.key),
      readFileSync(client.cert),
    );
  };

  const open = (daemon: DaemonProcess, port: number, credential: ChannelCredentials) =>
    daemon.clientOf((types) => new ApiClient(`127.0.0.1:${port}`, types, credential));

  const tls = () => ["--tls-cert", server.cert, "--tls-key", server.key];

  const refuses = (client: ApiClient) =>
    assert.rejects(
      client.call(listCubes, {}, { deadlineMs: 5_000 }),
      ({ code }: ServiceError) => code === status.UNAVAILABLE,
    );

  it("serves who trusts its certificate, and only over TLS", async () => {
    const port = await freePort();
    await using daemon = await home.start({ args: ["--listen", `127.0.0.1:${port}`, ...tls()] });
    using stranger = new Authority();

    assert.deepEqual(await open(daemon, port, channel()).call(listCubes, {}), { commitId: "0" });
    await refuses(open(daemon, port, channel(undefined, stranger)));
    await refuses(open(daemon, port, credentials.createInsecure()));
    await assert.doesNotReject(daemon.client().call(listCubes, {}));
  });

  it("asks clients for a certificate of its authority and logs whose it is", async () => {
    const port = await freePort();
    const args = ["--listen", `127.0.0.1:${port}`, ...tls(), "--tls-client-ca", authority.cert];
    await using daemon = await home.start({ args });
    using stranger = new Authority();

    await refuses(open(daemon, port, channel()));
    await refuses(open(daemon, port, channel(stranger.issue("alice"))));
    const known = open(daemon, port, channel(authority.issue("alice")));
    await known.call(create, { simplebridge: { name: "br0" } });

    const line = daemon.errors.split("\n").find((text) => text.includes('"message":"commit"'));
    const { user, call, outcome } = JSON.parse(line ?? "{}");
    assert.deepEqual(
      { user, call, outcome },
      {
        user: "O=test,CN=alice",
        call: "grpc SimplebridgeService/CreateSimplebridge",
        outcome: "committed",
      },
    );
  });

  it("serves without TLS on loopback if told so", async () => {
    const port = await freePort();
    await using daemon = await home.start({
      args: ["--listen", `localhost:${port}`, "--insecure"],
    });

    const client = open(daemon, port, credentials.createInsecure());

    assert.deepEqual(await client.call(listCubes, {}), { commitId: "0" });
  });

  it("ends within its bound while a client has not finished its TLS handshake", async () => {
    const port = await freePort();
    const daemon = await home.start({ args: ["--listen", `127.0.0.1:${port}`, ...tls()] });
    const connection = createConnection(port, "127.0.0.1");
    await once(connection, "connect");
    // Whether by FIN or by RST is the server's kernel's to say.
    const ended = new Promise((resolve) => connection.once("close", resolve));
    // The beginning of a ClientHello.
    connection.on("error", () => undefined).write(Buffer.from("1603010200010001fc0303", "hex"));

    const { exitCode } = await daemon.stop();

    assert.equal(exitCode, 0);
    await ended;
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.internal === false && address.family === "IPv4");

  const refusals: readonly { title: string; args: () => string[]; code: number; says: RegExp }[] = [
    {
      title: "an address that others reach, without TLS",
      args: () => ["--listen", "0.0.0.0:0", "--insecure"],
      code: 1,
      says: /^yangplaned: listening on 0\.0\.0\.0: without TLS only loopback addresses are served\n$/,
    },
    {
      title: "an address of a network device, without TLS",
      args: () => ["--listen", `${outside?.address ?? "192.0.2.1"}:0`, "--insecure"],
      code: 1,
      says: /: without TLS only loopback addresses are served\n$/,
    },
    {
      title: "TCP with neither TLS nor --insecure",
      args: () => ["--listen", "127.0.0.1:0"],
      code: 2,
      says: /^yangplaned: --listen needs --tls-cert and --tls-key, or --insecure on loopback\n/,
    },
    {
      title: "a certificate file that is not there",
      args: () => ["--listen", "127.0.0.1:0", "--tls-cert", "/nowhere", "--tls-key", server.key],
      code: 1,
      says: /^yangplaned: .*'\/nowhere'\n$/,
    },
    {
      title: "a key that is none",
      args: () => ["--listen", "127.0.0.1:0", "--tls-cert", server.cert, "--tls-key", "LICENSE"],
      code: 1,
      says: /^yangplaned: TLS with .*, LICENSE: .*\n$/,
    },
    {
      title: "a key of another certificate",
      args: () => [
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        server.cert,
        "--tls-key",
        authority.issue("other").key,
      ],
      code: 1,
      says: /^yangplaned: TLS with .*: .*key values mismatch\n$/,
    },
    {
      title: "a client authority that is none",
      args: () => ["--listen", "127.0.0.1:0", ...tls(), "--tls-client-ca", "LICENSE"],
      code: 1,
      says: /^yangplaned: TLS with .*, LICENSE: .*\n$/,
    },
    {
      title: "a host name that nobody knows",
      args: () => ["--listen", "no-such-host.invalid:0", ...tls()],
      code: 1,
      says: /^yangplaned: .*no-such-host\.invalid\n$/,
    },
  ];

  for (const { title, args, code, says } of refusals) {
    it(`does not start with ${title}`, async () => {
      const { exitCode, errors } = await home.spawn({ args: args() }).ended;

      assert.match(errors, says);
      assert.equal(exitCode, code);
    });
  }

  it("does not start where somebody listens already", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };

    const { exitCode, errors } = await home.spawn({
      args: ["--listen", `127.0.0.1:${port}`, "--insecure"],
    }).ended;
    other.close();

    assert.match(errors, new RegExp(`^yangplaned: listening on 127.0.0.1 port ${port}: .*IN_?USE`));
    assert.equal(exitCode, 1);
  });
});

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
