import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../bench/client.ts";
import { ended, outputOf, printed } from "../../bench/process.ts";
import { copiesOf, isCopy, RawSocket } from "../support/frames.ts";
import { pinDirectory } from "../support/kernel.ts";
import { type Namespace, namespace, type VethPair, vethPair } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { programIds } from "../support/programs.ts";

const DEADLINE_MS = 15_000;

export type CubeType = "TC" | "XDP_DRV" | "XDP_SKB";

/** A change of one node. */
export interface LabEdit {
  readonly operation: "CREATE" | "MERGE" | "REPLACE" | "DELETE" | "REMOVE";
  readonly path: string;
  readonly value?: unknown;
}

/** What a port says of itself. */
export interface PortState {
  readonly status: string;
  readonly forwardingPath: string;
}

/** A machine with one network device, and a cable from it to a device here. */
export class Host implements Disposable {
  readonly mac: string;
  readonly address: string;
  readonly #namespace: Namespace = namespace();
  readonly #veth: VethPair;

  /** The number, 1 to 254, is the last octet of its addresses. */
  constructor(number: number) {
    this.mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
    this.address = `198.51.100.${number}`;
    this.#veth = vethPair({ peerIn: this.#namespace });
    this.run(`ip link set ${this.#veth.peer} address ${this.mac}`);
    // Nothing but what the tests send is to be seen.
    const ipv6 = `/proc/sys/net/ipv6/conf/${this.#veth.peer}/disable_ipv6`;
    this.#namespace.run("sh", "-c", `echo 1 >${ipv6}`);
    this.run(`ip address add ${this.address}/24 dev ${this.#veth.peer}`);
  }

  /** The end of the cable that is here. */
  get device(): string {
    return this.#veth.name;
  }

  /** The host's own device. */
  get eth(): string {
    return this.#veth.peer;
  }

  run(line: string): string {
    const [command = "", ...options] = line.split(" ");
    return this.#namespace.run(command, ...options);
  }

  start(command: string, ...options: readonly string[]): ChildProcess {
    const args = [`--net=/run/netns/${this.#namespace.name}`, command, ...options];
    return spawn("nsenter", args, { stdio: ["ignore", "pipe", "inherit"] });
  }

  async output(line: string): Promise<string> {
    const [command = "", ...options] = line.split(" ");
    return outputOf(this.start(command, ...options));
  }

  /** Datagrams that arrived here and that a reader was too slow for (RFC 4113, udpInErrors). */
  udpRcvbufErrors(): number {
    return Number(/UdpRcvbufErrors\s+(\d+)/.exec(this.run("nstat -asz UdpRcvbufErrors"))?.[1]);
  }

