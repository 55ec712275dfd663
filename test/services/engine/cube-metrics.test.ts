import assert from "node:assert/strict";
import { KernelError } from "../../../src/dataplane/dataplane.ts";
import { portCounters, rate } from "../../../src/gen/bpf/core.ts";
import { u32, u64 } from "../../../src/lib/codec.ts";
import type { MetricSource } from "../../../src/lib/metric.ts";
import { atOnce } from "../../../src/lib/slices.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as transparent } from "../../../src/services/transparenthelloworld/service.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const station = { address: "02:00:00:00:00:01", port: "p1" };

/** What a source tells, as lines: `yangplane_ports simplebridge 2`. */
function told(source: MetricSource): string[] {
  const lines: string[] = [];
  const work = source.collect(({ name }, value, labels = []) => {
    lines.push([name, ...labels, value].join(" "));
  });
  atOnce(work);
  return lines;
}

function starting(lines: readonly string[], ...names: readonly string[]): string[] {
  return lines.filter((line) => names.some((name) => line.startsWith(`yangplane_${name} `)));
}

/** Two ports, of which the first has a device and has seen traffic; one static entry. */
async function busyBridge(): Promise<EngineFixture> {
  const fixture = await engineFixture({ devices: ["dev1"] });
  const { edit, commit, memory, objectId } = fixture;
  const ports = [{ name: "p1", peer: "dev1" }, { name: "p2" }];
  await commit(edit("create", br0, { ports, fdb: { entry: [station] } }));
  const drops = Array<bigint>(16).fill(0n).with(1, 1n).with(9, 2n);
  const perCpu = [
    { rxPackets: 3n, rxBytes: 300n, txPackets: 1n, txBytes: 60n, drops },
    { rxPackets: 4n, rxBytes: 400n, txPackets: 0n, txBytes: 0n, drops },
  ];
  const value = Buffer.concat(perCpu.map((counters) => portCounters.encode(counters)));
  memory.putRows(objectId(br0), "counters", [{ key: u32.encode(0), value }]);
  memory.putRows(objectId(br0), "events_lost", [{ key: u32.encode(0), value: u64.encode(5n) }]);
  return fixture;
}

