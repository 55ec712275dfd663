import { Daemon } from "./daemon.ts";
import type { Figure } from "./figure.ts";
import { ip } from "./network.ts";
import { ROUNDS } from "./rounds.ts";
import type { Table } from "./table.ts";

/** In each round, after the first. */
const MORE = 4;

interface Times {
  readonly first: number[];
  readonly later: number[];
}

export const startTable: Table = {
  title: "Start to serving, memory, and what a user waits for through gRPC",

  async run(folder) {
    for (let port = 0; port <= MORE; port++) {
      ip(`link add port${port} type veth peer name far${port}`);
      for (const end of ["port", "far"]) ip(`link set ${end}${port} up`);
    }
    const [starts, resident]: [number[], number[]] = [[], []];
    const creations: Times = { first: [], later: [] };
    const connections: Times = { first: [], later: [] };
    // The first start reads the files from disk: it warms the machine up and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      await using daemon = await Daemon.start(folder, `start-${round}`);
      if (round === 0) continue;
      starts.push(daemon.startedMs / 1000);
      resident.push(daemon.residentMebibytes);
      await timeCreations(daemon, creations);
      await timeConnections(daemon, connections);
      // The devices are the next daemon's.
      await daemon.client.call("simplebridge", "DeleteSimplebridge", { simplebridgeName: "br0" });
    }
    return [
      { label: "start to serving, warm", unit: "s", rounds: starts, target: { atMost: 0.7 } },
      { label: "resident, no cubes", unit: "MiB", rounds: resident, target: { atMost: 150 } },
      ...figuresOf("create a cube", creations, 50),
      ...figuresOf("connect a port", connections, 20),
    ];
  },
};

function figuresOf(label: string, { first, later }: Times, atMost: number): Figure[] {
  return [
    { label: `${label}, first of a daemon`, unit: "ms", rounds: first, target: { atMost } },
    { label, unit: "ms", rounds: later, target: { atMost } },
  ];
}

async function timeCreations({ client }: Daemon, times: Times): Promise<void> {
  for (let cube = 0; cube <= MORE; cube++) {
    const request = { simplebridge: { name: `br${cube}` } };
    const milliseconds = await timed(() =>
      client.call("simplebridge", "CreateSimplebridge", request),
    );
    (cube === 0 ? times.first : times.later).push(milliseconds);
  }
}

/** Gives ports of one bridge a device each. */
async function timeConnections({ client }: Daemon, times: Times): Promise<void> {
  for (let port = 0; port <= MORE; port++) {
    const at = { simplebridgeName: "br0" };
    const name = `p${port}`;
    await client.call("simplebridge", "CreatePorts", { ...at, ports: { name } });
    const request = { ...at, ports: { name, peer: `port${port}` } };
    const milliseconds = await timed(() => client.call("simplebridge", "UpdatePorts", request));
    (port === 0 ? times.first : times.later).push(milliseconds);
  }
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}
