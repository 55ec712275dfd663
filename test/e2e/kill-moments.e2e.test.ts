import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import fc from "fast-check";
import type { ApiClient } from "../support/api-client.ts";
import { DaemonHome, type DaemonProcess } from "../support/daemon.ts";
import { describeKernel } from "../support/kernel.ts";

const core = "yangplane.core.v1";
const cubes = "/simplebridge:simplebridge";
const isFuzzing = process.env["FUZZ_RUNS"] !== undefined;
/** Writers that commit beside each other, each to a cube of its own. */
const writerCount = 4;
const ports = ["p0", "p1", "p2"].map((name) => ({ name }));

/** What a transaction does to the cube of its writer. */
type Change =
  | { readonly kind: "entry"; readonly n: number; readonly port: number }
  | { readonly kind: "noEntry"; readonly n: number }
  | { readonly kind: "agingTime"; readonly seconds: number }
  | { readonly kind: "noCube" };

interface Transaction {
  readonly changes: readonly Change[];
  /** Bytes of a comment, so that the journal is now and then replaced by a snapshot. */
  readonly comment: number;
}

/** A cube as the test keeps it: what the acknowledged transactions make of it, one by one. */
interface Cube {
  readonly agingTime: number | undefined;
  readonly entries: ReadonlyMap<string, string>;
}

const n = fc.nat(30);
const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("entry"), n, port: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("noEntry"), n }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("agingTime"),
      seconds: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("noCube") }) },
) as fc.Arbitrary<Change>;
const anyTransaction: fc.Arbitrary<Transaction> = fc.record({
  changes: fc.array(anyChange, { minLength: 1, maxLength: 6 }),
  comment: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, fc.nat(60_000)),
});

/** When to kill: after so many acknowledgements and then turns of the event loop, or at start. */
const anyMoment = fc.record({
  acks: fc.nat(30),
  turns: fc.nat(200),
  isAtStart: fc.nat(9).map((digit) => digit === 0),
});
type Moment = typeof anyMoment extends fc.Arbitrary<infer T> ? T : never;

describe("a daemon that is killed at random moments of a random workload", () => {
  const rounds = isFuzzing ? 300 : 40;

  it(`has all it acknowledged, and no half of a transaction, after ${rounds} kills`, async () => {
    using home = new DaemonHome("memory");
    await killing(home, rounds, () => Promise.resolve());
  }).timeout(isFuzzing ? 3_600_000 : 180_000);
});

describeKernel("one with the kernel, that is killed so", { since: "6.6" }, () => {
  const rounds = isFuzzing ? 60 : 8;

  it(`has that, and the data plane that follows from it, after ${rounds} kills`, async () => {
    using home = new DaemonHome("kernel");
    await killing(home, rounds, async (client) => {
      const { total } = await client.call(`${core}.DataplaneService/Verify`, {});
      assert.equal(total, undefined, "nothing differs");
    });
  }).timeout(isFuzzing ? 3_600_000 : 120_000);
});

/** Works, kills and compares in turn; `check` looks at what is there after each restart. */
async function killing(
  home: DaemonHome,
  rounds: number,
  check: (client: ApiClient) => Promise<void>,
): Promise<void> {
  const seed = Date.now();
  const moments = fc.sample(anyMoment, { numRuns: rounds, seed });
  const writers = Array.from({ length: writerCount }, (_, index) => new Writer(index));
  let daemon = await home.start();
  for (const [round, moment] of moments.entries()) {
    const work = fc.sample(anyTransaction, { numRuns: 60, seed: seed + round });
    await killAtWork(daemon, { writers, work, moment });
    if (moment.isAtStart) await killAtStart(home, moment);
    daemon = await home.start();
    const found = await cubesOf(daemon.client());
    for (const writer of writers) writer.compare(found, `round ${round} of seed ${seed}`);
    await check(daemon.client());
  }
  await daemon.stop();
}

async function killAtStart(home: DaemonHome, { turns }: Moment): Promise<void> {
  rmSync(home.socket, { force: true });
  const daemon = home.spawn();
  while (!existsSync(home.socket)) await turn();
  await pass(turns * 50);
  await daemon.kill();
}

interface Work {
  readonly writers: readonly Writer[];
  readonly work: readonly Transaction[];
  readonly moment: Moment;
}

