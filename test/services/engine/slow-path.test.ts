import assert from "node:assert/strict";
import { KernelError, type OutgoingFrame } from "../../../src/dataplane/dataplane.ts";
import { type Punt, punt } from "../../../src/gen/bpf/core.ts";
import { helloworldObject } from "../../../src/gen/bpf/helloworld.ts";
import { recirculationObject } from "../../../src/gen/bpf/recirculation.ts";
import type { AnyService, Discovered } from "../../../src/services/any-service.ts";
import type { PuntedFrame, Reaction } from "../../../src/services/cube-reader.ts";
import type { CubeLine } from "../../../src/services/engine/cube-log.ts";
import { recirculationObjectId } from "../../../src/services/engine/recirculation.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as transparent } from "../../../src/services/transparenthelloworld/service.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";
import { packet } from "../../support/packet.ts";

const hw0 = "/helloworld:helloworld[name='hw0']";
const th0 = "/transparenthelloworld:transparenthelloworld[name='th0']";
const { punts } = recirculationObject.maps;
const frame = packet()
  .ethernet("02:00:00:00:00:0a", "02:00:00:00:00:0b")
  .ipv4("192.0.2.1", "192.0.2.2")
  .udp(1, 2)
  .bytes();

/** A program hands a frame up. */
function emit({ memory }: EngineFixture, head: Partial<Punt>, bytes: Uint8Array = frame): void {
  const whole: Punt = {
    length: bytes.length,
    slot: 0,
    arg: 0,
    segmentSize: 0,
    vlanProtocol: 0,
    vlanTci: 0,
    reason: 0,
    ...head,
  };
  const record = Buffer.concat([punt.encode(whole), bytes, new Uint8Array(16)]);
  memory.emit(recirculationObjectId(memory), punts.name, record);
}

/** A wire whose service reacts with what it is told to, and keeps what it is handed. */
async function wire(react: (frame: PuntedFrame) => Reaction<unknown>) {
  const taken: PuntedFrame[] = [];
  const erased = helloworld as object as AnyService;
  const service: AnyService = {
    ...erased,
    punted: (punted) => {
      taken.push(punted);
      return react(punted);
    },
  };
  const services = [service, transparent] as object as readonly Discovered[];
  const lines: CubeLine[] = [];
  const onLine = (line: CubeLine) => void lines.push(line);
  const fixture = await engineFixture({ services, onLine });
  const sent: OutgoingFrame[] = [];
  fixture.memory.onFrame = (each) => void sent.push(each);
  const ports = [{ name: "a" }, { name: "b" }];
  await fixture.commit(fixture.edit("create", hw0, { ports }));
  return { ...fixture, taken, lines, sent };
}

/** Where a program of a cube is in the jump table. */
function slotOf({ memory }: EngineFixture, program: string): number {
  const place = memory.programs().find((each) => each.program === program);
  assert.ok(place, program);
  return place.slot;
}

