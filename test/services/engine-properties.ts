import assert from "node:assert/strict";
import { mock } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Edit, PlanStep } from "../../src/datamodel/datastore/datastore.ts";
import { CommitError } from "../../src/datamodel/error.ts";
import type { Schema } from "../../src/datamodel/schema/schema.ts";
import type { Dataplane, Devices } from "../../src/dataplane/dataplane.ts";
import type { ObjectLayout } from "../../src/dataplane/layout.ts";
import type { Discovered } from "../../src/services/any-service.ts";
import { objectsOf } from "../../src/services/discover.ts";
import { emptyState, type Version } from "../../src/services/engine/commit-log.ts";
import { Engine } from "../../src/services/engine/engine.ts";
import { SeeingServices } from "../support/declared-rows.ts";
import { local, MemoryLog, schemaOfServices } from "../support/engine.ts";
import { failingDataplane, recordingDataplane, type Write } from "../support/observed-dataplane.ts";
import { picture } from "../support/picture.ts";
import { RandomEdits } from "../support/random-edits.ts";
import { jsonOf } from "../support/tree.ts";
import { vandalise } from "../support/vandal.ts";

/** A data plane made for one run, and the devices its cubes may use. */
export interface Ground extends Disposable {
  readonly dataplane: Dataplane;
  readonly devices: Devices;
}

export interface PropertyOptions {
  readonly services: () => Promise<readonly Discovered[]>;
  /** Names of the devices that `ground` has. */
  readonly deviceNames: readonly string[];
  readonly ground: () => Ground;
  /** Lets something happen that services learn of, or that happens to a device. */
  readonly happen?: (gen: fc.GeneratorValue, ground: Ground) => void;
  readonly runs: number;
  readonly commitsMax: number;
}

/** Generous: the time goes with the runs, and a kernel's verifier takes most of it. */
const timeoutMs = 60_000;

