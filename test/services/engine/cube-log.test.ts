import assert from "node:assert/strict";
import { type LogRecord, logRecord } from "../../../src/gen/bpf/core.ts";
import { recirculationObject } from "../../../src/gen/bpf/recirculation.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { type CubeLine, logText } from "../../../src/services/engine/cube-log.ts";
import { recirculationObjectId } from "../../../src/services/engine/recirculation.ts";
import { service } from "../../../src/services/helloworld/service.ts";
import { type EngineFixture, engineFixture } from "../../support/engine.ts";

const services = [service] as object as readonly Discovered[];
const hw0 = "/helloworld:helloworld[name='hw0']";

const textBytes = (text: string) => {
  const bytes = new Uint8Array(64);
  bytes.set(Buffer.from(text));
  return bytes;
};

/** An argument as it lies in the memory of the program. */
const inMemory = (...octets: number[]) => {
  const bytes = Buffer.alloc(8);
  bytes.set(octets);
  return bytes.readBigUInt64LE();
};

describe("a line of a program", () => {
  for (const [format, args, text] of [
    ["nothing to fill in", [], "nothing to fill in"],
    ["port %u of %u", [3n, 128n], "port 3 of 128"],
    ["%d below zero", [0xfffffffbn], "-5 below zero"],
    ["flags %x", [0xbeefn], "flags beef"],
    ["from %I port %P", [inMemory(192, 0, 2, 1), inMemory(0x1f, 0x90)], "from 192.0.2.1 port 8080"],
    ["station %M", [inMemory(2, 0, 0, 0, 0, 10)], "station 02:00:00:00:00:0a"],
    ["[%W] after [%W]", [1n, 0n], "[EGRESS] after [INGRESS]"],
    ["100%% of %u", [9n], "100% of 9"],
    ["%u and no more %u", [1n], "1 and no more 0"],
    ["an unknown %z", [1n], "an unknown %z"],
  ] as const) {
    it(`reads: ${text}`, () => {
      assert.equal(logText({ text: textBytes(format), args }), text);
    });
  }

  it("may fill all the room there is", () => {
    const text = "x".repeat(64);
    assert.equal(logText({ text: textBytes(text), args: [] }), text);
  });
});

describe("the log of cubes", () => {
  let fixture: EngineFixture;
  let lines: CubeLine[];

  beforeEach(async () => {
    lines = [];
    fixture = await engineFixture({ services, onLine: (line) => void lines.push(line) });
    await fixture.commit(fixture.edit("create", hw0, {}));
  });

  const emit = (record: Partial<LogRecord>) => {
    const whole: LogRecord = {
      args: [0n, 0n, 0n, 0n],
      lost: 0n,
      slot: 0,
      cpu: 0,
      level: "info",
      text: textBytes("said"),
      ...record,
    };
    const { memory } = fixture;
    const { name } = recirculationObject.maps.logs;
    memory.emit(recirculationObjectId(memory), name, logRecord.encode(whole));
  };

  it("says which cube has said it", () => {
    emit({ level: "warn" });

    const by = { service: "helloworld", cube: "hw0" };
    assert.deepEqual(lines, [{ ...by, level: "warn", text: "said" }]);
  });

  it("says how many lines were lost before, on each CPU, but not what an earlier daemon has", () => {
    for (const [cpu, lost] of [
      [0, 5n],
      [0, 7n],
      [1, 3n],
      [0, 7n],
      [1, 4n],
    ] as const) {
      emit({ cpu, lost });
    }

    assert.deepEqual(
      lines.map(({ lost }) => lost ?? 0),
      [0, 2, 0, 0, 1],
    );
  });

  it("has nothing of a cube that is gone", async () => {
    await fixture.commit(fixture.edit("delete", hw0));
    emit({});

    assert.deepEqual([lines, fixture.errors], [[], []]);
  });
});
