import assert from "node:assert/strict";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KernelError } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { device, TestBridge } from "../bpf/bridge.ts";
import { isCopy, numbered, RawSocket } from "../support/frames.ts";
import {
  changingFixtures,
  describeKernel,
  fixtureDirectory,
  pinDirectory,
} from "../support/kernel.ts";
import { run, type VethPair, vethPair } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { describeContract } from "./contract.ts";

const objectDirectory = fixtureDirectory();

const filtersOf = (name: string, hook: "ingress" | "egress") =>
  run("tc", "filter", "show", "dev", name, hook);
const hasClsact = (name: string) => /clsact/.test(run("tc", "qdisc", "show", "dev", name));

describeKernel("kernel data plane without tcx", { since: "5.17" }, () => {
  let veth: VethPair;

  before(() => {
    veth = vethPair();
  });

  after(() => veth[Symbol.dispose]());

  describeContract(() => {
    const pins = pinDirectory();
    const fixtures = changingFixtures();
    const dataplane = openKernelDataplane({
      pinDirectory: pins.path,
      objectDirectory: fixtures.path,
      clsactOnly: true,
    });
    return {
      dataplane,
      ifindex: veth.ifindex,
      objectFile: join(fixtures.path, "fixture.bpf.o"),
      recompile: fixtures.change,
      emit: (objectId, record) => {
        const data = Uint8Array.from([...record, ...new Uint8Array(58)]);
        dataplane.testRun(objectId, "ingress", { data });
      },
      [Symbol.dispose]: () => {
        for (const { ifindex, hook } of dataplane.attachments()) dataplane.detach(ifindex, hook);
        dataplane[Symbol.dispose]();
        pins[Symbol.dispose]();
        fixtures[Symbol.dispose]();
      },
    };
  });
});

