import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { Host, tcpDigests } from "../../e2e/forwarding-lab.ts";
import { describeKernel } from "../../support/kernel.ts";
import { KernelEngine } from "../../support/kernel-engine.ts";
import { ip } from "../../support/network.ts";

const services = [transparenthelloworld, netdev] as object as readonly Discovered[];
const MEBIBYTES = 16;
const th = (name: string) => `/transparenthelloworld:transparenthelloworld[name='${name}']`;

interface Passage {
  readonly "rx-packets": string;
  readonly "tx-packets": string;
  readonly drops?: object;
}

/** This machine, as one end of a cable. */
class Here {
  readonly address = "198.51.100.254";
  readonly #device: string;

  constructor({ device, address, mac }: Host) {
    this.#device = device;
    ip(`address add ${this.address} peer ${address} dev ${device}`);
    ip(`neighbour replace ${address} lladdr ${mac} dev ${device}`);
  }

  start(command: string, ...options: readonly string[]): ChildProcess {
    return spawn(command, options, { stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Frames that the device has received and sent since it is there. */
  frames(): { readonly ingress: number; readonly egress: number } {
    const read = (file: string) =>
      Number(readFileSync(`/sys/class/net/${this.#device}/statistics/${file}`, "utf8"));
    return { ingress: read("rx_packets"), egress: read("tx_packets") };
  }
}

describeKernel("a device with an address of ours and cubes on it", { since: "6.6" }, () => {
  let host: Host;
  let here: Here;
  let engine: KernelEngine;

  beforeEach(async () => {
    // Others may do the same here, to hosts of their own.
    host = new Host((process.pid % 250) + 1);
    here = new Here(host);
    engine = await new KernelEngine(services).start();
  });

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    host[Symbol.dispose]();
  });

  const passed = (name: string, way: "ingress" | "egress") => {
    const {
      "rx-packets": rx,
      "tx-packets": tx,
      drops,
    } = engine.calls.read(`${th(name)}/counters/${way}`) as Passage;
    return { rx: Number(rx), tx: Number(tx), drops };
  };

  for (const { type, count } of [
    { type: "TC", count: 2 },
    { type: "XDP_DRV", count: 2 },
    // More than can be tail called in a row: frames go round, and come back to the device.
    { type: "TC", count: 60 },
    { type: "XDP_DRV", count: 60 },
  ]) {
    it(`has each frame pass ${count} of them once, in ${type}`, async () => {
      const names = Array.from({ length: count }, (_, at) => `th${at}`);
      await engine.calls.commit(
        ...names.map((name) => engine.edit("create", th(name), { type })),
        engine.edit("create", `/netdev:netdev[name='${host.device}']`, { tcubes: names }),
      );
      const before = here.frames();

      const there = await tcpDigests(here, host, MEBIBYTES);
      const back = await tcpDigests(host, here, MEBIBYTES);

      assert.equal(there[1], there[0]);
      assert.equal(back[1], back[0]);
      const after = here.frames();
      for (const way of ["ingress", "egress"] as const) {
        const frames = after[way] - before[way];
        const all = names.map((name) => [name, passed(name, way)]);
        const once = { rx: frames, tx: frames, drops: undefined };
        assert.ok(frames > 100, `${frames}`);
        assert.deepEqual(
          all,
          names.map((name) => [name, once]),
        );
      }
    }).timeout(60_000);
  }
});