  socket(): RawSocket {
    return new RawSocket({ device: this.eth, namespace: this.#namespace.name });
  }

  [Symbol.dispose](): void {
    this.#veth[Symbol.dispose]();
    this.#namespace[Symbol.dispose]();
  }
}

/** The daemon as users start it. */
export class Lab implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "yangplane-lab-"));
  readonly #pins = pinDirectory();
  readonly #logFile = join(this.#folder, "log");
  #child: ChildProcess | undefined;
  #client: Client | undefined;

  /** `root`: of the package whose daemon it is. */
  async start(root = "."): Promise<void> {
    const socket = join(this.#folder, "socket");
    const folders = ["--state-dir", this.#folder, "--pin-dir", this.#pins.path];
    const options = ["--socket", socket, "--metrics", "0", ...folders];
    const log = openSync(this.#logFile, "a");
    const child = spawn(join(root, "bin/yangplaned"), options, { stdio: ["ignore", "pipe", log] });
    closeSync(log);
    this.#child = child;
    try {
      await printed(child, "yangplaned ready");
    } catch (cause) {
      throw new Error(readFileSync(this.#logFile, "utf8"), { cause });
    }
    this.#client = new Client(socket);
  }

  /** Of all that is loaded, in the order of their places. */
  programIds(): number[] {
    return programIds(this.#pins.path);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#client?.close();
    if (this.#child) await ended(this.#child, signal);
  }

  /** One transaction. */
  async apply(...edits: readonly LabEdit[]): Promise<void> {
    if (!this.#client) throw new Error("the daemon was not started");
    const request = edits.map(({ operation, path, value }) => {
      const json = value === undefined ? {} : { json: JSON.stringify(value) };
      return { operation: `OPERATION_${operation}`, path, ...json };
    });
    await this.#client.call("transaction", "Apply", { edits: request });
  }

  /** The node at a path, with its state. */
  async read(path: string): Promise<unknown> {
    if (!this.#client) throw new Error("the daemon was not started");
    const { json } = await this.#client.call("datastore", "Get", { path });
    return JSON.parse(String(json));
  }

  /** Resident memory of the daemon, in bytes. */
  get resident(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  /** All that the daemon has logged. */
  get log(): string {
    return readFileSync(join(this.#folder, "log"), "utf8");
  }

  /** A bridge `br0` with ports p1, p2, … to the devices. */
  async bridge(type: CubeType, ...devices: readonly string[]): Promise<void> {
    const ports = devices.map((peer, index) => ({ name: `p${index + 1}`, peer }));
    const simplebridge = { name: "br0", type: `TYPE_${type}`, ports };
    await this.#call("CreateSimplebridge", { simplebridge });
  }

  async unbridge(): Promise<void> {
    await this.#call("DeleteSimplebridge", { simplebridgeName: "br0", allowMissing: true });
  }

  async addPort(name: string, peer: string): Promise<void> {
    await this.#call("CreatePorts", { simplebridgeName: "br0", ports: { name, peer } });
  }

  async repeer(name: string, peer: string): Promise<void> {
    const update = { ports: { name, peer }, updateMask: { paths: ["peer"] } };
    await this.#call("UpdatePorts", { simplebridgeName: "br0", ...update });
  }

  async removePort(name: string): Promise<void> {
    await this.#call("DeletePorts", { simplebridgeName: "br0", portsName: name });
  }

  async age(seconds: number): Promise<void> {
    const simplebridge = { name: "br0", fdb: { agingTime: seconds } };
    const updateMask = { paths: ["fdb.aging_time"] };
    await this.#call("UpdateSimplebridge", { simplebridge, updateMask });
  }

  async port(name: string): Promise<PortState> {
    const { ports } = await this.#call("GetPorts", { simplebridgeName: "br0", portsName: name });
    return ports as PortState;
  }

  /** A station behind a port, as configured. */
  async addEntry(address: string, port: string): Promise<void> {
    await this.#call("CreateFdbEntry", { simplebridgeName: "br0", entry: { address, port } });
  }

  /** So many stations at once, none of which is a host's. */
  async addEntries(count: number, port: string): Promise<void> {
    const hex = (byte: number) => byte.toString(16).padStart(2, "0");
    const entry = Array.from({ length: count }, (_, index) => {
      return { address: `02:99:00:00:${hex(index >> 8)}:${hex(index & 255)}`, port };
    });
    await this.#call("UpdateSimplebridge", { simplebridge: { name: "br0", fdb: { entry } } });
  }

  /** Frames received by a port since it is one. */
  async received(name: string): Promise<number> {
    const { ports } = await this.#call("GetPorts", { simplebridgeName: "br0", portsName: name });
    const { counters } = ports as { counters?: { rxPackets?: unknown } };
    return Number(counters?.rxPackets ?? 0);
  }

  /** What a port received and did not send on, by reason. */
  async drops(name: string): Promise<Record<string, number>> {
    const { ports } = await this.#call("GetPorts", { simplebridgeName: "br0", portsName: name });
    const { counters } = ports as { counters?: { drops?: { reason: string; packets: unknown }[] } };
    const drops = counters?.drops ?? [];
    return Object.fromEntries(drops.map(({ reason, packets }) => [reason, Number(packets)]));
  }

  /** The value of each sample whose name and labels match, as monitoring gets it. */
  async samples(pattern: RegExp): Promise<number[]> {
    const ports = [
      ...readFileSync(this.#logFile, "utf8").matchAll(/"metrics are told".*"port":(\d+)/g),
    ];
    const scraped = await fetch(`http://127.0.0.1:${ports.at(-1)?.[1]}/metrics`);
    const lines = (await scraped.text()).split("\n");
    return lines.filter((line) => pattern.test(line)).map((line) => Number(line.split(" ").at(-1)));
  }

  async learnedPorts(): Promise<Record<string, string>> {
    const { entry = [] } = await this.#call("ListFdbEntry", { simplebridgeName: "br0" });
    const entries = entry as readonly { address: string; port: string }[];
    return Object.fromEntries(entries.map(({ address, port }) => [address, port]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGTERM");
    this.#pins[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }

  async #call(method: string, request: object): Promise<{ readonly [field: string]: unknown }> {
    if (!this.#client) throw new Error("the daemon was not started");
    return await this.#client.call("simplebridge", method, request);
  }
}

/** Asks until the answer is yes. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function isPromiscuous(device: string): boolean {
  const flags = Number(readFileSync(`/sys/class/net/${device}/flags`, "utf8"));
  return (flags & 0x100) !== 0;
}

const FRAMES_PER_TURN = 20;
const FRAMES_MIN = 10_000;

/**
 * Sends numbered UDP datagrams from one host to another, who know each other, until the work is
 * done, and gives the numbers in the order of their arrival: 0, 1, 2, … if none is lost.
 */
export async function countedStream(
  first: Host,
  second: Host,
  work: () => Promise<void>,
): Promise<{ readonly sent: number; readonly arrived: number[] }> {
  const frame = numberedDatagrams(first, second);
  await copiesOf(frame(0), [first, second]);
  using from = first.socket();
  using to = second.socket();
  let isDone = false;
  const working = work().finally(() => {
    isDone = true;
  });
  let sent = 0;
  while (!isDone || sent < FRAMES_MIN) {
    for (let count = 0; count < FRAMES_PER_TURN; count++, sent++) from.send(frame(sent));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await working;
  const last = frame(sent);
  from.send(last);
  const seen = await to.upTo(isCopy(last));
  // All up to the checksum is the same in each of them.
  const head = last.slice(0, 40);
  const ours = seen.filter(({ bytes }) => Buffer.compare(bytes.slice(0, 40), head) === 0);
  const arrived = ours.map(({ bytes }) => Buffer.from(bytes).readUInt32BE(42));
  return { sent: sent + 1, arrived };
}

function numberedDatagrams(first: Host, second: Host): (n: number) => Uint8Array {
  const way = packet().ethernet(first.mac, second.mac).ipv4(first.address, second.address);
  return (n) => {
    const payload = Buffer.alloc(18);
    payload.writeUInt32BE(n);
    return way.udp(4000, 4000).payload(payload).bytes();
  };
}

/** Where processes run that can be talked to. */
type Machine = Pick<Host, "address" | "start">;

/** Sends so many bytes over TCP and gives the digests of what was sent and what arrived. */
export async function tcpDigests(from: Machine, to: Machine, mebibytes: number): Promise<string[]> {
  return await digests(to, () =>
    outputOf(from.start(process.execPath, "-e", SENDER, to.address, `${mebibytes}`)),
  );
}

/**
 * Sends bytes over one TCP connection until the work is done, some hundred kilobytes a second, and
 * gives the digests of what was sent and what arrived.
 */
export async function tcpDigestsDuring(
  [from, to]: readonly [Machine, Machine],
  work: () => Promise<void>,
): Promise<string[]> {
  return await digests(to, async () => {
    const sender = from.start(process.execPath, "-e", SENDER, to.address);
    const working = work().finally(() => sender.kill("SIGTERM"));
    const [sent] = await Promise.all([outputOf(sender), working]);
    return sent;
  });
}

async function digests(to: Machine, send: () => Promise<string>): Promise<string[]> {
  const receiver = to.start(process.execPath, "-e", RECEIVER);
  const received = outputOf(receiver);
  try {
    await printed(receiver, "listening");
    const sent = await send();
    return [sent, await received].map((output) => /[0-9a-f]{64}/.exec(output)?.[0] ?? output);
  } finally {
    // Where the sender gave up it would wait for ever.
    received.catch(() => undefined);
    receiver.kill();
  }
}

const RECEIVER = `
  const hash = require("node:crypto").createHash("sha256");
  require("node:net").createServer((socket) => {
    socket.on("data", (chunk) => hash.update(chunk));
    socket.on("end", () => { console.log(hash.digest("hex")); process.exit(); });
  }).listen(5001, "0.0.0.0", () => console.log("listening"));`;

/** So many mebibytes at once, or little by little until it is told to end. */
const SENDER = `
  const { createHash, randomBytes } = require("node:crypto");
  const [address, mebibytes] = process.argv.slice(1);
  const hash = createHash("sha256");
  let isEnding = false;
  process.on("SIGTERM", () => { isEnding = true; });
  const socket = require("node:net").connect(5001, address, () => {
    if (mebibytes === undefined) sendSome(); else send(Number(mebibytes));
  });
  function write(size, next) {
    const chunk = randomBytes(size);
    hash.update(chunk);
    socket.write(chunk, next);
  }
  function end() { socket.end(); console.log(hash.digest("hex")); }
  function send(left) {
    if (left === 0) end(); else write(1 << 20, () => send(left - 1));
  }
  function sendSome() {
    if (isEnding) end(); else write(1 << 12, () => setTimeout(sendSome, 5));
  }`;
