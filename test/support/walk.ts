import { type Hop, hop } from "../../src/gen/bpf/core.ts";
import { entryWay } from "../../src/gen/bpf/entry.ts";
import { u32 } from "../../src/lib/codec.ts";
import { entryName } from "../../src/services/engine/entry.ts";
import type { EngineFixture } from "./engine.ts";

/** Longer than any way in a test. */
const programsMax = 64;

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
    const { ifindex = 0 } = this.#fixture.devices.byName(name) ?? {};
    return this.#way(this.#hop(entryName(ifindex), "hop", entryWay[way]));
  }

  /** The way of a frame that a cube sends out of a port. */
  port(cubePath: string, index: number): string {
    return this.#way(this.#hop(this.#fixture.objectId(cubePath), "hops", index));
  }

  /** Up to the first cube that decides by what is in the frame, or to where it leaves for. */
  #way(first: Hop): string {
    const passed: string[] = [];
    let at = first;
    while (at.kind === "tail" && passed.length < programsMax) {
      const { objectId, program } = this.#program(at.slot);
      const name = this.#names.get(objectId) ?? objectId;
      const isTransparent = name.startsWith("th");
      if (program === "ingress" && !isTransparent)
        return [...passed, `${name}:${at.arg}`].join(" ");
      passed.push(`${name} ${program}`);
      at = this.#hop(objectId, isTransparent ? "hops" : "egress_hops", at.arg);
    }
    const device = this.#fixture.devices.byIndex(at.arg)?.name;
    return [...passed, at.kind === "none" ? "nowhere" : `${at.kind} ${device}`].join(" ");
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
