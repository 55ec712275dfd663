import assert from "node:assert/strict";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import { type Dataplane, KernelError } from "../../../src/dataplane/dataplane.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as topology } from "../../../src/services/topology/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { anyServices, type EngineFixture, engineFixture } from "../../support/engine.ts";
import { watchedDataplane } from "../../support/observed-dataplane.ts";
import { type Flight, Walker } from "../../support/walk.ts";

const services = [
  ...anyServices,
  ...([helloworld, netdev, topology, transparenthelloworld] as object as Discovered[]),
];

/** Of each place, what is attached to it. */
type Chains = readonly (readonly string[])[];

const br0 = "/simplebridge:simplebridge[name='br0']";
const hw0 = "/helloworld:helloworld[name='hw0']";
const th = (number: number) => `/transparenthelloworld:transparenthelloworld[name='th${number}']`;
const portOf = (cube: string, name: string) => `${cube}/ports[name='${name}']`;
const device = (name: string) => `/netdev:netdev[name='${name}']`;

/** A bridge with p1 at dev1 and p2, a wire with a and b at dev2, and transparent cubes. */
async function started(
  wrap: (dataplane: Dataplane) => Dataplane = (dataplane) => dataplane,
): Promise<{ fixture: EngineFixture; walker: Walker }> {
  const fixture = await engineFixture({ services, wrap, devices: ["dev1", "dev2", "dev3"] });
  const { edit, commit } = fixture;
  await commit(
    edit("create", br0, { ports: [{ name: "p1", peer: "dev1" }, { name: "p2" }] }),
    edit("create", hw0, { ports: [{ name: "a" }, { name: "b", peer: "dev2" }] }),
    ...[1, 2, 3].map((number) => edit("create", th(number), {})),
  );
  const cubes = { br0, hw0, th1: th(1), th2: th(2), th3: th(3) };
  return { fixture, walker: new Walker(fixture, cubes) };
}

describe("ports with each other for peers", () => {
  let fixture: EngineFixture;
  let walker: Walker;

  beforeEach(async () => {
    ({ fixture, walker } = await started());
  });

  const connect = () =>
    fixture.commit(
      fixture.edit("merge", `${portOf(br0, "p2")}/peer`, "hw0:a"),
      fixture.edit("merge", `${portOf(hw0, "a")}/peer`, "br0:p2"),
    );

  const statusOf = (cube: string, name: string) => {
    const { status, "forwarding-path": path } = fixture.read(portOf(cube, name)) as {
      readonly status: string;
      readonly "forwarding-path"?: string;
    };
    return { status, path };
  };

  it("send frames into each other", async () => {
    await connect();

    assert.equal(walker.port(br0, 1), "hw0:0");
    assert.equal(walker.port(hw0, 0), "br0:1");
    assert.deepEqual(statusOf(br0, "p2"), { status: "UP", path: "TC" });
  });

  it("are down while only one names the other", async () => {
    await fixture.commit(fixture.edit("merge", `${portOf(br0, "p2")}/peer`, "hw0:a"));

    assert.equal(walker.port(br0, 1), "nowhere");
    assert.deepEqual(statusOf(br0, "p2"), { status: "DOWN", path: undefined });
    assert.equal(statusOf(hw0, "a").status, "DOWN");
  });

  it("come down together when one leaves the other", async () => {
    await connect();
    await fixture.commit(fixture.edit("remove", `${portOf(hw0, "a")}/peer`));

    assert.equal(walker.port(br0, 1), "nowhere");
    assert.equal(walker.port(hw0, 0), "nowhere");
    assert.equal(statusOf(br0, "p2").status, "DOWN");
  });

  it("are connected again when a cube that was replaced comes back in one commit", async () => {
    await connect();
    await fixture.commit(
      fixture.edit("delete", hw0),
      fixture.edit("create", hw0, { ports: [{ name: "a", peer: "br0:p2" }] }),
    );
    const again = new Walker(fixture, { br0, hw0 });

    assert.equal(again.port(br0, 1), "hw0:0");
    assert.equal(again.port(hw0, 0), "br0:1");
  });

  it("go their way by XDP where both cubes do", async () => {
    const xdp = (name: string) => `/helloworld:helloworld[name='${name}']`;
    await fixture.commit(
      fixture.edit("create", xdp("x1"), { type: "XDP_DRV", ports: [{ name: "a", peer: "x2:a" }] }),
      fixture.edit("create", xdp("x2"), { type: "XDP_SKB", ports: [{ name: "a", peer: "x1:a" }] }),
    );

    assert.deepEqual(statusOf(xdp("x1"), "a"), { status: "UP", path: "XDP" });
  });
});

