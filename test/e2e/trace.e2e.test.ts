import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hopFlag } from "../../src/gen/bpf/core.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";
import { programIds } from "../support/programs.ts";
import { Host } from "./forwarding-lab.ts";

describeKernel("yangplane trace", { since: "6.6" }, () => {
  let home: DaemonHome;
  let daemon: DaemonProcess;
  let hosts: readonly [Host, Host];

  function yangplane(line: string): void {
    const environment = { ...process.env, YANGPLANE_SOCKET: home.socket };
    execFileSync("bin/yangplane", line.split(" "), { env: environment, input: "", stdio: "pipe" });
  }

  /** A trace by the command line that looks at frames by now. */
  async function tracing(line: string): Promise<Tracing> {
    const trace = new Tracing(line, home.socket);
    await trace.begun;
    return trace;
  }

  beforeEach(async function () {
    this.timeout(30_000);
    home = new DaemonHome("kernel");
    hosts = [new Host(1), new Host(2)];
    daemon = await home.start();
    const [first, second] = hosts;
    for (const line of [
      "transparenthelloworld add th0",
      "helloworld add hw0 action=FORWARD",
      "hw0 ports add a",
      "hw0 ports add b",
      "simplebridge add br0",
      "br0 ports add p1",
      "br0 ports add p2",
      `connect hw0:a ${first.device}`,
      "connect hw0:b br0:p1",
      `connect br0:p2 ${second.device}`,
      "attach th0 hw0:a",
    ]) {
      yangplane(line);
    }
  });

  afterEach(async () => {
    await daemon.stop();
    home[Symbol.dispose]();
    for (const host of hosts) host[Symbol.dispose]();
  });

  it("prints which cubes a flow passes, and what each decides", async () => {
    const [first, second] = hosts;
    const trace = await tracing("trace hw0:a protocol=icmp frames=2");

    first.run(`ping -c 3 -i 0.2 ${second.address}`);
    const { status, out, errors } = await trace.ended;

    const lines = out.trimEnd().split("\n");
    const heading = `: ${first.mac} > ${second.mac}, ${first.address} > ${second.address}`;
    assert.equal(status, 0, errors);
    assert.equal(lines.length, 10, out);
    for (const [number, at] of [
      [1, 0],
      [2, 5],
    ] as const) {
      assert.match(lines[at] ?? "", new RegExp(`^frame ${number}, [\\d:.]+, 98 bytes`));
      assert.ok(lines[at]?.endsWith(`${heading}, ICMP echo request`), out);
      assert.deepEqual(
        lines.slice(at + 1, at + 5).map((line) => line.replace(/^ +\+\d+ µs {2}/, "")),
        [
          "comes to th0 (ingress)",
          "th0 sends it to hw0:a",
          "hw0 sends it to br0:p1",
          `br0 sends it to ${second.device} (br0:p2)`,
        ],
      );
    }
    assert.equal(errors, "tracing hw0:a; ^C ends it\n2 frames\n");
  }).timeout(60_000);

  it("prints a drop with its reason, as JSON by the line", async () => {
    const [first, second] = hosts;
    yangplane("th0 set ingress-action=DROP");
    const trace = await tracing(`trace ${first.device} ethertype=arp frames=1 -json`);

    assert.throws(() => first.run(`ping -c 1 -W 1 ${second.address}`));
    const { out } = await trace.ended;

    const steps = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      steps.map(({ event, cube, reason }) => [event, cube, reason]),
      [
        ["entered", undefined, undefined],
        ["dropped", "th0", "action"],
      ],
    );
  }).timeout(60_000);

  it("is of one at a time, reloads nothing, and ends with ^C", async () => {
    const before = programIds(home.pinDirectory);
    const trace = await tracing("trace hw0:a");
    const during = programIds(home.pinDirectory);
    const second = await new Tracing("trace br0:p1", home.socket).ended;

    trace.child.kill("SIGINT");
    const { status, errors } = await trace.ended;

    assert.deepEqual([second.status, second.out], [1, ""]);
    assert.match(second.errors, /another trace is running/);
    assert.equal(status, 0);
    assert.match(errors, /\n0 frames\n$/);
    assert.ok(before.length > 0);
    assert.deepEqual([during, programIds(home.pinDirectory)], [before, before]);
    const third = await tracing("trace br0:p1");
    third.child.kill("SIGINT");
    assert.equal((await third.ended).status, 0);
  }).timeout(60_000);

  it("leaves nothing behind when daemon and client are killed, once another has started", async () => {
    const trace = await tracing("trace hw0:a seconds=3600");
    const during = tracedRows(home.pinDirectory);

    await daemon.kill();
    const { status } = await trace.ended;
    const left = tracedRows(home.pinDirectory);
    daemon = await home.start();

    assert.equal(status, 3);
    assert.equal(during.length, 1);
    assert.deepEqual(left, during);
    assert.deepEqual(tracedRows(home.pinDirectory), []);
    const next = await tracing("trace hw0:a protocol=icmp frames=1");
    const [first, second] = hosts;
    first.run(`ping -c 1 ${second.address}`);
    assert.match((await next.ended).out, /br0 sends it to/);
  }).timeout(60_000);
});

/** One run of the command line. */
class Tracing {
  readonly child: ChildProcess;
  readonly begun: Promise<void>;
  readonly ended: Promise<{ status: number | null; out: string; errors: string }>;

  constructor(line: string, socket: string) {
    const env = { ...process.env, YANGPLANE_SOCKET: socket };
    const child = spawn("bin/yangplane", line.split(" "), {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    let [out, errors] = ["", ""];
    let begin: () => void = () => undefined;
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
      if (errors.includes("\n")) begin();
    });
    this.ended = once(child, "close").then(() => ({ status: child.exitCode, out, errors }));
  }
}

/** The hop rows below a folder of bpffs whose frames are looked at, as `map key`. */
function tracedRows(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\/maps\/hops?(@|$)/.test(name))
    .flatMap((name) => {
      const dump = execFileSync("bpftool", ["--json", "map", "dump", "pinned", join(folder, name)]);
      const rows = JSON.parse(String(dump)) as { key: string[]; value: string[] }[];
      return rows
        .filter(({ value }) => Number(value[1]) & hopFlag.trace)
        .map(({ key }) => `${name} ${key.join(" ")}`);
    });
}
