import assert from "node:assert/strict";
import { printPath } from "../../../src/datamodel/tree/path.ts";
import { portCounters } from "../../../src/gen/bpf/core.ts";
import { u32 } from "../../../src/lib/codec.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { anyServices, engineFixture } from "../../support/engine.ts";

const services = [...anyServices, netdev];
const path = (name: string) => `/netdev:netdev[name='${name}']`;

describe("the devices of the host", () => {
  it("are listed with what they are, whether or not anything is configured", async () => {
    const { read, devices } = await engineFixture({ services, devices: ["veth1", "veth2"] });
    const index = (name: string) => devices.byName(name)?.ifindex ?? 0;
    devices.change(index("veth2"), { up: false });

    const listed = read("/netdev:netdev") as Record<string, unknown>[];

    assert.deepEqual(
      listed.map((device) => [device["name"], device["admin-status"], device["oper-status"]]),
      [
        ["veth1", "UP", "UP"],
        ["veth2", "DOWN", "DOWN"],
      ],
    );
    const { ifindex, mac, mtu, kind } = devices.byName("veth1") ?? {};
    assert.deepEqual(read(path("veth1")), {
      name: "veth1",
      ifindex,
      "mac-address": mac,
      mtu,
      ...(kind === undefined ? {} : { kind }),
      "admin-status": "UP",
      "oper-status": "UP",
    });
  });

  it("say which port they feed", async () => {
    const { read, edit, commit } = await engineFixture({ services, devices: ["veth1"] });
    const ports = [{ name: "p1", peer: "veth1" }];
    await commit(edit("create", "/simplebridge:simplebridge[name='br0']", { ports }));

    assert.equal(read(`${path("veth1")}/port`), "br0:p1");
  });

  it("say what came from them and reached no cube", async () => {
    const { read, edit, commit, memory, devices } = await engineFixture({
      services,
      devices: ["veth1", "veth2"],
    });
    const ports = [{ name: "p1", peer: "veth1" }];
    await commit(edit("create", "/simplebridge:simplebridge[name='br0']", { ports }));
    const drops = Array<bigint>(16).fill(0n).with(0, 2n);
    const counters = { rxPackets: 2n, rxBytes: 120n, txPackets: 0n, txBytes: 0n, drops };
    const value = Buffer.concat([counters, counters].map((each) => portCounters.encode(each)));
    const ifindex = devices.byName("veth1")?.ifindex;
    memory.putRows(`devices/${ifindex}`, "counters", [{ key: u32.encode(0), value }]);

    assert.deepEqual(read(`${path("veth1")}/drops`), [{ reason: "no-peer", packets: "4" }]);
    assert.deepEqual(read(`${path("veth2")}/drops`), []);
  });

  it("are not in the configuration", async () => {
    const { read } = await engineFixture({ services, devices: ["veth1"] });

    assert.deepEqual(read("/netdev:netdev", "config"), []);
    assert.equal(read(path("veth9")), undefined);
  });

  it("are told of when they change", async () => {
    const fixture = await engineFixture({ services, devices: ["veth1"] });
    const heard = fixture.heard();

    fixture.devices.change(fixture.devices.byName("veth1")?.ifindex ?? 0, { mtu: 9000 });

    const told = heard.flatMap(({ state }) => state.map((changed) => printPath(changed)));
    assert.deepEqual(told, [path("veth1")]);
  });
});
