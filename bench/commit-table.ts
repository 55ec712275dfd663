import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Client } from "./client.ts";
import { Daemon } from "./daemon.ts";
import { type Figure, median, percentile, ratios, type Target } from "./figure.ts";
import { loadStations } from "./load.ts";
import { ended } from "./process.ts";
import { ROUNDS } from "./rounds.ts";
import { CUBE, portChange } from "./stations.ts";
import type { Table } from "./table.ts";

const SIZES = [100, 10_000, 100_000] as const;
const COMMITS = { engine: 1000, applied: 150, durable: 50 } as const;
/** Until the compilers of V8 are done with what a commit runs through. */
const WARM_UP = { engine: 2500, daemon: 800 } as const;
const GROWTH_MAX = 1.5;

const commitProcess = fileURLToPath(new URL("commit-process.ts", import.meta.url));

/** Somewhere a leaf is committed; answers with the microseconds of each commit. */
interface Place {
  readonly entries: number;
  time(commits: number): Promise<readonly number[]>;
}

interface Way {
  readonly name: string;
  readonly commits: number;
  readonly warmUp: number;
  readonly p50Max: Target;
}

export const commitTable: Table = {
  title: "Commits: one leaf, the port of a static entry, by how many entries there are",

  async run(folder) {
    return [...(await engineFigures(folder)), ...(await daemonFigures(folder))];
  },
};

async function engineFigures(folder: string): Promise<Figure[]> {
  const children: ChildProcess[] = [];
  try {
    const places = [];
    for (const entries of SIZES) {
      const child = fork(commitProcess, [folder, `engine-${entries}`, String(entries)]);
      children.push(child);
      await answer(child);
      places.push({ entries, time: (commits: number) => ask(child, commits) });
    }
    const way = {
      name: "in process, applied",
      commits: COMMITS.engine,
      warmUp: WARM_UP.engine,
      p50Max: { atMost: 50 },
    };
    return await growth(places, way);
  } finally {
    for (const child of children) await ended(child, "SIGKILL");
  }
}

async function daemonFigures(folder: string): Promise<Figure[]> {
  const daemons: Daemon[] = [];
  try {
    for (const entries of SIZES) {
      const daemon = await Daemon.start(folder, `daemon-${entries}`);
      daemons.push(daemon);
      await loadStations(daemon.client, CUBE, entries);
    }
    const figures = [];
    for (const wait of ["applied", "durable"] as const) {
      const places = daemons.map(({ client }, index) => {
        const entries = SIZES[index] ?? 0;
        return {
          entries,
          time: (commits: number) => timeCalls(client, { entries, wait, commits }),
        };
      });
      const way = {
        name: `gRPC, ${wait}`,
        commits: COMMITS[wait],
        warmUp: WARM_UP.daemon,
        p50Max: { atMost: 2000 },
      };
      figures.push(...(await growth(places, way)));
    }
    return figures;
  } finally {
    for (const daemon of daemons) await daemon[Symbol.asyncDispose]();
  }
}

/** Each round commits in all places, so that the rounds' ratios compare what ran side by side. */
async function growth(places: readonly Place[], way: Way): Promise<Figure[]> {
  const rounds = places.map(() => ({ p50: [] as number[], p99: [] as number[] }));
  for (const place of places) await place.time(way.warmUp);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, place] of places.entries()) {
      const microseconds = await place.time(way.commits);
      rounds[index]?.p50.push(median(microseconds));
      rounds[index]?.p99.push(percentile(microseconds, 0.99));
    }
  }
  const figures = places.flatMap(({ entries }, index): Figure[] => {
    const { p50 = [], p99 = [] } = rounds[index] ?? {};
    const label = `${way.name}, ${entries} entries`;
    return [
      { label: `${label}, p50`, unit: "µs", rounds: p50, target: way.p50Max },
      { label: `${label}, p99`, unit: "µs", rounds: p99 },
    ];
  });
  const ratio = ratios(rounds.at(-1)?.p50 ?? [], rounds[0]?.p50 ?? []);
  const label = `${way.name}, p50 of ${places.at(-1)?.entries} / ${places[0]?.entries} entries`;
  return [...figures, { label, unit: "×", rounds: ratio, target: { atMost: GROWTH_MAX } }];
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the engine's process ended: ${code}`)));
  });
}

async function ask(child: ChildProcess, commits: number): Promise<readonly number[]> {
  const answered = answer(child);
  child.send({ commits });
  return (await answered) as number[];
}

async function timeCalls(
  client: Client,
  { entries, wait, commits }: { entries: number; wait: "applied" | "durable"; commits: number },
): Promise<number[]> {
  const microseconds: number[] = [];
  for (let done = 0; done < commits; done++) {
    const request = changeOf(entries, wait);
    const started = performance.now();
    await client.call("transaction", "Apply", request);
    microseconds.push((performance.now() - started) * 1000);
  }
  return microseconds;
}

let turn = 0;

function changeOf(entries: number, wait: "applied" | "durable"): object {
  const { path, port } = portChange(turn++, entries);
  const edits = [{ path, operation: "OPERATION_MERGE", json: JSON.stringify(port) }];
  return { edits, options: { wait: `WAIT_${wait.toUpperCase()}` } };
}
