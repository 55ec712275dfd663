import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { Slices } from "../../lib/slices.ts";
import type { AnyService } from "../any-service.ts";
import { baseOf, type PortBase, programsOf } from "./cube.ts";
import { type FoundCube, parsePeer, type Topology } from "./topology.ts";

/** From where frames come in to where they leave, or stop. */
export interface Way {
  /** The first and the last cube with ports. */
  readonly from: string;
  readonly to: string;
  /** How many programs a frame enters. */
  readonly programs: number;
}

/** From one cube to the next: how many programs frames enter, the one of the next included. */
interface Link {
  readonly to: string;
  readonly there: number;
  readonly back: number;
}

/** A cube; ends of ways are at ports that lead to no other cube. */
interface Place {
  /** Programs up to the cube's own, by the longest way in. */
  readonly start: number;
  /** Programs behind the cube's own, by the longest way out. */
  readonly end: number;
  readonly links: readonly Link[];
}

type Services = ReadonlyMap<ListSchema, AnyService>;
type Side = "ingress" | "egress";

const nowhere: Place = { start: 0, end: 0, links: [] };

/** How far it is from cube to cube in one version of the configuration. */
export class Ways {
  readonly #topology: Topology;
  readonly #services: Services;
  readonly #places = new Map<string, Place>();

  constructor(topology: Topology, services: Services) {
    this.#topology = topology;
    this.#services = services;
  }

  /** The cubes that are connected with one, itself among them. */
  connected(cube: string): Iterable<string> {
    return this.#distances(cube, "there").keys();
  }

  /**
   * A way with more programs than `limit` between cubes that are connected with one, though by none
   * with fewer. Loops so do not count: frames need not take them. O(cubes) where nothing is far
   * from `cube`, else O(cubes × connections).
   */
  *longer(cube: string, limit: number): Slices<Way | undefined> {
    const there = this.#distances(cube, "there");
    const back = this.#distances(cube, "back");
    if (this.#farthest(there, "end") + this.#farthest(back, "start") <= limit) return undefined;
    for (const from of there.keys()) {
      const way = this.#waysFrom(from).find(({ programs }) => programs > limit);
      if (way) return way;
      yield;
    }
    return undefined;
  }

  #waysFrom(from: string): Way[] {
    const { start } = this.#place(from);
    return [...this.#distances(from, "there")].map(([to, distance]) => {
      return { from, to, programs: start + distance + this.#place(to).end };
    });
  }

  #farthest(distances: ReadonlyMap<string, number>, end: "start" | "end"): number {
    return Math.max(...[...distances].map(([cube, distance]) => distance + this.#place(cube)[end]));
  }

  /** From a cube to each other, or from each to it, by the shortest way. */
  #distances(cube: string, direction: "there" | "back"): ReadonlyMap<string, number> {
    const found = new Map<string, number>();
    const byDistance = [new Set([cube])];
    for (let distance = 0; distance < byDistance.length; distance++) {
      const near = [...(byDistance[distance] ?? [])].filter((name) => !found.has(name));
      for (const name of near) found.set(name, distance);
      const links = near.flatMap((name) => this.#place(name).links);
      for (const { to, [direction]: programs } of links) {
        byDistance[distance + programs] ??= new Set();
        byDistance[distance + programs]?.add(to);
      }
    }
    return found;
  }

  #place(name: string): Place {
    const known = this.#places.get(name);
    if (known) return known;
    const cube = this.#topology.cube(name);
    const place = cube ? this.#placeOf(name, cube) : nowhere;
    this.#places.set(name, place);
    return place;
  }

  #placeOf(name: string, { list, config }: FoundCube): Place {
    const links: Link[] = [];
    let [start, end] = [0, 0];
    for (const port of baseOf(config).ports ?? []) {
      const [coming, going] = [this.#passed(port, "ingress"), this.#passed(port, "egress")];
      const far = this.#farPort(name, port);
      if (far) {
        const there = going + this.#passed(far.port, "ingress") + 1;
        links.push({ to: far.cube, there, back: this.#passed(far.port, "egress") + coming + 1 });
      } else {
        const { device } = parsePeer(port.peer) ?? {};
        const own = device !== undefined && this.#hasProgram(list, "egress") ? 1 : 0;
        const attached = device === undefined ? [] : this.#topology.attachedTo(device);
        start = Math.max(start, coming + this.#count(attached, "ingress"));
        end = Math.max(end, going + own);
      }
    }
    return { start: start + 1, end, links };
  }

  #farPort(cube: string, { name, peer }: PortBase): { cube: string; port: PortBase } | undefined {
    const far = parsePeer(peer);
    if (far?.cube === undefined) return undefined;
    if (!this.#topology.isMutual({ cube, port: name }, far)) return undefined;
    const port = this.#topology.port(far.cube, far.port);
    return port && { cube: far.cube, port };
  }

  #passed({ tcubes = [] }: PortBase, side: Side): number {
    return this.#count(tcubes, side);
  }

  #count(tcubes: readonly string[], side: Side): number {
    return tcubes.filter((name) => {
      const cube = this.#topology.cube(name);
      return cube !== undefined && this.#hasProgram(cube.list, side);
    }).length;
  }

  #hasProgram(list: ListSchema, side: Side): boolean {
    const service = this.#services.get(list);
    return service !== undefined && programsOf(service)[side] !== undefined;
  }
}