describeKernel("filters on clsact", { since: "5.17" }, () => {
  const id = "cubes/a";
  let pins: ReturnType<typeof pinDirectory>;
  let dataplane: KernelDataplane;
  let veth: VethPair;

  const open = () =>
    openKernelDataplane({ pinDirectory: pins.path, objectDirectory, clsactOnly: true });

  const attach = (hook: "tcx-ingress" | "tcx-egress") =>
    dataplane.attach({ ifindex: veth.ifindex, hook, objectId: id, program: "ingress" });

  function reopen(): void {
    dataplane[Symbol.dispose]();
    dataplane = open();
  }

  beforeEach(() => {
    pins = pinDirectory();
    veth = vethPair();
    dataplane = open();
    dataplane.loadObject({ id, object: "fixture", constants: {}, capacity: {} });
  });

  afterEach(() => {
    veth[Symbol.dispose]();
    dataplane[Symbol.dispose]();
    pins[Symbol.dispose]();
  });

  it("are direct-action, and gone with the last of them, as is clsact", () => {
    attach("tcx-ingress");
    attach("tcx-egress");
    assert.match(filtersOf(veth.name, "ingress"), /handle 0x5950 yangplane direct-action/);
    assert.match(filtersOf(veth.name, "egress"), /handle 0x5950 yangplane direct-action/);

    dataplane.detach(veth.ifindex, "tcx-ingress");
    assert.equal(filtersOf(veth.name, "ingress"), "");
    assert.equal(hasClsact(veth.name), true);
    dataplane.detach(veth.ifindex, "tcx-egress");

    assert.equal(hasClsact(veth.name), false);
    assert.deepEqual(readdirSync(join(pins.path, "filters")), []);
  });

  it("stay while no daemon runs, and the next one knows them", () => {
    attach("tcx-ingress");
    const [before] = dataplane.attachments();

    dataplane[Symbol.dispose]();
    assert.match(filtersOf(veth.name, "ingress"), /yangplane/);
    dataplane = open();

    assert.deepEqual(dataplane.attachments(), [before]);
    dataplane.detach(veth.ifindex, "tcx-ingress");
    assert.equal(hasClsact(veth.name), false);
  });

  for (const isReplaced of [true, false]) {
    it(`are ours after a daemon that died ${isReplaced ? "behind" : "before"} an exchange of programs`, () => {
      attach("tcx-ingress");
      const other = { id: "cubes/b", object: "fixture", constants: {}, capacity: {} };
      dataplane.loadObject(other);
      const { ifindex } = veth;
      const next = {
        ifindex,
        hook: "tcx-ingress",
        objectId: "cubes/b",
        program: "ingress",
      } as const;
      const filters = join(pins.path, "filters");
      const name = `${ifindex}-tcx-ingress`;
      // The pin of the program that is there is the last thing to be replaced.
      if (isReplaced) dataplane.reattach(next);
      for (const [id, pin] of isReplaced
        ? [
            ["a", name],
            ["b", `next-${name}`],
          ]
        : [["b", `next-${name}`]]) {
        rmSync(join(filters, pin ?? ""), { force: true });
        run(
          "bpftool",
          "prog",
          "pin",
          "pinned",
          join(pins.path, "cubes", id ?? "", "programs/ingress"),
          join(filters, pin ?? ""),
        );
      }

      reopen();

      assert.deepEqual(dataplane.attachments(), [isReplaced ? next : { ...next, objectId: id }]);
      assert.deepEqual(readdirSync(filters), [name]);
      dataplane.detach(ifindex, "tcx-ingress");
      assert.equal(filtersOf(veth.name, "ingress"), "");
    });
  }

  it("are no attachments once somebody else has removed them", () => {
    attach("tcx-ingress");
    run("tc", "qdisc", "delete", "dev", veth.name, "clsact");

    assert.deepEqual(dataplane.attachments(), []);
    reopen();
    assert.deepEqual(readdirSync(join(pins.path, "filters")), []);
    attach("tcx-ingress");
    assert.equal(dataplane.attachments().length, 1);
  });

  it("are no attachments once the device is gone", () => {
    attach("tcx-ingress");
    veth[Symbol.dispose]();

    assert.deepEqual(dataplane.attachments(), []);
    dataplane.detach(veth.ifindex, "tcx-ingress");
    assert.deepEqual(readdirSync(join(pins.path, "filters")), []);
  });

  it("leave filters of other tools alone", () => {
    run("tc", "qdisc", "add", "dev", veth.name, "clsact");
    const object = join(objectDirectory, "push-vlan.bpf.o");
    const place = ["dev", veth.name, "ingress", "prio", "77"];
    run("tc", "filter", "add", ...place, "bpf", "da", "obj", object, "sec", "tc");

    attach("tcx-ingress");
    dataplane.detach(veth.ifindex, "tcx-ingress");

    assert.match(filtersOf(veth.name, "ingress"), /pref 77 bpf .* push-vlan/);
    assert.doesNotMatch(filtersOf(veth.name, "ingress"), /yangplane/);
  });

  it("refuse a place that another tool's filter has", () => {
    const object = join(objectDirectory, "push-vlan.bpf.o");
    run("tc", "qdisc", "add", "dev", veth.name, "clsact");
    const place = ["dev", veth.name, "ingress", "prio", "10", "handle", "0x5950"];
    run("tc", "filter", "add", ...place, "bpf", "da", "obj", object, "sec", "tc");

    assert.throws(
      () => attach("tcx-ingress"),
      (error: unknown) => error instanceof KernelError && error.code === "EBUSY",
    );
    assert.deepEqual(dataplane.attachments(), []);
    assert.deepEqual(readdirSync(join(pins.path, "filters")), []);
    assert.match(filtersOf(veth.name, "ingress"), /push/);
  });

  it("pass frames into a cube", async () => {
    using other = vethPair();
    using bridge = new TestBridge({}, { clsactOnly: true });
    bridge.wire(device(veth.ifindex), device(other.ifindex)).enterBy({ kind: "tail", arg: 0 });
    bridge.dataplane.attach({
      ifindex: veth.ifindex,
      hook: "tcx-ingress",
      objectId: "devices/entry",
      program: "ingress",
    });
    const frame = packet()
      .ethernet("02:00:00:00:00:0a", "ff:ff:ff:ff:ff:ff")
      .payload(numbered())
      .bytes();
    using from = new RawSocket({ device: veth.peer });
    using to = new RawSocket({ device: other.peer });

    from.send(frame);

    await to.upTo(isCopy(frame));
    bridge.dataplane.detach(veth.ifindex, "tcx-ingress");
  });
});
