import { type Hop, hop } from "../../src/gen/bpf/core.ts";
import { entryWay } from "../../src/gen/bpf/entry.ts";
import { u32 } from "../../src/lib/codec.ts";
import { entryName } from "../../src/services/engine/entry.ts";
import type { EngineFixture } from "./engine.ts";

/** Longer than any way in a test. */
const programsMax = 64;

/** A frame on its way: what it has passed, and the hop that was read for it. */
export interface Flight {
  readonly passed: readonly string[];
  readonly next: Hop;
}

/** Follows the hops that an engine has written, as a frame would. */
export class Walker {
  readonly #fixture: EngineFixture;
  /** By the id of its object, a cube's path and name. */
  readonly #names = new Map<string, string>();

  /** `cubes`: paths by the names that they are to have in ways. */
  constructor(fixture: EngineFixture, cubes: Readonly<Record<string, string>>) {
    this.#fixture = fixture;
    for (const [name, path] of Object.entries(cubes)) {
      this.#names.set(fixture.objectId(path), name);
    }
  }

  /** The way of a frame that comes in or goes out by a device. */
  device(name: string, way: keyof typeof entryWay = "ingress"): string {
    return this.arrival(this.enteringBy(name, way));
  }

  /** The way of a frame that a cube sends out of a port. */
  port(cubePath: string, index: number): string {
    return this.arrival(this.leavingBy(cubePath, index));
  }

  enteringBy(name: string, way: keyof typeof entryWay = "ingress"): Flight {
    const { ifindex = 0 } = this.#fixture.devices.byName(name) ?? {};
    const isSeen = this.#fixture.dataplane.attachments().some((one) => {
      return one.ifindex === ifindex && one.hook === `tcx-${way}`;
    });
    // Where no program is, frames go on without us.
    if (!isSeen) return { passed: [], next: { kind: "next", flags: 0, slot: 0, arg: ifindex } };
    return { passed: [], next: this.#hop(entryName(ifindex), "hop", entryWay[way]) };
  }

  leavingBy(cubePath: string, index: number): Flight {
    return { passed: [], next: this.#hop(this.#fixture.objectId(cubePath), "hops", index) };
  }

  /** All places where a frame may be, from here to where it arrives, if nothing changes. */
  *flightsFrom(from: Flight): Generator<Flight> {
    for (let flight: Flight | undefined = from; flight; flight = this.#onwards(flight)) {
      yield flight;
    }
  }

  /** The whole way of a frame: to the first cube that looks into it, or to where it leaves. */
  arrival(from: Flight): string {
    const { passed, next } = [...this.flightsFrom(from)].at(-1) ?? from;
    const device = this.#fixture.devices.byIndex(next.arg)?.name;
    const end = next.kind === "none" ? "nowhere" : `${next.kind} ${device}`;
    return [...passed, next.kind === "tail" ? this.#cubeAt(next) : end].join(" ");
  }

  /** Undefined where the frame has arrived. */
  #onwards({ passed, next }: Flight): Flight | undefined {
    if (next.kind !== "tail" || passed.length >= programsMax) return undefined;
    const { objectId, program } = this.#program(next.slot);
    const name = this.#names.get(objectId) ?? objectId;
    const isTransparent = name.startsWith("th");
    if (program === "ingress" && !isTransparent) return undefined;
    const map = isTransparent ? "hops" : "egress_hops";
    return {
      passed: [...passed, `${name} ${program}`],
      next: this.#hop(objectId, map, next.arg),
    };
  }

  #cubeAt({ slot, arg }: Hop): string {
    const { objectId } = this.#program(slot);
    return `${this.#names.get(objectId) ?? objectId}:${arg}`;
  }

  #program(slot: number) {
    const programs = this.#fixture.dataplane.programs();
    const found = programs.find((one) => one.family === "tc" && one.slot === slot);
    return found ?? { objectId: "nothing", program: "" };
  }

  #hop(objectId: string, map: string, row: number): Hop {
    const value = this.#fixture.dataplane.lookup(objectId, map, u32.encode(row));
    return hop.decode(value ?? new Uint8Array(hop.size));
  }
}
