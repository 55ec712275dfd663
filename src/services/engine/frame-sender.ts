import { type Dataplane, KernelError } from "../../dataplane/dataplane.ts";
import type { SentFrame } from "../cube-reader.ts";
import type { CubeRuntime } from "./cube.ts";

/** Sends frames of services, and counts those that the kernel did not take. */
export class FrameSender {
  readonly #dataplane: Dataplane;
  #refused = 0;

  constructor(dataplane: Dataplane) {
    this.#dataplane = dataplane;
  }

  get refused(): number {
    return this.#refused;
  }

  send(cube: CubeRuntime, { data, segmentSize = 0, at, go }: SentFrame): void {
    const slot = go === "in" ? cube.slot : cube.packetOutSlot;
    try {
      if (slot === undefined) this.#refused += 1;
      else this.#dataplane.sendFrame({ data, segmentSize, slot, arg: at });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#refused += 1;
    }
  }
}