/** The laws every service keeps on every data plane (ARCHITECTURE.md, "The one idea"). */
export function engineProperties(options: PropertyOptions): void {
  let seeing: SeeingServices;
  let services: readonly Discovered[];
  let layouts: readonly ObjectLayout[];
  let schema: Schema;

  before("find the services", async () => {
    seeing = new SeeingServices(await options.services());
    ({ services } = seeing);
    layouts = objectsOf(services);
    schema = schemaOfServices(services);
  });

  const unexpected = (error: unknown): void => {
    throw error;
  };

  const start = async (
    dataplane: Dataplane,
    devices: Devices,
    onError = unexpected,
  ): Promise<Engine> => {
    const log = new MemoryLog();
    const engine = new Engine({ schema, services, dataplane, devices, log, onError });
    await engine.restore(emptyState(schema));
    return engine;
  };

  /** Runs a random series of commits; calls `step` instead of committing where given. */
  const play = async (
    gen: fc.GeneratorValue,
    engine: Engine,
    step: (edits: readonly Edit[]) => Promise<unknown> = (edits) => engine.commit(edits, local),
  ): Promise<void> => {
    const edits = new RandomEdits(schema, options.deviceNames);
    const commits = gen(fc.integer, { min: 1, max: options.commitsMax });
    for (let commit = 0; commit < commits; commit += 1) {
      await step(edits.draw(gen, engine.snapshot().root));
    }
  };

  /** Lets something happen, and what follows from it. */
  const happen = async (gen: fc.GeneratorValue, ground: Ground, engine: Engine): Promise<void> => {
    options.happen?.(gen, ground);
    await settled(engine);
  };

  const check = (law: (gen: fc.GeneratorValue) => Promise<void>): Promise<void> =>
    Promise.resolve(
      fc.assert(fc.asyncProperty(fc.gen(), law), { numRuns: options.runs, endOnFailure: true }),
    );

  /** What a random series of commits ends in; its data plane is gone when the next is made. */
  const edited = async (gen: fc.GeneratorValue) => {
    using ground = options.ground();
    const engine = await start(ground.dataplane, ground.devices);
    await play(gen, engine);
    await engine.close();
    return { version: engine.snapshot(), afterEdits: picture(ground.dataplane, layouts) };
  };

  /** An engine that has not restored its configuration yet. */
  const takingOver = (dataplane: Dataplane, devices: Devices, onError = unexpected): Engine =>
    new Engine({ schema, services, dataplane, devices, log: new MemoryLog(), onError });

  const versionOf = (engine: Engine): Version => {
    const { root, commitId } = engine.snapshot();
    return { root, id: Number(commitId) };
  };

  it("writes nothing when it takes over what it left itself", () =>
    check(async (gen) => {
      using ground = options.ground();
      const engine = await start(ground.dataplane, ground.devices);
      await play(gen, engine);
      await engine.close();
      const before = picture(ground.dataplane, layouts);
      const writes: Write[] = [];

      const next = takingOver(recordingDataplane(ground.dataplane, writes), ground.devices);
      await next.restore(versionOf(engine));
      await next.close();

      assert.deepEqual(writes, []);
      assert.deepEqual(picture(ground.dataplane, layouts), before);
    })).timeout(timeoutMs);

  /** What going back to a version by taking over ends in; its data plane is gone afterwards. */
  const takenBack = async (gen: fc.GeneratorValue) => {
    using ground = options.ground();
    const engine = await start(ground.dataplane, ground.devices);
    await play(gen, engine);
    const version = versionOf(engine);
    await play(gen, engine);
    await engine.close();
    const next = takingOver(ground.dataplane, ground.devices);
    await next.restore(version);
    await next.close();
    return { version, afterTakeover: picture(ground.dataplane, layouts) };
  };

  it("makes any configuration out of what any other has left", () =>
    check(async (gen) => {
      const { version, afterTakeover } = await takenBack(gen);

      using fresh = options.ground();
      const loaded = takingOver(fresh.dataplane, fresh.devices);
      await loaded.restore(version);
      await loaded.close();

      assert.deepEqual(afterTakeover, picture(fresh.dataplane, layouts));
    })).timeout(timeoutMs);

  it("leaves what it was to take over as it was, whichever write fails", () =>
    check(async (gen) => {
      using ground = options.ground();
      const n = gen(fc.integer, { min: 1, max: 30 });
      const engine = await start(ground.dataplane, ground.devices);
      await play(gen, engine);
      const wanted = versionOf(engine);
      await play(gen, engine);
      await engine.close();
      const before = picture(ground.dataplane, layouts);

      const failures: unknown[] = [];
      const onError = (error: unknown) => void failures.push(error);
      const failing = failingDataplane(ground.dataplane, n);
      const next = takingOver(failing, ground.devices, onError);
      const failure = await next.restore(wanted).catch((error: unknown) => error);
      await next.close();

      if (failure !== undefined) assert.deepEqual(picture(ground.dataplane, layouts), before);
    })).timeout(timeoutMs);

  it("ends in the same maps, programs and attachments as loading the last configuration", () =>
    check(async (gen) => {
      const { version, afterEdits } = await edited(gen);

      using fresh = options.ground();
      const loaded = takingOver(fresh.dataplane, fresh.devices);
      await loaded.restore({ root: version.root, id: Number(version.commitId) });
      const afterLoading = picture(fresh.dataplane, layouts);
      await loaded.close();

      assert.deepEqual(afterEdits, afterLoading);
    })).timeout(timeoutMs);

  it("has the rows that the declarations give for configuration and facts, at any time", () =>
    check(async (gen) => {
      using ground = options.ground();
      const engine = await start(ground.dataplane, ground.devices);

      await play(gen, engine, async (edits) => {
        await engine.commit(edits, local);
        seeing.check(engine, ground.dataplane);
        await happen(gen, ground, engine);
        seeing.check(engine, ground.dataplane);
      });
      await engine.close();
    })).timeout(timeoutMs);

  it("is found to be as configured at any time, and mended when somebody has changed it", () =>
    check(async (gen) => {
      using ground = options.ground();
      const engine = await start(ground.dataplane, ground.devices);

      await play(gen, engine, async (edits) => {
        await engine.commit(edits, local);
        await happen(gen, ground, engine);
        assert.deepEqual((await engine.verify({ repair: false })).drifts, []);
        const before = picture(ground.dataplane, layouts);
        vandalise(gen, ground.dataplane, layouts);
        const isTouched = !isDeepStrictEqual(picture(ground.dataplane, layouts), before);

        const found = await engine.verify({ repair: true });

        assert.ok(found.total > 0 || !isTouched);
        assert.deepEqual(picture(ground.dataplane, layouts), before);
        assert.deepEqual((await engine.verify({ repair: false })).drifts, []);
        seeing.check(engine, ground.dataplane);
      });
      await engine.close();
    })).timeout(timeoutMs);

  it("makes exactly the writes that a plan names, and none for a dry run", () =>
    check(async (gen) => {
      using ground = options.ground();
      const writes: Write[] = [];
      const engine = await start(recordingDataplane(ground.dataplane, writes), ground.devices);

      await play(gen, engine, async (edits) => {
        await happen(gen, ground, engine);
        writes.length = 0;
        const planned = await engine.commit(edits, { ...local, dryRun: true });
        assert.deepEqual(writes, []);
        const done = await engine.commit(edits, local);

        assert.deepEqual(planned.violations, done.violations);
        const steps = planned.violations ? [] : planned.plan;
        assert.deepEqual(countPlanned(steps), countWrites(writes));
      });
      await engine.close();
    })).timeout(timeoutMs);

  it("is as before, in maps, programs and attachments, whichever write fails", () =>
    check(async (gen) => {
      using _clock = fakeSeconds();
      using ground = options.ground();
      const n = gen(fc.integer, { min: 1, max: 30 });
      // An object of a deleted cube that cannot be unloaded is nobody's failure and is told here.
      const ignored = () => undefined;
      const failing = failingDataplane(ground.dataplane, n);
      const engine = await start(failing, ground.devices, ignored);

      await play(gen, engine, async (edits) => {
        await happen(gen, ground, engine);
        const before = picture(ground.dataplane, layouts);
        const config = jsonOf(schema, engine.snapshot().root);
        try {
          await engine.commit(edits, local);
        } catch (error) {
          assert.ok(error instanceof CommitError, String(error));
          assert.deepEqual(picture(ground.dataplane, layouts), before);
          assert.deepEqual(jsonOf(schema, engine.snapshot().root), config);
        }
      });
      // What was learned and could not be written is written at the next second.
      mock.timers.tick(1000);
      await settled(engine);
      seeing.check(engine, ground.dataplane);
      await engine.close();
    })).timeout(timeoutMs);
}

