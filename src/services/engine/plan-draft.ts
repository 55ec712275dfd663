import type { CubeRuntime } from "./cube.ts";
import type { Inheritance } from "./inheritance.ts";
import { StepList } from "./step.ts";
import type { Topology } from "./topology.ts";

/** A port of a cube that is loaded, or was when the plan was begun. */
export interface LoadedPort {
  readonly cube: CubeRuntime;
  readonly port: string;
  readonly index: number;
}

/** A port whose state rows are to be dropped once the commit is applied. */
export interface ReleasedPort {
  readonly cube: CubeRuntime;
  readonly index: number;
}

/** What a plan consists of, while it is made. */
export class PlanDraft {
  readonly steps = new StepList();
  readonly released: ReleasedPort[] = [];
  readonly unload: string[] = [];
  /** Cubes, by id, of which not all stays as it is. */
  readonly affected = new Set<string>();
  /** The connections that it makes. */
  readonly topology: Topology;
  readonly inherited: Inheritance | undefined;
  /** Slots that are taken beside those of the cubes that are loaded. */
  readonly slots: Set<number>;
  /** Cubes that the plan loads, or gives another object, by id. */
  readonly planned = new Map<string, CubeRuntime>();
  /** Devices to be wired anew, by ifindex. */
  readonly devices = new Set<number>();
  changesFacts = false;
  /** A device that is no more, whatever there is of its index. */
  gone: number | undefined;
  readonly #ports = new Map<string, LoadedPort>();

  constructor(topology: Topology, inherited?: Inheritance) {
    this.topology = topology;
    this.inherited = inherited;
    this.slots = new Set(inherited?.slots());
  }

  /** Ports to be wired anew; those that are touched meanwhile come at the end. */
  ports(): Iterable<LoadedPort> {
    return this.#ports.values();
  }

  touch(port: LoadedPort): void {
    this.#ports.set(`${port.cube.id}:${port.port}`, port);
  }
}
