import { type InstancePath, printPath } from "../../datamodel/tree/path.ts";
import { Breather } from "../../lib/slices.ts";
import type { Reaction } from "../cube-reader.ts";
import { baseOf, type CubeRuntime } from "./cube.ts";
import { type CubeLine, isTold, lineOf } from "./cube-log.ts";
import type { FrameSender } from "./frame-sender.ts";
import { type LiveCube, type LiveCubeParts, liveCube, pathsBelow } from "./live-cube.ts";
import type { Notifier } from "./notifier.ts";
import type { FactPlan } from "./planner.ts";
import { applySteps } from "./step.ts";
import type { Turns } from "./turns.ts";

export interface ReactionParts extends LiveCubeParts {
  readonly turns: Turns;
  /** Waits until no commit so far can be undone any more, or has been. */
  readonly durable: () => Promise<void>;
  readonly notifier: Notifier;
  readonly sender: FrameSender;
  /** Told of what cubes have for the log. */
  readonly onLine: (line: CubeLine) => void;
  /** Tells subscribers of nodes whose state changed. */
  readonly changed: (state: readonly InstancePath[]) => void;
  /** Takes note of objects that others have succeeded. */
  readonly succeeded: (plan: Pick<FactPlan, "unload" | "affected">) => void;
  readonly onError: (error: unknown) => void;
}

/** A cube whose rows are behind its facts, and what is told of when they are not, by its path. */
interface Behind {
  readonly cube: CubeRuntime;
  readonly changed: Map<string, InstancePath>;
}

/** Nodes of one cube that may wait for their rows before they are told of. */
const changedMax = 1_000;

/**
 * Calls services when something happened, and does what they react with: facts that are learned
 * become rows by the same difference as configuration, in a turn between commits.
 */
export class Reactions {
  readonly #parts: ReactionParts;
  readonly #behind = new Map<string, Behind>();
  #isScheduled = false;

  constructor(parts: ReactionParts) {
    this.#parts = parts;
  }

  /** Runs a service's callback on a cube, unless the cube is gone. */
  run(runtime: CubeRuntime, call: (cube: LiveCube) => Reaction<unknown> | undefined): void {
    try {
      const cube = liveCube(this.#parts, runtime);
      const reaction = cube && call(cube);
      if (cube && reaction) this.#take(cube, reaction);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  /** Tries again what could not be written before. */
  retry(): void {
    if (this.#behind.size > 0) this.#schedule();
  }

  #take(cube: LiveCube, reaction: Reaction<unknown>): void {
    const { changed = [], facts } = reaction;
    this.#sendAll(cube, reaction);
    const paths = pathsBelow(cube, changed);
    if (facts === undefined || facts === cube.reader.facts.own) {
      this.#tell(paths);
      return;
    }
    const { runtime } = cube;
    this.#parts.planner.loaded.learn(runtime, facts);
    this.#note(runtime, paths);
    this.#schedule();
  }

  /** What follows at once. */
  #sendAll(cube: LiveCube, { notifications = [], send = [], log = [] }: Reaction<unknown>): void {
    const { notifier, sender, onLine } = this.#parts;
    for (const notification of notifications) notifier.send(cube, notification);
    for (const frame of send) sender.send(cube.runtime, frame);
    for (const line of log) {
      if (isTold(baseOf(cube.config).loglevel, line)) onLine(lineOf(cube.runtime, line));
    }
  }

  /** Of more nodes than may wait is told at once: their state is read from the facts. */
  #note(cube: CubeRuntime, paths: Iterable<InstancePath>): void {
    const changed = this.#behind.get(cube.objectId)?.changed ?? new Map<string, InstancePath>();
    this.#behind.set(cube.objectId, { cube, changed });
    for (const path of paths) changed.set(printPath(path), path);
    if (changed.size < changedMax) return;
    this.#tell([...changed.values()]);
    changed.clear();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.turns.take(() => this.#catchUp()).catch(this.#parts.onError);
  }

  /** Waits before it writes: undoing a commit must find the rows that the commit left. */
  async #catchUp(): Promise<void> {
    try {
      await this.#parts.durable();
    } finally {
      this.#isScheduled = false;
    }
    const behind = [...this.#behind.values()];
    this.#behind.clear();
    for (const one of behind) await this.#bringUp(one);
  }

  async #bringUp(behind: Behind): Promise<void> {
    const { planner, succeeded, onError } = this.#parts;
    const cube = liveCube(this.#parts, behind.cube);
    if (cube === undefined) return;
    try {
      const breather = new Breather();
      const learned = planner.planLearned(cube.runtime, cube.config);
      const plan = await breather.run(learned);
      await applySteps(plan.steps, breather);
      succeeded(plan);
      this.#tell([...behind.changed.values()]);
    } catch (error) {
      this.#note(behind.cube, behind.changed.values());
      onError(error);
    }
  }

  #tell(paths: readonly InstancePath[]): void {
    if (paths.length > 0) this.#parts.changed(paths);
  }
}
