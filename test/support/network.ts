import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { uniqueName } from "./kernel.ts";
import { untilExit } from "./until-exit.ts";

/** Runs `ip` (or another tool of iproute2) and gives its output; throws with what it said. */
export function run(command: string, ...options: readonly string[]): string {
  return execFileSync(command, options, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export const ip = (line: string): string => run("ip", ...line.split(" "));

export interface Namespace extends Disposable {
  readonly name: string;
  /** Runs a command inside. The mounts stay ours: `ip netns exec` would hide bpffs. */
  run(command: string, ...options: readonly string[]): string;
}

/** A network namespace, removed with everything in it when disposed. */
export function namespace(): Namespace {
  const name = uniqueName("yp");
  ip(`netns add ${name}`);
  return {
    name,
    run: (command, ...options) => run("nsenter", `--net=/run/netns/${name}`, command, ...options),
    ...untilExit(() => {
      if (existsSync(`/run/netns/${name}`)) ip(`netns delete ${name}`);
    }),
  };
}

export interface VethPair extends Disposable {
  /** The end in this process's namespace. */
  readonly name: string;
  readonly ifindex: number;
  /** The other end, in the namespace if one was given. */
  readonly peer: string;
}

interface VethOptions {
  readonly peerIn?: Namespace;
  /** Leaves IPv6 on; default off. */
  readonly ipv6?: boolean;
}

/** The kernel's own chatter on a new link would be counted among a test's frames. */
function silenceIpv6(name: string, peer: string, peerIn: Namespace | undefined): void {
  const setting = (end: string) => `/proc/sys/net/ipv6/conf/${end}/disable_ipv6`;
  writeFileSync(setting(name), "1");
  if (peerIn) peerIn.run("sh", "-c", `echo 1 > ${setting(peer)}`);
  else writeFileSync(setting(peer), "1");
}

/** Two connected devices, both up; the peer in another namespace if one is given. */
export function vethPair({ peerIn, ipv6 = false }: VethOptions = {}): VethPair {
  const name = uniqueName("v");
  const peer = `${name}p`;
  ip(`link add ${name} type veth peer name ${peer}${peerIn ? ` netns ${peerIn.name}` : ""}`);
  try {
    if (!ipv6) silenceIpv6(name, peer, peerIn);
    ip(`link set ${name} up`);
    if (peerIn) peerIn.run("ip", "link", "set", peer, "up");
    else ip(`link set ${peer} up`);
    return {
      name,
      ifindex: ifindexOf(name),
      peer,
      ...untilExit(() => deleteLink(name)),
    };
  } catch (error) {
    deleteLink(name);
    throw error;
  }
}

function ifindexOf(name: string): number {
  return Number(/^\d+/.exec(ip(`-o link show ${name}`))?.[0]);
}

function deleteLink(name: string): void {
  if (existsSync(`/sys/class/net/${name}`)) ip(`link delete ${name}`);
}