/** Work in turns of its own is done when this is. */
async function settled(engine: Engine): Promise<void> {
  await engine.commit([], { ...local, dryRun: true });
}

/** Lets intervals pass only when a test says so. */
function fakeSeconds(): Disposable {
  mock.timers.enable({ apis: ["setInterval"] });
  return { [Symbol.dispose]: () => mock.timers.reset() };
}

/** How often each thing is done: `put hops` once a row, `attach`, `load`, … */
type Counts = Record<string, number>;

function countPlanned(steps: readonly PlanStep[]): Counts {
  const counts: Counts = {};
  for (const { operation, target } of steps) {
    // Devices are not the data plane's, and a deleted cube's object goes when the commit is
    // durable.
    if (operation.endsWith("-device") || operation === "unload") continue;
    const name = ["put", "delete"].includes(operation) ? `${operation} ${target}` : operation;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const operationOf: Readonly<Record<string, string>> = {
  loadObject: "load",
  setProgram: "set-program",
  clearProgram: "clear-program",
  attach: "attach",
  detach: "detach",
};

function countWrites(writes: readonly Write[]): Counts {
  const counts: Counts = {};
  for (const write of writes) {
    const [call = "", , map, rows] = write.split(" ");
    if (call === "unloadObject") continue;
    const name = operationOf[call] ?? `${call === "putRows" ? "put" : "delete"} ${map}`;
    counts[name] = (counts[name] ?? 0) + (operationOf[call] ? 1 : Number(rows));
  }
  return counts;
}