async function killAtWork(daemon: DaemonProcess, { writers, work, moment }: Work): Promise<void> {
  const client = daemon.client();
  const left = [...work];
  let acks = 0;
  let killed: Promise<unknown> | undefined;
  const kill = () => {
    killed ??= pass(moment.turns).then(() => daemon.kill());
  };
  const commitOn = async (writer: Writer): Promise<void> => {
    for (let next = left.pop(); next && killed === undefined; next = left.pop()) {
      const isDone = await writer.commit(client, next).catch((error: unknown) => {
        if (killed === undefined) throw error;
        return false;
      });
      if (!isDone) return;
      acks += 1;
      if (acks >= moment.acks) kill();
    }
    kill();
  };
  if (moment.acks === 0) kill();
  await Promise.all(writers.map(commitOn));
  await killed;
}

/** Sends transactions on one cube, one after the other, and keeps what has to come of them. */
class Writer {
  readonly name: string;
  #acknowledged: Cube | undefined;
  /** What comes of the transaction that is under way, if it is done. */
  #attempted: { readonly cube: Cube | undefined } | undefined;

  constructor(index: number) {
    this.name = `w${index}`;
  }

  async commit(client: ApiClient, { changes, comment }: Transaction): Promise<boolean> {
    this.#attempted = { cube: changes.reduce(changed, this.#acknowledged) };
    const edits = changes.flatMap((change) => editsOf(this.name, change));
    const options = comment > 0 ? { comment: "c".repeat(comment) } : {};
    await client.call(`${core}.TransactionService/Apply`, { edits, options });
    this.#acknowledged = this.#attempted.cube;
    this.#attempted = undefined;
    return true;
  }

  /** Either all that was acknowledged is there, or that and the one under way, whole. */
  compare(found: ReadonlyMap<string, Cube>, context: string): void {
    const is = found.get(this.name);
    const possible = [this.#acknowledged, ...(this.#attempted ? [this.#attempted.cube] : [])];
    const texts = possible.map(textOf);
    assert(texts.includes(textOf(is)), `${this.name}: ${textOf(is)} of ${texts}, ${context}`);
    this.#acknowledged = is;
    this.#attempted = undefined;
  }
}

function changed(cube: Cube | undefined, change: Change): Cube | undefined {
  if (change.kind === "noCube") return undefined;
  const { agingTime, entries } = cube ?? { agingTime: undefined, entries: new Map() };
  if (change.kind === "agingTime") return { agingTime: change.seconds, entries };
  const others = new Map(entries);
  if (change.kind === "entry") others.set(address(change.n), `p${change.port}`);
  else others.delete(address(change.n));
  return { agingTime, entries: others };
}

/** Each change makes the cube first, if there is none. */
function editsOf(name: string, change: Change): object[] {
  const path = `${cubes}[name='${name}']`;
  if (change.kind === "noCube") return [edit(path, "REMOVE")];
  const cube = edit(path, "MERGE", { ports });
  if (change.kind === "agingTime") {
    return [cube, edit(`${path}/fdb/aging-time`, "MERGE", change.seconds)];
  }
  const entry = `${path}/fdb/entry[address='${address(change.n)}']`;
  if (change.kind === "noEntry") return [cube, edit(entry, "REMOVE")];
  return [cube, edit(entry, "MERGE", { port: `p${change.port}` })];
}

function edit(path: string, operation: string, value?: unknown): object {
  const json = value === undefined ? {} : { json: JSON.stringify(value) };
  return { path, operation: `OPERATION_${operation}`, ...json };
}

interface Bridge {
  readonly name: string;
  readonly fdb?: {
    readonly "aging-time"?: number;
    readonly entry?: readonly { readonly address: string; readonly port: string }[];
  };
}

async function cubesOf(client: ApiClient): Promise<Map<string, Cube>> {
  const request = { path: cubes, read: { view: "VIEW_CONFIG" } };
  const { json } = await client.call(`${core}.DatastoreService/Get`, request);
  const bridges = JSON.parse(String(json)) as readonly Bridge[];
  return new Map(
    bridges.map(({ name, fdb }) => {
      const entries = (fdb?.entry ?? []).map((one): [string, string] => [one.address, one.port]);
      return [name, { agingTime: fdb?.["aging-time"], entries: new Map(entries) }];
    }),
  );
}

function textOf(cube: Cube | undefined): string {
  const entries = [...(cube?.entries ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  return cube ? JSON.stringify([cube.agingTime ?? null, entries]) : "no cube";
}

function address(n: number): string {
  return `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function pass(turns: number): Promise<void> {
  for (let count = 0; count < turns; count += 1) await turn();
}
