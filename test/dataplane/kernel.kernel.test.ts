import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KernelError, type ObjectRequest } from "../../src/dataplane/dataplane.ts";
import { type KernelDataplane, openKernelDataplane } from "../../src/dataplane/kernel.ts";
import { u32, u64 } from "../support/fixture-object.ts";
import {
  changingFixtures,
  describeKernel,
  fixtureDirectory,
  pinDirectory,
} from "../support/kernel.ts";
import { descriptors } from "../support/leaks.ts";
import { type VethPair, vethPair } from "../support/network.ts";
import { packet } from "../support/packet.ts";
import { describeContract } from "./contract.ts";

const FRAME = packet()
  .ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b")
  .ipv4("192.0.2.1", "192.0.2.2")
  .udp(1, 2)
  .bytes();

/** struct __sk_buff with a jump table slot where the entry program looks for it, in cb[0]. */
function contextWithSlot(slot: number): Uint8Array {
  const context = new Uint8Array(192);
  context.set(u32(slot), 48);
  return context;
}

describeKernel("kernel data plane", { since: "6.6" }, () => {
  let veth: VethPair;

  before(() => {
    veth = vethPair();
  });

  after(() => veth[Symbol.dispose]());

  describeContract(() => {
    const pins = pinDirectory();
    const fixtures = changingFixtures();
    const objectDirectory = fixtures.path;
    const dataplane = openKernelDataplane({ pinDirectory: pins.path, objectDirectory });
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
        dataplane[Symbol.dispose]();
        pins[Symbol.dispose]();
        fixtures[Symbol.dispose]();
      },
    };
  });
});

