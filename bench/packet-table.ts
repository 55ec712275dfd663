import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  bareRedirect,
  lastCube,
  linuxBridge,
  referenceId,
  referencePin,
  STATIC_ADDRESS,
  sendToPeers,
  simplebridge,
} from "./bridges.ts";
import { type BenchEngine, copyObjects, openEngine } from "./engine.ts";
import { type Figure, ratios } from "./figure.ts";
import { shortestUdpFrame } from "./frame.ts";
import { compileReference, compileUdp } from "./native.ts";
import type { Pair } from "./network.ts";
import { interleaved } from "./rounds.ts";
import type { Table } from "./table.ts";
import { liveKilopackets, tcpGigabits, udpKilopackets } from "./traffic.ts";

const PINS = "/sys/fs/bpf/bench";
const RUN_REPEATS = 1_000_000;
const ENTRY_PROGRAMS = { tc: "ingress", xdp: "xdp_ingress" } as const;

interface Pairs {
  readonly linux: Pair;
  readonly ours: Pair;
  readonly peer: Pair;
  readonly bare: Pair;
  readonly xdp: Pair;
}

export const packetTable: Table = {
  title: "Packets: two hosts in namespaces, offloads on; 64-byte UDP frames",

  async run(folder) {
    const objects = copyObjects(join(folder, "objects"));
    compileReference(objects);
    const udp = compileUdp(folder);
    mkdirSync(PINS, { recursive: true });
    const engine = await openEngine({ state: join(folder, "packets"), objects, pins: PINS });
    const pairs = await connect(engine);
    const pass = referencePin(PINS, pairs.bare[0].ifindex, "pass");
    // Elsewhere frames go on to TC; what XDP is for is to see them first.
    const ownXdp = join(PINS, entryId(pairs.xdp), "programs", ENTRY_PROGRAMS.xdp);
    const live = (pair: Pair) => liveKilopackets(pair, pair === pairs.xdp ? ownXdp : pass);
    return [
      ...(await compared("TCP", "Gbit/s", pairs, { measure: tcpGigabits, atLeast: 1 })),
      ...(await compared("UDP", "kpps", pairs, {
        measure: (pair) => udpKilopackets(pair, udp),
        atLeast: 1.1,
        rounds: UDP_ROUNDS,
      })),
      ...(await compared("live frames", "kpps", pairs, { measure: live })),
      ...(await programCosts(engine, pairs)),
    ];
  },
};

async function connect(engine: BenchEngine): Promise<Pairs> {
  const linux = linuxBridge("linux");
  const ours = await simplebridge(engine, "ours");
  const peer = await simplebridge(engine, "peer");
  sendToPeers(engine, lastCube(engine));
  const xdp = await simplebridge(engine, "xdp", { type: "XDP_DRV", gro: true });
  const pairs = { linux, ours, peer, bare: bareRedirect(engine, "bare"), xdp };
  for (const [from, to] of Object.values(pairs))
    from.run("ping", "-c", "2", "-i", "0.2", to.address);
  return pairs;
}

/** A burst of datagrams is short, and what else the machine does is not. */
const UDP_ROUNDS = 21;

interface Comparison {
  readonly measure: (pair: Pair) => number | Promise<number>;
  /** How many times the Linux bridge's the simplebridge's figure has to be. */
  readonly atLeast?: number;
  readonly rounds?: number;
}

/** What both bridges reach, and ratios of all that was measured in the same round. */
async function compared(
  what: string,
  unit: string,
  pairs: Pairs,
  { measure, atLeast, rounds }: Comparison,
): Promise<Figure[]> {
  const { linux, ours, peer, bare, xdp } = await interleaved(
    {
      linux: () => measure(pairs.linux),
      ours: () => measure(pairs.ours),
      peer: () => measure(pairs.peer),
      bare: () => measure(pairs.bare),
      xdp: () => measure(pairs.xdp),
    },
    rounds,
  );
  const ratio = (name: string, over: readonly number[], under: readonly number[]): Figure => {
    return { label: `${what}, ${name}`, unit: "×", rounds: ratios(over, under) };
  };
  const main = ratio("simplebridge / Linux bridge", ours, linux);
  return [
    { label: `${what}, Linux bridge`, unit, rounds: linux },
    { label: `${what}, simplebridge`, unit, rounds: ours },
    atLeast === undefined ? main : { ...main, target: { atLeast } },
    ratio("bare bpf_redirect / Linux bridge", bare, linux),
    ratio("bpf_redirect_peer / bpf_redirect in the simplebridge", peer, ours),
    ratio("simplebridge XDP_DRV / Linux bridge", xdp, linux),
  ];
}

/** What a frame costs in the programs alone, by BPF_PROG_TEST_RUN. */
async function programCosts(engine: BenchEngine, pairs: Pairs): Promise<Figure[]> {
  const cost = (program: string, id: string, frame: Uint8Array) => (): number =>
    engine.dataplane.testRun(id, program, { data: frame, repeat: RUN_REPEATS }).durationNs;
  const [one, other] = pairs.ours;
  const learned = shortestUdpFrame({ source: one, destination: other });
  const fixed = { mac: STATIC_ADDRESS, address: other.address };
  const configured = shortestUdpFrame({ source: one, destination: fixed });
  const measured = await interleaved({
    bare: cost("redirect", referenceId(pairs.bare[0].ifindex), learned),
    "simplebridge, learned": cost(ENTRY_PROGRAMS.tc, entryId(pairs.ours), learned),
    "simplebridge, static": cost(ENTRY_PROGRAMS.tc, entryId(pairs.ours), configured),
    "simplebridge XDP_DRV, learned": cost(ENTRY_PROGRAMS.xdp, entryId(pairs.xdp), learned),
  });
  return Object.entries(measured).map(([name, rounds]) => {
    return { label: `program, ${name}`, unit: "ns/packet", rounds };
  });
}

/** The object with the entry programs of the first host's device. */
function entryId([host]: Pair): string {
  return `devices/${host.ifindex}`;
}
