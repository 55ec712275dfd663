import assert from "node:assert/strict";
import type { TraceRequest, TraceStep } from "../../../src/datamodel/datastore/trace.ts";
import { RequestError } from "../../../src/datamodel/error.ts";
import { type Hop, hopFlag, type TraceRecord, traceRecord } from "../../../src/gen/bpf/core.ts";
import { entryObject } from "../../../src/gen/bpf/entry.ts";
import { recirculationObject } from "../../../src/gen/bpf/recirculation.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { recirculationObjectId } from "../../../src/services/engine/recirculation.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as transparent } from "../../../src/services/transparenthelloworld/service.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";

const br0 = "/simplebridge:simplebridge[name='br0']";
const { traces, traceFilter } = recirculationObject.maps;
const anything: Omit<TraceRequest, "at"> = { filter: {}, frames: 10, seconds: 60 };
const none: Hop = { kind: "none", flags: 0, slot: 0, arg: 0 };

async function bridge(): Promise<EngineFixture> {
  const fixture = await engineFixture({ devices: ["dev1", "dev2", "dev3"] });
  const ports = [{ name: "p1", peer: "dev1" }, { name: "p2", peer: "dev2" }, { name: "p3" }];
  await fixture.commit(fixture.edit("create", br0, { ports }));
  return fixture;
}

/** A trace under way: what it has told, and its end. */
async function tracing(fixture: EngineFixture, request: Partial<TraceRequest> = {}) {
  const steps: TraceStep[] = [];
  const abort = new AbortController();
  const all = { at: "br0:p1", ...anything, ...request };
  const listener = { begun: () => undefined, step: (step: TraceStep) => void steps.push(step) };
  const end = fixture.engine.tracer.trace(all, listener, abort.signal);
  end.catch(() => undefined);
  // The turn in which the rows are marked.
  await fixture.engine.commit([], { user: "local" });
  return { steps, end, stop: () => abort.abort() };
}

function emit({ memory }: EngineFixture, record: Partial<TraceRecord>): void {
  const whole: TraceRecord = {
    timeNs: process.hrtime.bigint(),
    frame: 7,
    length: 60,
    hop: none,
    slot: 0,
    event: "sent",
    reason: 0,
    head: new Uint8Array(64),
    ...record,
  };
  const bytes = traceRecord.encode(whole);
  memory.emit(recirculationObjectId(memory), traces.name, bytes);
}

/** Whether frames that come from a device are looked at. */
function isTraced({ memory, devices }: EngineFixture, device: string): boolean {
  const id = `devices/${devices.byName(device)?.ifindex}`;
  const { name, key, value } = entryObject.maps.hop;
  const row = memory.lookup(id, name, key.encode(0)) ?? new Uint8Array(value.size);
  return (value.decode(row).flags & hopFlag.trace) !== 0;
}

function filterOf({ memory }: EngineFixture) {
  const { name, key, value } = traceFilter;
  const row = memory.lookup(recirculationObjectId(memory), name, key.encode(0));
  return value.decode(row ?? new Uint8Array(value.size));
}

function refusal(tag: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof RequestError, String(error));
    assert.equal(error.violations[0]?.tag, tag);
    assert.match(error.violations[0]?.message ?? "", message);
    return true;
  };
}

