import { type Dataplane, KernelError } from "../../dataplane/dataplane.ts";
import { way } from "../../gen/bpf/core.ts";
import type { SentFrame } from "../cube-reader.ts";
import type { CubeRuntime } from "./cube.ts";
import { isTransparent } from "./topology.ts";

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
    const slot = go === "in" ? entrySlot(cube, at) : cube.packetOutSlot;
    try {
      if (slot === undefined) this.#refused += 1;
      else this.#dataplane.sendFrame({ data, segmentSize, slot, arg: at });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#refused += 1;
    }
  }
}

/** Of the program that frames from outside come to there. */
function entrySlot({ list, slot, egressSlot }: CubeRuntime, at: number): number | undefined {
  return isTransparent(list) && at === way.egress ? egressSlot : slot;
}