const places = [
  portOf(br0, "p1"),
  portOf(br0, "p2"),
  portOf(hw0, "a"),
  portOf(hw0, "b"),
  device("dev1"),
  device("dev3"),
];

function pseudoRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Peers of the four ports. */
const cablings = [
  ["dev1", "hw0:a", "br0:p2", "dev2"],
  ["dev1", "", "", "dev2"],
  ["dev2", "hw0:a", "br0:p2", "dev1"],
  ["hw0:b", "dev1", "dev2", "br0:p1"],
  ["dev1", "hw0:b", "dev2", "br0:p2"],
  ["dev3", "hw0:a", "br0:p2", "dev2"],
  ["", "dev1", "dev3", ""],
] as const;

type Cabling = (typeof cablings)[number];

/** Transparent cubes anywhere, or not attached. */
function arrangement(random: (below: number) => number): Chains {
  const chains: string[][] = places.map(() => []);
  for (const name of ["th1", "th2", "th3"]) {
    const chain = chains[random(places.length + 1)];
    chain?.splice(random(chain.length + 1), 0, name);
  }
  return chains;
}

const rearrangements = [
  ["of a cube that goes elsewhere", [["th1"], []], [[], ["th1"]]],
  ["of two that change places", [["th1", "th2"]], [["th2", "th1"]]],
  ["of two that go elsewhere together", [["th1", "th2"]], [[], [], [], ["th1", "th2"]]],
  ["of three in a circle", [["th1"], ["th2"], ["th3"]], [["th2"], ["th3"], ["th1"]]],
  ["of a cube that comes between", [["th1", "th2"]], [["th1", "th3", "th2"]]],
  ["of one that goes away", [["th1", "th2", "th3"]], [["th1", "th3"]]],
  ["of one that comes new", [[]], [["th1"]]],
  ["of one that leaves the device of a port", [[], [], [], [], ["th1"]], [[], ["th1"]]],
  ["of one that leaves a device without a port", [[], [], [], [], [], ["th1"]], [["th1"]]],
] as const satisfies readonly (readonly [string, Chains, Chains])[];

/** Changes chains, while frames are under way everywhere. */
class Rearrangement {
  readonly fixture: EngineFixture;
  readonly #walker: Walker;
  /** Of each place that frames come from, those under way and the ways they may go. */
  readonly #flights: Flight[][];
  #allowed: readonly (readonly string[])[] = [];

  private constructor({ fixture, walker }: Awaited<ReturnType<typeof started>>) {
    this.fixture = fixture;
    this.#walker = walker;
    this.#flights = this.#starts().map(() => []);
  }

  /** `before` is called before each write, from when it is allowed to. */
  static async started(
    from: Chains,
    before: () => void,
    cabling: Cabling = cablings[0],
  ): Promise<Rearrangement> {
    let running: Rearrangement | undefined;
    const watch = () => {
      if (!running || running.#allowed.length === 0) return;
      running.#look();
      before();
    };
    const wrap = (dataplane: Dataplane) =>
      watchedDataplane(dataplane, watch, () => running?.arrive());
    const rearrangement = new Rearrangement(await started(wrap));
    await rearrangement.fixture.commit(...rearrangement.edits(from, cabling));
    running = rearrangement;
    return rearrangement;
  }

  edits(chains: Chains, cabling: Cabling = cablings[0]): Edit[] {
    const { edit } = this.fixture;
    return places.flatMap((path, at) => {
      const tcubes = chains[at] ?? [];
      const peer = cabling[at];
      if (peer === undefined) return [edit("replace", path, { tcubes })];
      return [edit("replace", `${path}/tcubes`, tcubes), edit("merge", `${path}/peer`, peer)];
    });
  }

  ways(): string[] {
    return this.#starts().map((flight) => this.#walker.arrival(flight));
  }

  /** From now on frames may go these ways, of each place one of several. */
  allow(...ways: readonly (readonly string[])[]): void {
    this.#allowed = ways;
  }

  /** Those that were seen on a way that is not allowed. */
  readonly astray: string[] = [];

  #starts(): Flight[] {
    const walker = this.#walker;
    const ports = [br0, hw0].flatMap((cube) => [0, 1].map((at) => walker.leavingBy(cube, at)));
    const devices = ["dev1", "dev2", "dev3"].flatMap((name) => {
      return [walker.enteringBy(name), walker.enteringBy(name, "egress")];
    });
    return [...devices, ...ports];
  }

