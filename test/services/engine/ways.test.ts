import assert from "node:assert/strict";
import type { Edit } from "../../../src/datamodel/datastore/datastore.ts";
import type { Discovered } from "../../../src/services/any-service.ts";
import { service as helloworld } from "../../../src/services/helloworld/service.ts";
import { service as netdev } from "../../../src/services/netdev/service.ts";
import { service as transparenthelloworld } from "../../../src/services/transparenthelloworld/service.ts";
import { anyServices, type EngineFixture, engineFixture } from "../../support/engine.ts";

const services = [
  ...anyServices,
  ...([helloworld, netdev, transparenthelloworld] as object as Discovered[]),
];

/** PROGRAMS_MAX in bpf/include/cb.h. */
const limit = 200;

const wire = (at: number) => `/helloworld:helloworld[name='hw${at}']`;
const th = (number: number) => `/transparenthelloworld:transparenthelloworld[name='th${number}']`;
const portOf = (cube: string, name: string) => `${cube}/ports[name='${name}']`;

describe("the longest way through cubes", () => {
  let fixture: EngineFixture;
  let edit: EngineFixture["edit"];

  beforeEach(async () => {
    fixture = await engineFixture({ services, devices: ["dev1", "dev2"] });
    ({ edit } = fixture);
  });

  /** Wires in a line, the first of which has a device; those before and after a gap part. */
  const line = (count: number, gap = count): Edit[] =>
    Array.from({ length: count }, (_, at) => {
      const before = at === gap ? "" : `hw${at - 1}:b`;
      const after = at === gap - 1 || at === count - 1 ? "" : `hw${at + 1}:a`;
      const ports = [
        { name: "a", peer: at === 0 ? "dev1" : before },
        { name: "b", peer: after },
      ];
      return edit("create", wire(at), { ports });
    });

  /** Wires too: a frame has only one way on from each. */
  const ring = (count: number): Edit[] =>
    Array.from({ length: count }, (_, at) => {
      const ports = [
        { name: "a", peer: `hw${(at + count - 1) % count}:b` },
        { name: "b", peer: `hw${(at + 1) % count}:a` },
      ];
      return edit("create", wire(at), { ports });
    });

  const transparent = (count: number): Edit[] =>
    Array.from({ length: count }, (_, at) => edit("create", th(at), {}));

  const names = (first: number, count: number) =>
    Array.from({ length: count }, (_, at) => `th${first + at}`);

  const faults = async (...edits: Edit[]) =>
    (await fixture.violations(...edits)).map(({ path, appTag, message }) => [
      path,
      appTag,
      message,
    ]);

  it("may pass as many programs as the data path counts to", async () => {
    await fixture.commit(...line(limit - 1));

    // One more looks at frames that leave by a device.
    const peer = edit("merge", `${portOf(wire(limit - 2), "b")}/peer`, "dev2");
    assert.deepEqual(await faults(peer), []);
  });

  it("may pass no more, and the refusal says from where to where", async () => {
    assert.deepEqual(await faults(...line(limit)), [
      [
        `${portOf(wire(0), "a")}/peer`,
        "way-too-long",
        `from hw${limit - 1} to hw0 frames pass ${limit + 1} programs, of at most ${limit}`,
      ],
    ]);
  });

  it("has the transparent cubes of both ports of a connection on it", async () => {
    await fixture.commit(...line(limit - 2), ...transparent(2));
    const [here, there] = [portOf(wire(49), "b"), portOf(wire(50), "a")];
    await fixture.commit(edit("replace", `${here}/tcubes`, ["th0"]));

    const found = await faults(edit("replace", `${there}/tcubes`, ["th1"]));
    assert.deepEqual(
      found.map(([path, tag]) => [path, tag]),
      [[`${there}/tcubes`, "way-too-long"]],
    );
  });

  it("has those of the device on it that it begins at", async () => {
    await fixture.commit(...line(limit - 10), ...transparent(11));
    const device = "/netdev:netdev[name='dev1']";
    await fixture.commit(edit("create", device, { tcubes: names(0, 10) }));

    const found = await faults(edit("replace", device, { tcubes: names(0, 11) }));
    assert.deepEqual(
      found.map(([path, tag]) => [path, tag]),
      [[`${device}/tcubes`, "way-too-long"]],
    );
  });

  it("is looked for on both sides of a new connection", async () => {
    const half = limit / 2;
    await fixture.commit(...line(limit + 1, half));

    const there = edit("merge", `${portOf(wire(half - 1), "b")}/peer`, `hw${half}:a`);
    const back = edit("merge", `${portOf(wire(half), "a")}/peer`, `hw${half - 1}:b`);
    assert.deepEqual(
      (await faults(there, back)).map(([path]) => path),
      [`${portOf(wire(half), "a")}/peer`],
    );
  });

  it("is the shortest of several: a ring is as long as half of it", async () => {
    assert.deepEqual(await faults(...ring(2 * limit - 2)), []);
  });

  it("is longer than may be where half a ring is", async () => {
    assert.equal((await faults(...ring(2 * limit))).length, 1);
  });

  it("may become longer by what is taken away", async () => {
    await fixture.commit(...ring(limit + 20));

    assert.deepEqual(await faults(edit("remove", `${portOf(wire(0), "a")}/peer`)), []);
  });
});
