import { encodeMessage } from "./client.ts";
import { Daemon, pinFolder } from "./daemon.ts";
import type { Figure } from "./figure.ts";
import { pinnedMebibytes } from "./kernel-memory.ts";
import { compileUdp } from "./native.ts";
import { type Pair, twoHosts } from "./network.ts";
import { ROUNDS } from "./rounds.ts";
import { stations } from "./stations.ts";
import type { Table } from "./table.ts";
import { lostOfStream } from "./traffic.ts";

const NAME = "scale";
const CUBES = 1000;
const ENTRIES = 100;
const CUBES_PER_MESSAGE = 100;
const FRAMES_PER_SECOND = 10_000;
const METRICS_PORT = 9700;

export const scaleTable: Table = {
  title: `${CUBES} cubes with ${CUBES * ENTRIES} static entries: what they take, and a restart`,

  async run(folder) {
    const program = compileUdp(folder);
    const [first, sizes] = await created(folder);
    const pair = await connected(first);
    const restarted = await restarts(folder, { first, pair, program });
    return [...sizes, ...restarted];
  },
};

/** A daemon with all the cubes, and what they take. */
async function created(folder: string): Promise<[Daemon, Figure[]]> {
  const daemon = await Daemon.start(folder, NAME, options);
  const started = performance.now();
  await daemon.client.stream("ApplyStream", creations());
  const seconds = (performance.now() - started) / 1000;
  const figure = (label: string, unit: string, value: number): Figure => ({
    label,
    unit,
    rounds: [value],
  });
  return [
    daemon,
    [
      figure("created in one transaction, durable", "s", seconds),
      { ...figure("open files of the daemon", "", daemon.openFiles), target: { atMost: 20_000 } },
      {
        ...figure("maps and programs in the kernel", "MiB", pinnedMebibytes(pinFolder(NAME))),
        target: { atMost: 2048 },
      },
      {
        ...figure("resident daemon, after creating them", "MiB", daemon.residentMebibytes),
        target: { atMost: 500 },
      },
    ],
  ];
}

const options = { watched: true, more: ["--metrics", String(METRICS_PORT)] };

function creations(): Buffer[] {
  const names = Array.from({ length: CUBES }, (_, cube) => `c${cube}`);
  const messages: Buffer[] = [];
  for (let at = 0; at < CUBES; at += CUBES_PER_MESSAGE) {
    const edits = names.slice(at, at + CUBES_PER_MESSAGE).map(creation);
    messages.push(encodeMessage("yangplane.core.v1.ApplyRequest", { edits }));
  }
  return messages;
}

function creation(name: string): object {
  const ports = [{ name: "p1" }, { name: "p2" }];
  return {
    path: `/simplebridge:simplebridge[name='${name}']`,
    operation: "OPERATION_CREATE",
    json: JSON.stringify({ ports, fdb: { entry: stations(0, ENTRIES) } }),
  };
}

/** Two hosts with one more bridge between them. */
async function connected({ client }: Daemon): Promise<Pair> {
  const pair = twoHosts(NAME);
  const ports = pair.map(({ device }, index) => ({ name: `p${index + 1}`, peer: device }));
  await client.call("simplebridge", "CreateSimplebridge", { simplebridge: { name: NAME, ports } });
  const [from, to] = pair;
  from.run("ping", "-c", "2", "-i", "0.2", to.address);
  return pair;
}

interface Setting {
  readonly first: Daemon;
  readonly pair: Pair;
  readonly program: string;
}

/** Kills the daemon and starts another, round by round, under a stream. */
async function restarts(folder: string, { first, pair, program }: Setting): Promise<Figure[]> {
  const seconds: number[] = [];
  const losses: number[] = [];
  const resident: number[] = [];
  const scrapes: Scrape[] = [];
  let daemon = first;
  for (let round = 0; round < ROUNDS; round++) {
    const { lost } = await lostOfStream(
      pair,
      { program, perSecond: FRAMES_PER_SECOND },
      async () => {
        await daemon.kill();
        daemon = await Daemon.start(folder, NAME, options);
      },
    );
    losses.push(lost);
    seconds.push(daemon.startedMs / 1000);
    resident.push(daemon.residentMebibytes);
    // The first scrape of a daemon opens all maps.
    await scrape(daemon);
    scrapes.push(await scrape(daemon));
  }
  await daemon[Symbol.asyncDispose]();
  return [
    { label: "kill -9 and start to serving", unit: "s", rounds: seconds, target: { atMost: 3 } },
    {
      label: `lost of ${FRAMES_PER_SECOND} frames a second meanwhile`,
      unit: "frames",
      rounds: losses,
      target: { atMost: 0 },
    },
    {
      label: "resident daemon, after a restart",
      unit: "MiB",
      rounds: resident,
      target: { atMost: 500 },
    },
    { label: "a scrape of the metrics", unit: "ms", rounds: scrapes.map(({ ms }) => ms) },
    {
      label: "event loop held up by it",
      unit: "ms",
      rounds: scrapes.map(({ holdUpMs }) => holdUpMs),
      target: { atMost: 50 },
    },
  ];
}

interface Scrape {
  readonly ms: number;
  readonly holdUpMs: number;
}

async function scrape(daemon: Daemon): Promise<Scrape> {
  let ms = 0;
  const holdUpMs = await daemon.longestHoldUpMs(async () => {
    const started = performance.now();
    const response = await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`);
    if (!(await response.text()).includes("yangplane_port_up")) throw new Error("no ports told of");
    ms = performance.now() - started;
  });
  return { ms, holdUpMs };
}