  /** Each frame under way may go on now, up to its end, and others come. */
  #look(): void {
    for (const [place, start] of this.#starts().entries()) {
      this.#flights[place]?.push(...this.#walker.flightsFrom(start));
    }
    for (const [place, flights] of this.#flights.entries()) {
      const allowed = this.#allowed.map((ways) => ways[place]);
      const arrived = flights.map((flight) => this.#walker.arrival(flight));
      const astray = new Set(arrived.filter((way) => !allowed.includes(way)));
      this.astray.push(...[...astray].map((way) => `${place}: ${way}`));
    }
  }

  /** Whoever is under way arrives. */
  arrive(): void {
    if (this.#allowed.length > 0) this.#look();
    for (const flights of this.#flights) flights.splice(0);
  }
}

describe("a change of chains", () => {
  it("of any kind leads each frame by the old way or the new one, also where it is undone", async () => {
    const random = pseudoRandom(1);
    const cabled = () => cablings[random(cablings.length)] ?? cablings[0];
    for (let run = 0; run < 30; run++) {
      const [from, to] = [arrangement(random), arrangement(random)];
      const [cabling, next] = [cabled(), cabled()];
      const tried = await Rearrangement.started(from, () => undefined, cabling);
      const before = tried.ways();
      await tried.fixture.commit(...tried.edits(to, next));
      let left = random(20);
      const failing = () => {
        if (left-- === 0) throw new KernelError("writing", "EIO");
      };
      const change = await Rearrangement.started(from, failing, cabling);
      change.allow(before, tried.ways());

      await change.fixture.commit(...change.edits(to, next)).catch(() => undefined);
      change.arrive();

      assert.deepEqual(
        [run, from, cabling, to, next, change.astray],
        [run, from, cabling, to, next, []],
      );
    }
  }).timeout(30_000);

  for (const [title, from, to] of rearrangements) {
    /** The ways before and after. */
    const bothWays = async (): Promise<[string[], string[]]> => {
      const tried = await Rearrangement.started(from, () => undefined);
      const before = tried.ways();
      await tried.fixture.commit(...tried.edits(to));
      return [before, tried.ways()];
    };

    it(`${title} leads each frame by the old way or the new one, whole`, async () => {
      let writes = 0;
      const change = await Rearrangement.started(from, () => void writes++);
      change.allow(...(await bothWays()));

      await change.fixture.commit(...change.edits(to));
      change.arrive();

      assert.deepEqual(change.astray, []);
      assert.ok(writes > 0);
    });

    it(`${title} does so too where it fails at any write and is undone`, async () => {
      const [before, after] = await bothWays();
      for (let fatal = 1, failed = true; failed; fatal++) {
        let writes = 0;
        failed = false;
        const change = await Rearrangement.started(from, () => {
          writes += 1;
          if (writes !== fatal) return;
          failed = true;
          throw new KernelError("writing", "EIO");
        });
        change.allow(before, after);

        const committed = change.fixture.commit(...change.edits(to));
        await committed.catch((error: unknown) => assert.ok(failed, String(error)));
        change.arrive();

        assert.deepEqual([fatal, change.astray], [fatal, []]);
        assert.deepEqual(change.ways(), failed ? before : after);
      }
    });
  }
});

describe("transparent cubes", () => {
  let fixture: EngineFixture;
  let walker: Walker;

  beforeEach(async () => {
    ({ fixture, walker } = await started());
  });

  const attachToDevice = (name: string, ...tcubes: string[]) =>
    fixture.commit(fixture.edit("replace", device(name), { tcubes }));
  const attach = (path: string, ...names: string[]) =>
    fixture.commit(fixture.edit("replace", `${path}/tcubes`, names));

  it("of a port are passed by what leaves it, the first of them first", async () => {
    await attach(portOf(br0, "p1"), "th1", "th2");

    assert.equal(walker.port(br0, 0), "th1 egress th2 egress device dev1");
    assert.equal(walker.device("dev1"), "th2 ingress th1 ingress br0:0");
  });

  it("of a device are passed by what comes in, the first of them first", async () => {
    await attachToDevice("dev1", "th1", "th2");

    assert.equal(walker.device("dev1"), "th1 ingress th2 ingress br0:0");
    assert.equal(walker.device("dev1", "egress"), "th2 egress th1 egress next dev1");
    assert.equal(walker.port(br0, 0), "device dev1");
  });

  it("of a device without a port let frames go on to its stack", async () => {
    await attachToDevice("dev3", "th1");

    assert.equal(walker.device("dev3"), "th1 ingress next dev3");
    assert.equal(walker.device("dev3", "egress"), "th1 egress next dev3");
  });

  it("of two ports in a row are passed outwards, then inwards", async () => {
    await fixture.commit(
      fixture.edit("merge", portOf(br0, "p2"), { peer: "hw0:a", tcubes: ["th1", "th2"] }),
      fixture.edit("merge", portOf(hw0, "a"), { peer: "br0:p2", tcubes: ["th3"] }),
    );

    assert.equal(walker.port(br0, 1), "th1 egress th2 egress th3 ingress hw0:0");
    assert.equal(walker.port(hw0, 0), "th3 egress th2 ingress th1 ingress br0:1");
  });

  it("come behind the cube's own look at what leaves", async () => {
    await attach(portOf(hw0, "b"), "th1");

    assert.equal(walker.port(hw0, 1), "hw0 egress th1 egress device dev2");
  });

  it("change places", async () => {
    await attach(portOf(br0, "p1"), "th1", "th2", "th3");
    await attach(portOf(br0, "p1"), "th3", "th1", "th2");

    assert.equal(walker.port(br0, 0), "th3 egress th1 egress th2 egress device dev1");
    assert.equal(walker.device("dev1"), "th2 ingress th1 ingress th3 ingress br0:0");
  });

  it("move from a port to a device in one commit", async () => {
    await attach(portOf(br0, "p1"), "th1", "th2");
    await fixture.commit(
      fixture.edit("replace", `${portOf(br0, "p1")}/tcubes`, ["th2"]),
      fixture.edit("replace", device("dev3"), { tcubes: ["th1"] }),
    );

    assert.equal(walker.port(br0, 0), "th2 egress device dev1");
    assert.equal(walker.device("dev3"), "th1 ingress next dev3");
  });

  it("say what they are attached to", async () => {
    await attach(portOf(br0, "p1"), "th1");
    await attachToDevice("dev3", "th2");

    const parents = [1, 2, 3].map((number) => fixture.read(`${th(number)}/parent`));
    assert.deepEqual(parents, ["br0:p1", "dev3", ""]);
  });

  it("leave nothing on a device that they are taken from", async () => {
    await attachToDevice("dev3", "th1");
    await fixture.commit(fixture.edit("delete", device("dev3")));

    const { ifindex } = fixture.devices.byName("dev3") ?? {};
    const attached = fixture.dataplane.attachments().filter((one) => one.ifindex === ifindex);
    assert.deepEqual(attached, []);
    assert.equal(fixture.memory.objects().includes(`devices/${ifindex}`), false);
  });

  it("are on a device again that has come back", async () => {
    await attachToDevice("dev3", "th1");
    fixture.devices.remove(fixture.devices.byName("dev3")?.ifindex ?? 0);
    await fixture.engine.commit([], { user: "local", dryRun: true });
    fixture.devices.add("dev3");
    await fixture.engine.commit([], { user: "local", dryRun: true });

    assert.equal(walker.device("dev3"), "th1 ingress next dev3");
  });
});