describe("the metrics of cubes", () => {
  it("are what each port has counted, over all CPUs, and why it dropped", async () => {
    const { engine } = await busyBridge();

    const lines = told(engine.metrics);

    const port = "simplebridge br0 p1";
    assert.deepEqual(
      lines.filter((line) => line.includes(port)),
      [
        `yangplane_port_up ${port} 1`,
        `yangplane_port_receive_packets_total ${port} 7`,
        `yangplane_port_receive_bytes_total ${port} 700`,
        `yangplane_port_transmit_packets_total ${port} 1`,
        `yangplane_port_transmit_bytes_total ${port} 60`,
        `yangplane_port_dropped_packets_total ${port} empty-slot 2`,
        `yangplane_port_dropped_packets_total ${port} link-local 4`,
      ],
    );
  });

  it("are the number of cubes and ports, and which ports are up", async () => {
    const { engine } = await busyBridge();

    assert.deepEqual(starting(told(engine.metrics), "cubes", "ports", "port_up"), [
      "yangplane_port_up simplebridge br0 p1 1",
      "yangplane_port_up simplebridge br0 p2 0",
      "yangplane_cubes simplebridge 1",
      "yangplane_ports simplebridge 2",
    ]);
  });

  it("are how full hash maps are, and what ring buffers have lost", async () => {
    const { engine } = await busyBridge();
    const names = ["map_entries", "map_max_entries", "ring_buffer_lost_records_total"];

    assert.deepEqual(starting(told(engine.metrics), ...names).sort(), [
      "yangplane_map_entries simplebridge br0 learned_fdb 0",
      "yangplane_map_entries simplebridge br0 static_fdb 1",
      "yangplane_map_max_entries simplebridge br0 learned_fdb 4096",
      "yangplane_map_max_entries simplebridge br0 static_fdb 4096",
      "yangplane_ring_buffer_lost_records_total simplebridge br0 events 5",
    ]);
  });

  it("are what came from a device and reached no cube", async () => {
    const { engine, memory, devices } = await busyBridge();
    const drops = Array<bigint>(16).fill(0n).with(1, 3n);
    const counters = { rxPackets: 3n, rxBytes: 180n, txPackets: 0n, txBytes: 0n, drops };
    const value = Buffer.concat([counters, counters].map((each) => portCounters.encode(each)));
    const ifindex = devices.byName("dev1")?.ifindex;
    memory.putRows(`devices/${ifindex}`, "counters", [{ key: u32.encode(0), value }]);

    assert.deepEqual(starting(told(engine.metrics), "device_dropped_packets_total"), [
      "yangplane_device_dropped_packets_total dev1 empty-slot 6",
    ]);
  });

  it("are what a transparent cube has counted on each way", async () => {
    const services = [transparent] as object as readonly Discovered[];
    const { engine, edit, commit, memory, objectId } = await engineFixture({ services });
    const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
    await commit(edit("create", th0, {}));
    const drops = Array<bigint>(16).fill(0n).with(6, 4n);
    const counted = { rxPackets: 9n, rxBytes: 900n, txPackets: 1n, txBytes: 100n, drops };
    const value = Buffer.concat([counted, counted].map((each) => portCounters.encode(each)));
    memory.putRows(objectId(th0), "counters", [{ key: u32.encode(1), value }]);

    const lines = told(engine.metrics).filter((line) => line.includes("th0 egress"));

    const [name, labels] = ["yangplane_transparent_cube", "transparenthelloworld th0 egress"];
    assert.deepEqual(lines, [
      `${name}_receive_packets_total ${labels} 18`,
      `${name}_receive_bytes_total ${labels} 1800`,
      `${name}_transmit_packets_total ${labels} 2`,
      `${name}_transmit_bytes_total ${labels} 200`,
      `${name}_dropped_packets_total ${labels} slow-path-rate 8`,
    ]);
  });

  it("are what a cube could not hand to the buffers that all share", async () => {
    const services = [transparent] as object as readonly Discovered[];
    const { engine, edit, commit, memory, objectId } = await engineFixture({ services });
    const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
    await commit(edit("create", th0, {}));
    const losses = { window: 1n, count: 2n, over: 30n, full: 4n };
    const value = Buffer.concat([losses, losses].map((each) => rate.encode(each)));
    memory.putRows(objectId(th0), "punt_rate", [{ key: u32.encode(0), value }]);

    const cube = "transparenthelloworld th0";
    assert.deepEqual(starting(told(engine.metrics), "ring_buffer_lost_records_total").sort(), [
      `yangplane_ring_buffer_lost_records_total ${cube} logs 0`,
      `yangplane_ring_buffer_lost_records_total ${cube} punts 68`,
    ]);
  });

  it("are what the recirculation device has dropped", async () => {
    const { engine, memory } = await busyBridge();
    const drops = Array<bigint>(16).fill(0n).with(5, 1n);
    const counters = { rxPackets: 1n, rxBytes: 60n, txPackets: 0n, txBytes: 0n, drops };
    const value = Buffer.concat([counters, counters].map((each) => portCounters.encode(each)));
    memory.putRows("recirculation", "counters", [{ key: u32.encode(0), value }]);

    const [line] = starting(told(engine.metrics), "device_dropped_packets_total");
    assert.match(line ?? "", / foreign 2$/);
  });

  it("leave out ports beyond 10,000, and tell how many", async () => {
    const { engine, edit, commit } = await engineFixture();
    const ports = Array.from({ length: 128 }, (_, index) => ({ name: `p${index}` }));
    const bridges = Array.from({ length: 79 }, (_, cube) => {
      return edit("create", `/simplebridge:simplebridge[name='br${cube}']`, { ports });
    });
    await commit(...bridges);

    const lines = told(engine.metrics);

    assert.equal(starting(lines, "port_up").length, 10_000);
    assert.deepEqual(starting(lines, "ports", "scrape_ports_left_out"), [
      `yangplane_ports simplebridge ${79 * 128}`,
      `yangplane_scrape_ports_left_out ${79 * 128 - 10_000}`,
    ]);
  });

  it("go on without a cube whose maps cannot be read, and tell of it", async () => {
    const { engine, edit, commit, memory, objectId, errors } = await busyBridge();
    await commit(
      edit("create", "/simplebridge:simplebridge[name='br1']", { ports: [{ name: "p1" }] }),
    );
    const broken = objectId(br0);
    const lookup = memory.lookup.bind(memory);
    memory.lookup = (id, map, key) => {
      if (id === broken) throw new KernelError(`reading map ${map}`, "ENOENT");
      return lookup(id, map, key);
    };

    const lines = told(engine.metrics);

    assert.deepEqual(starting(lines, "port_up", "scrape_unread"), [
      "yangplane_port_up simplebridge br1 p1 0",
      "yangplane_scrape_unread 1",
    ]);
    assert.equal(errors.length, 1);
  });

  it("are not told of a cube that is deleted while they are collected", async () => {
    const { engine, edit, commit } = await busyBridge();
    await commit(
      edit("create", "/simplebridge:simplebridge[name='br1']", { ports: [{ name: "p1" }] }),
    );
    const names: string[] = [];
    const work = engine.metrics.collect((_metric, _value, [, cube] = []) => {
      if (cube) names.push(cube);
    });
    work.next();

    await commit(edit("delete", "/simplebridge:simplebridge[name='br1']"));
    atOnce(work);

    assert.deepEqual([...new Set(names)], ["br0"]);
  });
});