describe("a trace", () => {
  it("marks the rows that lead to the port, and no others, until it ends", async () => {
    const fixture = await bridge();
    const { end, stop } = await tracing(fixture);
    const during = ["dev1", "dev2"].map((device) => isTraced(fixture, device));

    stop();

    assert.deepEqual(await end, { frames: 0, lost: 0 });
    assert.deepEqual(during, [true, false]);
    assert.equal(isTraced(fixture, "dev1"), false);
    assert.equal(filterOf(fixture).untilNs, 0n);
  });

  it("leaves no mark behind where a commit is under way at its end", async () => {
    const fixture = await bridge();
    const { end, stop } = await tracing(fixture);
    const commit = fixture.commit(fixture.edit("merge", `${br0}/fdb/aging-time`, 77));

    stop();

    await Promise.all([commit, end]);
    await fixture.engine.close();
    assert.equal(isTraced(fixture, "dev1"), false);
  });

  it("tells steps in the words of the configuration", async () => {
    const fixture = await bridge();
    const { steps, stop } = await tracing(fixture);
    const ifindex = fixture.devices.byName("dev2")?.ifindex ?? 0;
    const head = Uint8Array.from({ length: 64 }, (_, index) => index);

    emit(fixture, { event: "entered", slot: 0xffff, hop: { ...none, kind: "tail", arg: 0 }, head });
    emit(fixture, { hop: { ...none, kind: "device", arg: ifindex } });
    emit(fixture, { event: "dropped", frame: 9, reason: 9 });
    emit(fixture, { event: "copied", frame: 9, hop: { ...none, kind: "next", arg: ifindex } });
    emit(fixture, { event: "punted", frame: 9 });
    stop();

    assert.deepEqual(
      steps.map(({ timeNs: _, length: __, head: ___, ...step }) => step),
      [
        { frame: 1, event: "entered", target: { kind: "cube", cube: "br0", port: "p1" } },
        {
          frame: 1,
          event: "sent",
          cube: "br0",
          target: { kind: "device", device: "dev2", port: "br0:p2" },
        },
        { frame: 2, event: "dropped", cube: "br0", reason: "link-local" },
        { frame: 2, event: "copied", cube: "br0", target: { kind: "stack", device: "dev2" } },
        { frame: 2, event: "punted", cube: "br0" },
      ],
    );
    assert.deepEqual(steps[0]?.head, head.subarray(0, 60));
    assert.ok(Math.abs(Date.now() - Number(steps[0]?.timeNs) / 1e6) < 5000);
  });

  it("names the ways through transparent cubes, and cubes by their egress programs", async () => {
    const services = [helloworld, transparent] as readonly object[] as readonly Discovered[];
    const fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
    const ports = [
      { name: "a", peer: "dev1", tcubes: ["th0"] },
      { name: "b", peer: "dev2" },
    ];
    await fixture.commit(
      fixture.edit("create", "/transparenthelloworld:transparenthelloworld[name='th0']", {}),
      fixture.edit("create", "/helloworld:helloworld[name='hw0']", { ports }),
    );
    const { steps, stop } = await tracing(fixture, { at: "hw0:a" });
    const ifindex = fixture.devices.byName("dev2")?.ifindex ?? 0;
    const slots = new Map(
      fixture.memory.programs().map(({ slot, objectId, program }) => {
        return [`${objectId} ${program}`, slot];
      }),
    );
    const slotOf = (path: string, program: string) =>
      slots.get(`${fixture.objectId(path)} ${program}`) ?? -1;
    const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
    const leaving = slotOf("/helloworld:helloworld[name='hw0']", "egress");
    const tail = { ...none, kind: "tail" } as const;

    const first = { ...tail, slot: slotOf(th0, "ingress"), arg: 2 };
    emit(fixture, { event: "entered", slot: 0xffff, hop: first });
    emit(fixture, { slot: leaving, hop: { ...tail, slot: slotOf(th0, "egress"), arg: 1 } });
    emit(fixture, {
      slot: slotOf(th0, "egress"),
      hop: { ...none, kind: "next", flags: hopFlag.egress, arg: ifindex },
    });
    stop();

    assert.deepEqual(
      steps.map(({ cube, target }) => [cube, target]),
      [
        [undefined, { kind: "cube", cube: "th0", way: "ingress" }],
        ["hw0", { kind: "cube", cube: "th0", way: "egress" }],
        ["th0", { kind: "device", device: "dev2" }],
      ],
    );
  });

  it("ends after so many frames, of which it tells all", async () => {
    const fixture = await bridge();
    const { steps, end } = await tracing(fixture, { frames: 2 });

    for (const frame of [3, 4, 5, 4]) emit(fixture, { frame });

    assert.equal((await end).frames, 2);
    assert.deepEqual(
      steps.map(({ frame }) => frame),
      [1, 2, 2],
    );
  });

  it("gives the programs the filter, and an end that they find themselves", async () => {
    const fixture = await bridge();
    const before = process.hrtime.bigint();
    const filter = { ip: "192.0.2.1", port: 53 };
    const { stop } = await tracing(fixture, { filter, seconds: 10 });

    const { untilNs, fields, address, port } = filterOf(fixture);

    stop();
    assert.equal(Number((untilNs - before) / 1_000_000_000n), 11);
    assert.equal(fields, 2 | 16);
    assert.equal(Buffer.from(address).toString("hex"), "00000000000000000000ffffc0000201");
    assert.equal(port, 53);
  });

  it("follows the port to another peer", async () => {
    const fixture = await bridge();
    const { end, stop } = await tracing(fixture);

    await fixture.commit(fixture.edit("merge", `${br0}/ports[name='p1']`, { peer: "dev3" }));
    await fixture.engine.commit([], { user: "local" });
    const during = isTraced(fixture, "dev3");
    stop();
    await end;

    assert.equal(during, true);
    assert.equal(isTraced(fixture, "dev3"), false);
  });

  it("fails when the port goes", async () => {
    const fixture = await bridge();
    const { end } = await tracing(fixture);

    await fixture.commit(fixture.edit("delete", br0));

    await assert.rejects(end, refusal("data-missing", /there is no port br0:p1/));
    assert.equal(filterOf(fixture).untilNs, 0n);
  });

  it("is of one at a time", async () => {
    const fixture = await bridge();
    const { end, stop } = await tracing(fixture);

    const second = await tracing(fixture, { at: "dev2" });

    await assert.rejects(second.end, refusal("in-use", /another trace is running/));
    stop();
    await end;
    const third = await tracing(fixture, { at: "dev2" });
    assert.equal(isTraced(fixture, "dev2"), true);
    third.stop();
    await third.end;
  });

  const refusals: { request: Partial<TraceRequest>; tag: string; says: RegExp }[] = [
    { request: { at: "br0:p9" }, tag: "data-missing", says: /there is no port br0:p9/ },
    { request: { at: "dev9" }, tag: "data-missing", says: /there is no device dev9/ },
    { request: { at: "br0:p3" }, tag: "operation-failed", says: /no frame passes br0:p3/ },
    { request: { at: "dev3" }, tag: "operation-failed", says: /no frame passes dev3/ },
    { request: { frames: 0 }, tag: "invalid-value", says: /frames: 0/ },
    { request: { seconds: 3601 }, tag: "invalid-value", says: /seconds: 3601/ },
    { request: { filter: { mac: "02:00" } }, tag: "invalid-value", says: /mac: 02:00/ },
    { request: { filter: { ip: "192.0.2" } }, tag: "invalid-value", says: /ip: 192.0.2 is no/ },
    { request: { filter: { port: 65_536 } }, tag: "invalid-value", says: /port: 65536/ },
  ];
  for (const { request, tag, says } of refusals) {
    it(`is refused for ${JSON.stringify(request)}`, async () => {
      const fixture = await bridge();

      const { end } = await tracing(fixture, request);

      await assert.rejects(end, refusal(tag, says));
      assert.equal(filterOf(fixture).untilNs, 0n);
    });
  }
});
