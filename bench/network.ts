import { type ChildProcess, execFileSync, spawn } from "node:child_process";

/** Runs a command and gives its output; throws with what it said. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

export const ip = (line: string): string => run("ip", ...line.split(" "));

/** A network namespace with one cable, whose other end is here. */
export class Host {
  readonly #namespace: string;
  /** The end of the cable that is here. */
  readonly device: string;
  readonly mac: string;
  readonly address: string;

  /** The number, 1 to 254, is the last octet of its addresses. */
  constructor(name: string, number: number) {
    this.#namespace = name;
    this.device = name;
    this.mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
    this.address = `192.0.2.${number}`;
    ip(`netns add ${name}`);
    ip(`link add ${name} type veth peer name eth0 netns ${name} address ${this.mac}`);
    ip(`link set ${name} up`);
    ip(`-n ${name} address add ${this.address}/24 dev eth0`);
    ip(`-n ${name} link set eth0 up`);
  }

  get ifindex(): number {
    return Number(/^\d+/.exec(ip(`-o link show ${this.device}`))?.[0]);
  }

  /** Frames its device has received. */
  get received(): number {
    const [link] = JSON.parse(ip(`-n ${this.#namespace} -s -j link show eth0`));
    return link.stats64.rx.packets;
  }

  run(command: string, ...args: readonly string[]): string {
    return run("nsenter", ...this.#inside(command, args));
  }

  start(command: string, ...args: readonly string[]): ChildProcess {
    const stdio: ["ignore", "pipe", "inherit"] = ["ignore", "pipe", "inherit"];
    return spawn("nsenter", this.#inside(command, args), { stdio });
  }

  /** Not `ip netns exec`: that would hide the bpf file system. */
  #inside(command: string, args: readonly string[]): string[] {
    return [`--net=/run/netns/${this.#namespace}`, command, ...args];
  }
}

export type Pair = readonly [Host, Host];

/** Two hosts in one subnet; what is between the ends of their cables is the caller's. */
export function twoHosts(name: string): Pair {
  return [new Host(`${name}1`, 1), new Host(`${name}2`, 2)];
}
