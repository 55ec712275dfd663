import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import { type BenchEngine, builtObjects, commit, edit, openEngine } from "./engine.ts";
import type { Figure } from "./figure.ts";
import { shortestUdpFrame } from "./frame.ts";
import { ip, type Pair, twoHosts } from "./network.ts";
import { interleaved, ROUNDS } from "./rounds.ts";
import type { Table } from "./table.ts";

const PINS = "/sys/fs/bpf/chains";
const RUN_REPEATS = 1_000_000;
/** The chain that is compared with none. */
const CHAIN_LENGTH = 8;
/** In each round. */
const REPEATS = 5;

/** What a user waits for, by what is asked. */
interface Times {
  readonly connect: number[];
  readonly attachToPort: number[];
  readonly attachToDevice: number[];
}

export const chainTable: Table = {
  title: "Chains: connecting and attaching through gRPC, and what a transparent cube costs a frame",

  async run(folder) {
    const times: Times = { connect: [], attachToPort: [], attachToDevice: [] };
    ip("link add chained type veth peer name far");
    for (const end of ["chained", "far"]) ip(`link set ${end} up`);
    for (let round = 0; round < ROUNDS; round++) await timeChanges(folder, round, times);
    const line = (label: string, rounds: number[]): Figure => {
      return { label, unit: "ms", rounds, target: { atMost: 10 } };
    };
    return [
      line("connect two cubes", times.connect),
      line("attach a transparent cube to a port", times.attachToPort),
      line("attach one to a device", times.attachToDevice),
      ...(await cubeCosts(folder)),
    ];
  },
};

async function timeChanges(folder: string, round: number, times: Times): Promise<void> {
  await using daemon = await Daemon.start(folder, `chain-${round}`);
  const { client } = daemon;
  const create = (service: string, name: string, value: object = {}) => {
    const path = `/${service}:${service}[name='${name}']`;
    return { path, operation: "OPERATION_CREATE", json: JSON.stringify(value) };
  };
  const timed = async (method: string, input: object): Promise<number> => {
    const started = performance.now();
    await client.call("topology", method, { input });
    return performance.now() - started;
  };
  for (let at = 0; at < REPEATS; at++) {
    const edits = [
      create("simplebridge", `one${at}`, { ports: [{ name: "p" }] }),
      create("simplebridge", `other${at}`, { ports: [{ name: "p" }] }),
      create("transparenthelloworld", `on-port${at}`),
      create("transparenthelloworld", `on-device${at}`),
    ];
    await client.call("transaction", "Apply", { edits });
    const [port, place] = [`one${at}:p`, { position: "POSITION_FIRST" }];
    times.connect.push(await timed("Connect", { peer1: port, peer2: `other${at}:p` }));
    times.attachToPort.push(await timed("Attach", { cube: `on-port${at}`, port, ...place }));
    const onDevice = { cube: `on-device${at}`, port: "chained" };
    times.attachToDevice.push(await timed("Attach", { ...onDevice, ...place }));
    await client.call("topology", "Detach", { input: onDevice });
  }
}

/** By BPF_PROG_TEST_RUN, a wire with transparent cubes on the way in, over the wire alone. */
async function cubeCosts(folder: string): Promise<Figure[]> {
  mkdirSync(PINS, { recursive: true });
  const folders = { state: join(folder, "chains"), objects: builtObjects, pins: PINS };
  const engine = await openEngine(folders);
  const [alone, chained] = [await wire(engine, 0), await wire(engine, CHAIN_LENGTH)];
  const cost = ([one, other]: Pair) => {
    const data = shortestUdpFrame({ source: one, destination: other });
    const request = { data, repeat: RUN_REPEATS };
    const id = `devices/${one.ifindex}`;
    return () => engine.dataplane.testRun(id, "ingress", request).durationNs;
  };
  const measured = await interleaved({ alone: cost(alone), chained: cost(chained) });
  const each = measured.chained.map((ns, at) => (ns - (measured.alone[at] ?? 0)) / CHAIN_LENGTH);
  const label = `each of ${CHAIN_LENGTH} transparent cubes in front of it`;
  return [
    { label: "a wire alone", unit: "ns/packet", rounds: measured.alone },
    { label, unit: "ns/packet", rounds: each, target: { atMost: 10 } },
  ];
}

/** Two hosts with a wire between them, and transparent cubes at the first one's side. */
async function wire(engine: BenchEngine, tcubes: number): Promise<Pair> {
  const name = `wire${tcubes}`;
  const pair = twoHosts(name);
  const names = Array.from({ length: tcubes }, (_, at) => `${name}-${at}`);
  const [first, second] = pair.map(({ device }, at) => ({ name: `p${at}`, peer: device }));
  const cubes = names.map((cube) => {
    const path = `/transparenthelloworld:transparenthelloworld[name='${cube}']`;
    return edit(engine.schema, "create", path, {});
  });
  const config = { action: "FORWARD", ports: [{ ...first, tcubes: names }, second] };
  const path = `/helloworld:helloworld[name='${name}']`;
  await commit(engine, [...cubes, edit(engine.schema, "create", path, config)]);
  return pair;
}
