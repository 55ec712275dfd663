import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import { MetricsServer } from "../../src/server/metrics/metrics-server.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { Host } from "./forwarding-lab.ts";

const run = promisify(execFile);

async function curl(...args: readonly string[]): Promise<string> {
  return (await run("curl", ["--silent", "--show-error", "--max-time", "20", ...args])).stdout;
}

/** The port that the daemon says it tells metrics at. */
function portOf({ errors }: DaemonProcess): number {
  const port = /"metrics are told".*"port":(\d+)/.exec(errors)?.[1];
  assert.ok(port, errors);
  return Number(port);
}

async function connected(port: number): Promise<Socket> {
  const connection = createConnection({ host: "127.0.0.1", port });
  connection.on("error", () => connection.destroy());
  await once(connection, "connect");
  return connection;
}

/** The sample of a metric in a scrape, by name and labels. */
function sample(text: string, name: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

describe("metrics over HTTP", () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;
  let url: string;

  before(async () => {
    home = new DaemonHome("memory");
    daemon = await home.start({ args: ["--metrics", "0"] });
    url = `http://127.0.0.1:${portOf(daemon)}/metrics`;
  });

  after(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
  });

  it("are told to curl, as text of format 0.0.4, whatever parameters are given", async () => {
    const [head = "", body = ""] = (await curl("--include", `${url}?x=1`)).split("\r\n\r\n");

    assert.match(head, /^HTTP\/1\.1 200 OK/);
    assert.match(head, /^Content-Type: text\/plain; version=0\.0\.4; charset=utf-8\r?$/m);
    assert.equal(sample(body, 'yangplane_cubes{service="simplebridge"}'), 0);
    assert.equal(sample(body, "yangplane_journal_writable"), 1);
  });

  it("count commits by what became of them", async () => {
    const service = "yangplane.simplebridge.v1.SimplebridgeService";
    const client = daemon.client();
    await client.call(`${service}/CreateSimplebridge`, { simplebridge: { name: "br0" } });
    await client.refused(`${service}/CreateSimplebridge`, { simplebridge: { name: "br0" } });

    const text = await curl(url);

    const count = (labels: string) =>
      sample(text, `yangplane_commit_duration_seconds_count{${labels}}`);
    assert.equal(count('stage="applied",outcome="committed"'), 1);
    assert.equal(count('stage="durable",outcome="committed"'), 1);
    assert.equal(count('stage="applied",outcome="refused"'), 1);
    assert.equal(count('stage="applied",outcome="failed"'), 0);
  });

  const answers = [
    { title: "HEAD without a body", args: ["--head"], says: /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n$/ },
    {
      title: "POST with 405",
      args: ["--data", ""],
      says: /^HTTP\/1\.1 405 [\s\S]*Allow: GET, HEAD\r\n/,
    },
    { title: "DELETE with 405", args: ["-X", "DELETE"], says: /^HTTP\/1\.1 405 / },
    {
      title: "a body with 413, and closes",
      args: ["-X", "GET", "--data", "x".repeat(10)],
      says: /^HTTP\/1\.1 413 [\s\S]*Connection: close\r\n/,
    },
    {
      title: "a large head with 431",
      args: ["--header", `x: ${"y".repeat(10_000)}`],
      says: /^HTTP\/1\.1 431 /,
    },
  ];

  for (const { title, args, says } of answers) {
    it(`answer ${title}`, async () => {
      assert.match(await curl("--include", ...args, url), says);
    });
  }

  it("are at no other path", async () => {
    const origin = new URL(url).origin;

    for (const path of ["/", "/metrics/", "/metrics2", "/../etc/passwd"]) {
      const answer = await curl("--include", "--path-as-is", `${origin}${path}`);
      assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*there is only \/metrics\n$/, path);
    }
  });

  it("are not told to one who never ends the head of a request", async () => {
    const connection = await connected(portOf(daemon));
    let answer = "";
    connection.setEncoding("utf8").on("data", (text: string) => {
      answer += text;
    });

    connection.write("GET /metrics HTTP/1.1\r\nHost: x\r\n");

    await once(connection, "close");
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  it("are told while 400 connections have sent half a request, or nothing", async () => {
    const connections: Socket[] = [];
    for (let index = 0; index < 400; index += 1) {
      const connection = await connected(portOf(daemon));
      if (index % 2 === 0) connection.write("GET /metrics HTTP/1.1\r\nHost: x\r\n");
      connections.push(connection);
    }

    const texts = [await curl(url), await curl(url)];

    for (const connection of connections) connection.destroy();
    for (const text of texts) assert.match(text, /yangplane_cubes/);
  });

  it("are told to many at a time", async () => {
    const texts = await Promise.all(Array.from({ length: 20 }, () => curl(url)));

    for (const text of texts) assert.match(text, /^yangplane_build_info\{version="[\d.]+"\} 1$/m);
  });
});