describe("a service that is handed frames", () => {
  it("gets them whole, with where they were and why", async () => {
    const fixture = await wire(() => ({}));

    emit(fixture, { slot: slotOf(fixture, "ingress"), arg: 1, segmentSize: 1400, reason: 3 });

    const [{ data, ...rest } = { data: [] }] = fixture.taken;
    assert.deepEqual(
      [Buffer.from(data), rest],
      [Buffer.from(frame), { at: 1, segmentSize: 1400, reason: 3 }],
    );
  });

  it("gets them with the tag that stood beside them", async () => {
    const fixture = await wire(() => ({}));

    emit(fixture, { vlanProtocol: 0x8100, vlanTci: 0xa007 });

    const [taken] = fixture.taken;
    const tag = Uint8Array.of(0x81, 0x00, 0xa0, 0x07);
    const tagged = Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]);
    assert.deepEqual(Buffer.from(taken?.data ?? []), tagged);
  });

  it("sends them out of a port, or in by one, in the order that it says", async () => {
    const fixture = await wire(({ data }) => ({
      send: [
        { data, at: 1, go: "out" },
        { data, at: 0, go: "in", segmentSize: 1000 },
      ],
    }));

    emit(fixture, {});

    const places = fixture.sent.map(({ slot, arg, segmentSize }) => [slot, arg, segmentSize]);
    assert.deepEqual(places, [
      [slotOf(fixture, "packet_out"), 1, 0],
      [slotOf(fixture, "ingress"), 0, 1000],
    ]);
  });

  it("is not called for a slot that no cube has, nor for a cube that is gone", async () => {
    const fixture = await wire(() => ({}));
    const slot = slotOf(fixture, "ingress");

    emit(fixture, { slot: 999 });
    await fixture.commit(fixture.edit("delete", hw0));
    emit(fixture, { slot });

    assert.deepEqual([fixture.taken, fixture.errors], [[], []]);
  });

  it("is not called any more when the engine is closed", async () => {
    const fixture = await wire(() => ({}));
    await fixture.engine.close();

    emit(fixture, {});

    assert.deepEqual(fixture.taken, []);
  });

  it("that fails with one frame gets the next", async () => {
    const fixture = await wire(({ reason }) => {
      if (reason === 1) throw new Error("not this one");
      return {};
    });

    emit(fixture, { reason: 1 });
    emit(fixture, { reason: 2 });

    assert.equal(fixture.taken.length, 2);
    assert.deepEqual(fixture.errors.map(String), ["Error: not this one"]);
  });

  it("loses what the kernel does not take, which is counted", async () => {
    const fixture = await wire(({ data }) => ({ send: [{ data, at: 0, go: "out" }] }));
    fixture.memory.onFrame = () => {
      throw new KernelError("sending a frame", "EAGAIN");
    };

    emit(fixture, {});
    emit(fixture, {});

    const counts = [...collected(fixture)];
    assert.deepEqual(counts, [["yangplane_packet_out_refused_frames_total", 2]]);
    assert.deepEqual(fixture.errors, []);
  });

  it("logs by the loglevel of its cube", async () => {
    const fixture = await wire(() => ({
      log: [
        { level: "warn", text: "heard" },
        { level: "debug", text: "in detail" },
      ],
    }));

    emit(fixture, {});
    await fixture.commit(fixture.edit("merge", `${hw0}/loglevel`, "DEBUG"));
    emit(fixture, {});
    await fixture.commit(fixture.edit("merge", `${hw0}/loglevel`, "OFF"));
    emit(fixture, {});

    const texts = fixture.lines.map(({ level, text }) => `${level} ${text}`);
    assert.deepEqual(texts, ["warn heard", "warn heard", "debug in detail"]);
    assert.deepEqual(fixture.lines[0]?.cube, "hw0");
  });

  it("has the program for what it sends in the jump table as long as the cube is there", async () => {
    const fixture = await wire(() => ({}));
    const hasProgram = () =>
      fixture.memory.programs().some((each) => each.program === "packet_out");

    const before = hasProgram();
    await fixture.commit(fixture.edit("delete", hw0));

    assert.deepEqual([before, hasProgram()], [true, false]);
  });
});

describe("the transparent cube that sends frames on", () => {
  it("sends them the way they went, whichever bank of rows they were in", async () => {
    const services = [transparent] as object as readonly Discovered[];
    const fixture = await engineFixture({ services });
    const sent: OutgoingFrame[] = [];
    fixture.memory.onFrame = (each) => void sent.push(each);
    await fixture.commit(fixture.edit("create", th0, {}));

    for (const arg of [0, 1, 2, 3]) emit(fixture, { arg });

    const slot = slotOf(fixture, "packet_out");
    const places = sent.map((each) => [each.slot, each.arg]);
    assert.deepEqual(
      places,
      [0, 1, 0, 1].map((way) => [slot, way]),
    );
  });
});

describe("a transparent cube", () => {
  it("has frames of its service come in by the program of the way that they go", async () => {
    const sendIn = {
      ...transparent,
      punted: (each: PuntedFrame) => ({ send: [{ ...each, go: "in" }] }),
    };
    const services = [sendIn] as object as readonly Discovered[];
    const fixture = await engineFixture({ services });
    const slots: number[] = [];
    fixture.memory.onFrame = ({ slot }) => void slots.push(slot);
    await fixture.commit(fixture.edit("create", th0, {}));

    for (const arg of [0, 1]) emit(fixture, { arg });

    assert.deepEqual(slots, [slotOf(fixture, "ingress"), slotOf(fixture, "egress")]);
  });
});

describe("the row by which programs know their cube", () => {
  it("has its slot and loglevel, and follows the latter", async () => {
    const fixture = await wire(() => ({}));
    const { cube } = helloworldObject.maps;
    const row = () => {
      const bytes = fixture.memory.lookup(fixture.objectId(hw0), cube.name, cube.key.encode(0));
      return bytes && cube.value.decode(bytes);
    };
    const slot = slotOf(fixture, "ingress");

    assert.deepEqual(row(), { portsEnd: 2, slot, logLevel: "info" });
    await fixture.commit(fixture.edit("merge", `${hw0}/loglevel`, "ERR"));
    assert.deepEqual(row(), { portsEnd: 2, slot, logLevel: "err" });
  });
});

function* collected({ engine }: EngineFixture): Iterable<readonly [string, number]> {
  const told: [string, number][] = [];
  const tell = ({ name }: { name: string }, value: number) => void told.push([name, value]);
  for (const _ of engine.metrics.collect(tell));
  yield* told.filter(([name]) => name.includes("packet_out"));
}
