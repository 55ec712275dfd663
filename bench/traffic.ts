import { availableParallelism } from "node:os";
import { shortestUdpFrame } from "./frame.ts";
import { receiveLiveFrames } from "./live-frames.ts";
import type { Pair } from "./network.ts";
import { ended, outputOf, printed } from "./process.ts";

/** Who runs where must not be what the rounds differ in. */
const sender = ["taskset", "-c", "0"] as const;
const receiver = ["taskset", "-c", String(availableParallelism() - 1)] as const;

const TCP_SECONDS = "1";
const UDP_MILLISECONDS = "200";
const UDP_PORT = "5000";
const LIVE_FRAMES = 300_000;
/** Nobody has it: frames for it end in the receiver's IP layer, unanswered. */
const NOBODY = "192.0.2.99";

/** Gbit/s from the first host to the second, as the second counts. */
export async function tcpGigabits([from, to]: Pair): Promise<number> {
  const server = to.start(...receiver, "iperf3", "-s", "-1", "--forceflush");
  try {
    await printed(server, "Server listening");
    const command = ["iperf3", "-c", to.address, "-t", TCP_SECONDS, "--json"];
    const client = from.start(...sender, ...command);
    const report = JSON.parse(await outputOf(client));
    return report.end.sum_received.bits_per_second / 1e9;
  } finally {
    await ended(server, "SIGKILL");
  }
}

/** Thousands of 64-byte frames a second that arrive in a socket of the second host. */
export async function udpKilopackets([from, to]: Pair, program: string): Promise<number> {
  const counter = to.start(...receiver, program, "receive", UDP_PORT);
  try {
    const output = outputOf(counter);
    await printed(counter, "ready");
    const command = [program, "send", to.address, UDP_PORT, UDP_MILLISECONDS];
    await outputOf(from.start(...sender, ...command));
    const [, received, nanoseconds] = /^(\d+) (\d+)$/m.exec(await output) ?? [];
    return (Number(received) / Number(nanoseconds)) * 1e6;
  } finally {
    await ended(counter, "SIGKILL");
  }
}

/** The same without a sender's cost, counted by the second host's device. */
export function liveKilopackets([from, to]: Pair, program: string): number {
  const frame = shortestUdpFrame({
    source: from,
    destination: { mac: to.mac, address: NOBODY },
  });
  const before = to.received;
  const nanoseconds = receiveLiveFrames({
    program,
    ifindex: from.ifindex,
    frame,
    count: LIVE_FRAMES,
  });
  return ((to.received - before) / nanoseconds) * 1e6;
}

const PACED_PORT = "5001";

/**
 * Sends so many frames a second from one host to the other while the action runs; gives how many of
 * them did not arrive.
 */
export async function lostOfStream(
  [from, to]: Pair,
  { program, perSecond }: { readonly program: string; readonly perSecond: number },
  action: () => Promise<void>,
): Promise<{ readonly sent: number; readonly lost: number }> {
  const counter = to.start(...receiver, program, "count", PACED_PORT);
  const children = [counter];
  try {
    const counted = outputOf(counter);
    await printed(counter, "ready");
    const pacer = from.start(...sender, program, "pace", to.address, PACED_PORT, `${perSecond}`);
    children.push(pacer);
    const paced = outputOf(pacer);
    await action();
    pacer.kill("SIGTERM");
    const sent = Number(await paced);
    const [, received] = /^(\d+)$/m.exec(await counted) ?? [];
    return { sent, lost: sent - Number(received) };
  } finally {
    for (const child of children) await ended(child, "SIGKILL");
  }
}