describeKernel("metrics of traffic", { since: "6.6" }, () => {
  it("are what passes through a bridge, and how full its maps are", async () => {
    using home = new DaemonHome("kernel");
    using first = new Host(1);
    using second = new Host(2);
    await using daemon = await home.start({ args: ["--metrics", "0"] });
    const ports = [first, second].map(({ device }, index) => ({ name: `p${index}`, peer: device }));
    const simplebridge = { name: "br0", ports };
    const create = "yangplane.simplebridge.v1.SimplebridgeService/CreateSimplebridge";
    await daemon.client().call(create, { simplebridge });
    first.run(`ping -c 3 -i 0.2 ${second.address}`);

    const text = await curl(`http://127.0.0.1:${portOf(daemon)}/metrics`);

    const at = (name: string, labels: string) =>
      sample(text, `yangplane_${name}{service="simplebridge",cube="br0",${labels}}`);
    const received = at("port_receive_packets_total", 'port="p0"');
    // Three echo requests, and at least one ARP message.
    assert.ok(received && received >= 4, text);
    assert.equal(at("port_transmit_packets_total", 'port="p1"'), received);
    assert.ok(Number(at("port_receive_bytes_total", 'port="p0"')) > 3 * 98);
    assert.equal(at("port_up", 'port="p1"'), 1);
    assert.equal(at("map_entries", 'map="learned_fdb"'), 2);
    assert.equal(at("map_entries", 'map="static_fdb"'), 0);
    assert.equal(at("ring_buffer_lost_records_total", 'ring_buffer="events"'), 0);
  });
});

describe("the place of metrics", () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.internal === false && address.family === "IPv4");

  it("is not open unless asked for", async () => {
    using home = new DaemonHome("memory");
    await using daemon = await home.start();

    assert.doesNotMatch(daemon.errors, /metrics/);
  });

  const refusals = [
    { host: "0.0.0.0", says: /^yangplaned: listening on 0\.0\.0\.0: .*--metrics-expose/ },
    { host: "[::]", says: /^yangplaned: listening on ::: .*--metrics-expose/ },
    ...(outside ? [{ host: outside.address, says: /--metrics-expose/ }] : []),
  ];

  for (const { host, says } of refusals) {
    it(`is refused on ${host}, which others can reach`, async () => {
      using home = new DaemonHome("memory");
      const daemon = home.spawn({ args: ["--metrics", `${host}:0`] });

      const { exitCode, errors } = await daemon.ended;

      assert.equal(exitCode, 1);
      assert.match(errors, says);
    });
  }

  it("is on all addresses with --metrics-expose", async () => {
    using home = new DaemonHome("memory");
    const args = ["--metrics", "0.0.0.0:0", "--metrics-expose"];
    await using daemon = await home.start({ args });

    assert.match(await curl(`http://127.0.0.1:${portOf(daemon)}/metrics`), /yangplane_cubes/);
  });

  it("that is taken is said, before anything else is touched", async () => {
    using first = new DaemonHome("memory");
    await using daemon = await first.start({ args: ["--metrics", "0"] });
    using second = new DaemonHome("memory");
    const other = second.spawn({ args: ["--metrics", String(portOf(daemon))] });

    const { exitCode, errors } = await other.ended;

    assert.equal(exitCode, 1);
    assert.match(errors, /^yangplaned: listening on 127\.0\.0\.1 port \d+: .*EADDRINUSE/);
  });

  it("lets no more than 32 requests be answered at a time", async () => {
    const place = { host: "127.0.0.1", port: 0, exposed: false };
    const server = await MetricsServer.listen(place, () => undefined);
    let told: (text: string) => void = () => undefined;
    const waiting = new Promise<string>((resolve) => {
      told = resolve;
    });
    let asked = 0;
    const text = () => {
      asked += 1;
      return waiting;
    };
    server.serve({ contentType: "text/plain", text });
    const address = `http://127.0.0.1:${server.port}/metrics`;

    const answers = Array.from({ length: 32 }, () => curl(address));
    while (asked < 32) await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(curl(address));
    told("all");

    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["all"]));
    assert.equal(await curl(address), "all");
    await server.close();
  });

  it("answers 503 while the daemon starts, and 500 where metrics cannot be told", async () => {
    const lines: string[] = [];
    const log = (_level: string, message: string) => void lines.push(message);
    const place = { host: "127.0.0.1", port: 0, exposed: false };
    const server = await MetricsServer.listen(place, log);
    const ask = () => curl("--include", `http://127.0.0.1:${server.port}/metrics`);
    const starting = await ask();

    const text = () => Promise.reject(new Error("no room"));
    server.serve({ contentType: "text/plain", text });
    const broken = await ask();
    await server.close();

    assert.match(starting, /^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n/);
    assert.match(broken, /^HTTP\/1\.1 500 [\s\S]*the log of the daemon says why\n$/);
    assert.deepEqual(lines, ["metrics could not be told"]);
  });
});
