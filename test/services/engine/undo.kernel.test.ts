import assert from "node:assert/strict";
import { outputOf, printed } from "../../../bench/process.ts";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { Host } from "../../e2e/forwarding-lab.ts";
import { anyServices } from "../../support/engine.ts";
import type { Frame } from "../../support/frames.ts";
import { describeKernel } from "../../support/kernel.ts";
import { KernelEngine } from "../../support/kernel-engine.ts";
import { watchedDataplane } from "../../support/observed-dataplane.ts";

const services = [
  ...anyServices,
  ...([helloworld, netdev, transparenthelloworld] as object as Discovered[]),
];
const failures = 100;
const br0 = "/simplebridge:simplebridge[name='br0']";
const hw0 = "/helloworld:helloworld[name='hw0']";
const names = ["th1", "th2", "th3"];
const th = (name: string) => `/transparenthelloworld:transparenthelloworld[name='${name}']`;

describeKernel("commits that fail half-way", { since: "6.6" }, () => {
  let first: Host;
  let second: Host;
  /** Writes that are let pass before one fails; none fails while it is undefined. */
  let passing: number | undefined;

  beforeEach(() => {
    first = new Host(1);
    second = new Host(2);
    passing = undefined;
  });

  afterEach(() => {
    first[Symbol.dispose]();
    second[Symbol.dispose]();
  });

  const failing = () => {
    if (passing === undefined || passing-- > 0) return;
    passing = undefined;
    throw new KernelError("writing", "EIO");
  };

  it(`lose no frame, ${failures} times`, async () => {
    await using engine = await new KernelEngine(services, (dataplane) =>
      watchedDataplane(dataplane, failing),
    ).start();
    const { calls } = engine;
    const edit = engine.edit.bind(engine);
    await calls.commit(
      ...names.map((name) => edit("create", th(name), {})),
      edit("create", hw0, {
        action: "FORWARD",
        ports: [
          { name: "a", peer: first.device, tcubes: ["th1", "th2"] },
          { name: "b", peer: "br0:p1" },
        ],
      }),
      edit("create", br0, {
        ports: [
          { name: "p1", peer: "hw0:b" },
          { name: "p2", peer: second.device },
        ],
      }),
    );
    const places = [
      `${hw0}/ports[name='a']/tcubes`,
      `${hw0}/ports[name='b']/tcubes`,
      `${br0}/ports[name='p1']/tcubes`,
      `${br0}/ports[name='p2']/tcubes`,
    ];
    const random = pseudoRandom(1);
    const change = () => {
      const chains: string[][] = places.map(() => []);
      for (const name of names) chains[random(places.length)]?.unshift(name);
      return places.map((path, at) => edit("replace", path, chains[at]));
    };

    let failed = 0;
    const { sent, arrived } = await streamed(first, second, async () => {
      for (let count = 0; count < failures; count++) {
        passing = random(12);
        await calls.commit(...change()).catch(() => failed++);
        await new Promise(setImmediate);
      }
    });

    assert.ok(failed > failures / 2, `${failed}`);
    assert.deepEqual(
      arrived,
      Array.from({ length: sent }, (_, number) => number),
    );
  }).timeout(120_000);
});

function pseudoRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/**
 * Sends numbered datagrams in a process of its own, and so at the same time as the work is done
 * here, and gives the numbers that arrived.
 */
async function streamed(
  from: Host,
  to: Host,
  work: () => Promise<void>,
): Promise<{ readonly sent: number; readonly arrived: readonly number[] }> {
  // They know each other then.
  from.run(`ping -c 1 -W 5 ${to.address}`);
  using socket = to.socket();
  const sender = from.start(process.execPath, "-e", SENDER, to.address, String(LAST));
  const output = outputOf(sender);
  await printed(sender, "sending");
  await work().finally(() => sender.kill("SIGTERM"));
  const sent = Number(/\d+/.exec(await output));
  const numberOf = ({ bytes, outgoing }: Frame) => {
    const isOurs = !outgoing && bytes.length === HEADERS_SIZE + 8;
    return isOurs ? Buffer.from(bytes).readUInt32BE(HEADERS_SIZE) : undefined;
  };
  const frames = await socket.upTo((frame) => numberOf(frame) === LAST);
  const arrived = frames.map(numberOf).filter((number) => number !== undefined);
  return { sent, arrived: arrived.slice(0, -1) };
}

/** Ethernet, IPv4 and UDP. */
const HEADERS_SIZE = 42;
/** The number of the datagram that ends a stream. */
const LAST = 0xffff_ffff;

const SENDER = `
  const [address, last] = process.argv.slice(1);
  const socket = require("node:dgram").createSocket("udp4");
  const datagram = Buffer.alloc(8);
  let isEnding = false;
  let sent = 0;
  process.on("SIGTERM", () => { isEnding = true; });
  function send(number, next) {
    datagram.writeUInt32BE(number);
    socket.send(datagram, 4000, address, (error) => { if (error) throw error; next(); });
  }
  function go() {
    if (isEnding) send(Number(last), () => { socket.close(); console.log(sent); });
    else send(sent++, sent % 20 === 0 ? () => setTimeout(go, 1) : go);
  }
  console.log("sending");
  go();`;
