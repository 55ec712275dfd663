import type { DataObject } from "../../datamodel/tree/node.ts";
import type { AnyService } from "../any-service.ts";
import type { Reaction } from "../cube-reader.ts";
import type { LiveCube } from "./live-cube.ts";
import type { Planner } from "./planner.ts";
import type { Reactions } from "./reactions.ts";

/** How often services are asked whether expiry is due, in milliseconds. */
const intervalMs = 1000;

/** Has services remove what has expired, each as often as it wants. */
export class Expiry implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #reactions: Reactions;
  /** When it last ran, by the configuration it ran for: a changed one is due at once. */
  readonly #last = new WeakMap<DataObject, number>();

  constructor(planner: Planner, reactions: Reactions) {
    this.#reactions = reactions;
    this.#timer = setInterval(() => {
      this.#run(planner);
      reactions.retry();
    }, intervalMs).unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #run({ loaded }: Planner): void {
    const now = performance.now();
    for (const cube of loaded) {
      const { expire } = cube.service;
      if (expire) this.#reactions.run(cube, (live) => this.#runOne(expire, live, now));
    }
  }

  #runOne(
    expire: NonNullable<AnyService["expire"]>,
    { config, reader }: LiveCube,
    now: number,
  ): Reaction<unknown> | undefined {
    const last = this.#last.get(config) ?? Number.NEGATIVE_INFINITY;
    if (now - last < expire.everyMs(config)) return undefined;
    this.#last.set(config, now);
    return expire.run(reader);
  }
}