describeKernel("kernel data plane, beyond its twin", { since: "6.6" }, () => {
  const request: ObjectRequest = {
    id: "cubes/a",
    object: "fixture",
    constants: { verdict: u32(2), local_mac: Uint8Array.of(2, 1, 2, 3, 4, 5) },
    capacity: { table: 100 },
  };
  let pins: ReturnType<typeof pinDirectory>;
  let objectDirectory: string;
  let dataplane: KernelDataplane;

  const open = () => openKernelDataplane({ pinDirectory: pins.path, objectDirectory });

  function reopen(): void {
    dataplane[Symbol.dispose]();
    dataplane = open();
  }

  beforeEach(() => {
    pins = pinDirectory();
    objectDirectory = fixtureDirectory();
    dataplane = open();
  });

  afterEach(() => {
    dataplane[Symbol.dispose]();
    pins[Symbol.dispose]();
  });

  it("gives programs their constants", () => {
    dataplane.loadObject(request);

    assert.equal(dataplane.testRun("cubes/a", "ingress", { data: FRAME }).verdict, 2);
    const { data } = dataplane.testRun("cubes/a", "rewrite", { data: FRAME });
    assert.deepEqual(data.subarray(0, 6), request.constants["local_mac"]);
    assert.deepEqual(data.subarray(6), FRAME.subarray(6));
  });

  it("lets programs of one object tail call those of another", () => {
    dataplane.loadObject(request);
    dataplane.loadObject({ ...request, id: "cubes/b", constants: { verdict: u32(1) } });
    const run = () => {
      const context = contextWithSlot(9);
      return dataplane.testRun("cubes/a", "entry", { data: FRAME, context }).verdict;
    };

    const empty = run();
    dataplane.setProgram(9, "cubes/b", "ingress");
    const filled = run();
    dataplane.setProgram(9, "cubes/a", "ingress");
    const replaced = run();

    assert.deepEqual([empty, filled, replaced], [7, 1, 2]);
  });

  it("finds after a restart what it left", () => {
    using veth = vethPair();
    const attachment = { ifindex: veth.ifindex, objectId: "cubes/a", program: "ingress" } as const;
    dataplane.loadObject(request);
    dataplane.putRows("cubes/a", "table", [{ key: u32(1), value: u64(10) }]);
    dataplane.setProgram(3, "cubes/a", "ingress");
    dataplane.attach({ ...attachment, hook: "tcx-ingress" });

    reopen();

    assert.deepEqual(dataplane.objects(), ["cubes/a"]);
    assert.deepEqual(dataplane.loadedRequest("cubes/a"), request);
    assert.deepEqual(dataplane.lookup("cubes/a", "table", u32(1)), u64(10));
    assert.deepEqual(dataplane.programs(), [
      { family: "tc", slot: 3, objectId: "cubes/a", program: "ingress" },
    ]);
    assert.deepEqual(dataplane.attachments(), [{ ...attachment, hook: "tcx-ingress" }]);
    dataplane.detach(veth.ifindex, "tcx-ingress");
    dataplane.clearProgram("tc", 3);
    dataplane.unloadObject("cubes/a");
    assert.deepEqual(readdirSync(join(pins.path, "links")), []);
  });

  it("does not rely on an object whose compiled file is another one now", () => {
    const directory = mkdtempSync(join(tmpdir(), "yptest"));
    try {
      cpSync(objectDirectory, directory, { recursive: true });
      objectDirectory = directory;
      reopen();
      dataplane.loadObject(request);

      appendFileSync(join(directory, "fixture.bpf.o"), "\0");

      assert.equal(dataplane.loadedRequest("cubes/a"), undefined);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  const removed = [
    { what: "a map", pins: ["cubes/a/maps"] },
    { what: "a program", pins: ["cubes/a/programs"] },
    { what: "the manifest", pins: ["cubes/a/manifest"] },
    { what: "the jump tables", pins: ["shared"] },
  ];

  for (const { what, pins: paths } of removed) {
    it(`does not rely on an object once somebody has removed the pin of ${what}`, () => {
      dataplane.loadObject(request);
      dataplane.setProgram(3, "cubes/a", "ingress");
      assert.deepEqual(dataplane.loadedRequest("cubes/a"), request);
      for (const path of paths) removePin(join(pins.path, path));

      dataplane.refresh();

      assert.equal(dataplane.loadedRequest("cubes/a"), undefined);
    });
  }

  it("finds the maps whose pins were removed by the programs that use them", () => {
    dataplane.loadObject(request);
    dataplane.setProgram(3, "cubes/a", "xdp_entry");
    dataplane.putRows("cubes/a", "table", [{ key: u32(1), value: u64(10) }]);
    removePin(join(pins.path, "cubes/a/maps"), (name) => name.startsWith("table"));
    dataplane.refresh();

    dataplane.loadObject({ ...request, id: "cubes/a~2" }, "cubes/a");

    assert.deepEqual(dataplane.lookup("cubes/a~2", "table", u32(1)), u64(10));
    dataplane.setProgram(3, "cubes/a~2", "xdp_entry");
    dataplane.unloadObject("cubes/a");
    assert.deepEqual(dataplane.lookup("cubes/a~2", "table", u32(1)), u64(10));
  });

  it("names the form of the rows in the pin of a map", () => {
    dataplane.loadObject(request);

    const names = readdirSync(join(pins.path, "cubes/a/maps"));

    assert.ok(
      names.every((name) => /^[a-z_]+@[0-9a-f]{8}$/.test(name)),
      names.join(),
    );
  });

  it("forgets the attachments of a device that goes away", () => {
    const veth = vethPair();
    dataplane.loadObject(request);
    for (const hook of ["tcx-ingress", "tcx-egress"] as const) {
      dataplane.attach({ ifindex: veth.ifindex, hook, objectId: "cubes/a", program: "ingress" });
    }

    veth[Symbol.dispose]();

    assert.deepEqual(dataplane.attachments(), []);
    dataplane.detach(veth.ifindex, "tcx-ingress");
    reopen();
    assert.deepEqual(readdirSync(join(pins.path, "links")), []);
    dataplane.unloadObject("cubes/a");
  });

  it("quotes the verifier and leaves nothing where it refuses a program", () => {
    assert.throws(
      () => dataplane.loadObject({ ...request, object: "rejected", constants: {}, capacity: {} }),
      (error: unknown) => {
        assert.ok(error instanceof KernelError);
        assert.equal(error.code, "EACCES");
        assert.match(
          error.message,
          /^loading rejected as cubes\/a: EACCES: \(\d+ lines omitted\)\n/,
        );
        assert.match(error.message, /invalid access to packet/);
        return true;
      },
    );

    assert.deepEqual(dataplane.objects(), []);
    assert.deepEqual(readdirSync(pins.path).sort(), ["links", "shared"]);
  });

  it("clears away what a daemon killed while loading has left", () => {
    mkdirSync(join(pins.path, "staging", "programs"), { recursive: true });

    reopen();

    assert.deepEqual(dataplane.objects(), []);
    assert.deepEqual(readdirSync(pins.path).sort(), ["links", "shared"]);
  });

  it("tells of programs whose object is gone, so that packets have them until they are replaced", () => {
    using veth = vethPair();
    const attachment = { ifindex: veth.ifindex, hook: "tcx-ingress" } as const;
    dataplane.loadObject(request);
    dataplane.setProgram(1, "cubes/a", "ingress");
    dataplane.attach({ ...attachment, objectId: "cubes/a", program: "ingress" });
    rmSync(join(pins.path, "cubes"), { recursive: true });

    reopen();

    const nobody = { objectId: "", program: "" };
    assert.deepEqual(dataplane.programs(), [{ family: "tc", slot: 1, ...nobody }]);
    assert.deepEqual(dataplane.attachments(), [{ ...attachment, ...nobody }]);
    dataplane.clearProgram("tc", 1);
    dataplane.detach(veth.ifindex, "tcx-ingress");
    assert.deepEqual([dataplane.programs(), dataplane.attachments()], [[], []]);
  });

  it("keeps a bounded number of descriptors however many maps it writes", () => {
    for (let index = 0; index < 60; index++) {
      const id = `cubes/c${index}`;
      dataplane.loadObject({ ...request, id });
      for (const map of ["table", "cells", "recent", "routes", "counts"]) dataplane.rows(id, map);
    }

    assert.equal(descriptors().filter((target) => target.includes("bpf")).length, 256);
    dataplane.putRows("cubes/c0", "table", [{ key: u32(1), value: u64(1) }]);
  });

  it("refuses a folder that is on no bpf file system, and names the alternative", () => {
    assert.throws(
      () => openKernelDataplane({ pinDirectory: tmpdir(), objectDirectory }),
      /EINVAL: .*mount -t bpf.*--dataplane memory/,
    );
  });

  it("delivers every record of a ring buffer that wraps, though a listener throws", async () => {
    dataplane.loadObject(request);
    const rounds = 20;
    const perRound = 200;
    const warnings: string[] = [];
    const onWarning = (warning: Error) => warnings.push(warning.message);
    process.on("warning", onWarning);
    const heard: number[] = [];

    await new Promise<void>((resolve) => {
      const subscription = dataplane.subscribe("cubes/a", "events", (record) => {
        heard.push(new DataView(record.buffer).getUint32(0, true));
        if (heard.length === rounds * perRound) {
          subscription[Symbol.dispose]();
          resolve();
        } else if (heard.length % perRound === 0) emitRound();
        if (heard.length === 1) throw new Error("a listener's fault");
      });
      let next = 0;
      function emitRound(): void {
        for (let count = 0; count < perRound; count++, next++) {
          const data = Uint8Array.from([...u32(next), ...FRAME.subarray(4)]);
          dataplane.testRun("cubes/a", "ingress", { data });
        }
      }
      emitRound();
    });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);

    assert.deepEqual(
      heard,
      Array.from({ length: rounds * perRound }, (_, index) => index),
    );
    assert.deepEqual(warnings, ["a listener's fault"]);
  });
});

/** Removes what is pinned below a folder, or there under a name. */
function removePin(path: string, isMeant: (name: string) => boolean = () => true): void {
  if (statSync(path).isFile()) rmSync(path);
  else for (const name of readdirSync(path).filter(isMeant)) rmSync(join(path, name));
}
