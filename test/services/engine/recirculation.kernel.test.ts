import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../../src/dataplane/kernel.ts";
import { openDevices } from "../../../src/dataplane/netlink/devices.ts";
import { recirculationObject } from "../../../src/gen/bpf/recirculation.ts";
import { emptyState, type Version } from "../../../src/services/engine/commit-log.ts";
import { readRecirculationDrops } from "../../../src/services/engine/counters.ts";
import { Engine } from "../../../src/services/engine/engine.ts";
import { anyServices, callsOf, MemoryLog, schemaOfServices } from "../../support/engine.ts";
import { describeKernel, pinDirectory } from "../../support/kernel.ts";
import { ip } from "../../support/network.ts";
import { edit } from "../../support/tree.ts";

const objectDirectory = new URL("../../../build/bpf/", import.meta.url).pathname;
const schema = schemaOfServices(anyServices);
const br0 = "/simplebridge:simplebridge[name='br0']";

describeKernel("the recirculation device", { since: "6.6" }, () => {
  let pins: ReturnType<typeof pinDirectory>;

  beforeEach(() => {
    pins = pinDirectory();
  });

  afterEach(() => pins[Symbol.dispose]());

  /** Runs an engine on what is pinned, and gives the configuration it ends with. */
  async function run(
    stored: Version,
    work: (dataplane: KernelDataplane, engine: Engine) => unknown,
  ): Promise<Version> {
    using devices = openDevices();
    using dataplane = openKernelDataplane({ pinDirectory: pins.path, objectDirectory });
    const onError = (error: unknown) => assert.fail(String(error));
    const log = new MemoryLog();
    const engine = new Engine({ schema, services: anyServices, dataplane, devices, log, onError });
    await engine.restore(stored);
    await work(dataplane, engine);
    const { root } = engine.snapshot();
    await engine.close();
    engine.leave();
    return { root, id: 1 };
  }

  const createBridge = async (_: KernelDataplane, engine: Engine): Promise<void> => {
    await callsOf(engine, schema).commit(edit(schema, "create", br0, {}));
  };

  it("takes frames while it is there, and is not made for them", async () => {
    const frame = { data: new Uint8Array(60), segmentSize: 0, slot: 9, arg: 0 };
    await run(emptyState(schema), (dataplane) => {
      const drops = () => readRecirculationDrops(dataplane)[0]?.packets;
      const send = () => assert.throws(() => dataplane.sendFrame(frame), /ENOBUFS/);

      send();
      assert.equal(drops(), 1n);
      dataplane.removeRecirculation();
      assert.throws(() => dataplane.sendFrame(frame), KernelError);
      assert.throws(() => dataplane.sendFrame(frame), /ENODEV/);
      assert.equal(dataplane.recirculation(), undefined);
      dataplane.openRecirculation();
      dataplane.sendFrame(frame);
    });
  });

  it("is up, silent, and has its program both ways", async () => {
    await run(emptyState(schema), (dataplane) => {
      const [first, second] = dataplane.ownDevices;

      const flags = ip(`-o link show ${first}`);
      assert.match(flags, /[<,]UP[,>].*mtu 65535/);
      assert.doesNotMatch(ip(`-o address show ${first}`) + ip(`-o address show ${second}`), /inet/);
      const hooks = dataplane.attachments().map(({ hook, program }) => [hook, program]);
      assert.deepEqual(hooks.sort(), [
        ["tcx-egress", "recirculate"],
        ["tcx-ingress", "recirculate"],
      ]);
    });
  });

  it("outlives an engine that has cubes, and the next one finds it", async () => {
    const stored = await run(emptyState(schema), createBridge);
    const left = rowOf(pins.path);

    await run(stored, () => undefined);

    assert.ok(left.ifindex > 0 && left.nonce > 0);
    assert.deepEqual(rowOf(pins.path), left);
  });

  it("is made anew where somebody deleted it", async () => {
    const stored = await run(emptyState(schema), createBridge);
    const left = rowOf(pins.path);

    await run(stored, ({ ownDevices }) => void ip(`link delete ${ownDevices[0]}`));
    await run(stored, () => undefined);

    const { ifindex, nonce } = rowOf(pins.path);
    assert.ok(ifindex > left.ifindex);
    assert.equal(nonce, left.nonce);
  });

  it("goes with an engine that leaves no cubes", async () => {
    let name = "";
    await run(emptyState(schema), ({ ownDevices }) => {
      [name] = ownDevices;
      assert.ok(existsSync(`/sys/class/net/${name}`));
    });

    assert.equal(existsSync(`/sys/class/net/${name}`), false);
  });
});

function rowOf(path: string) {
  using dataplane = openKernelDataplane({ pinDirectory: path, objectDirectory });
  const { name, key, value } = recirculationObject.maps.recirculation;
  const row = dataplane.lookup("recirculation", name, key.encode(0));
  return value.decode(row ?? new Uint8Array(value.size));
}
