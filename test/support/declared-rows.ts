import assert from "node:assert/strict";
import type { Dataplane } from "../../src/dataplane/dataplane.ts";
import type { MapLayout } from "../../src/dataplane/layout.ts";
import {
  type AnyCubeReader,
  type AnyService,
  type AnyTable,
  type Discovered,
  hasCubes,
} from "../../src/services/any-service.ts";
import type { CubeView } from "../../src/services/engine/cube-view.ts";
import type { Engine } from "../../src/services/engine/engine.ts";

/** A cube as its service sees it, and that service. */
interface SeenCube {
  readonly service: AnyService;
  readonly reader: AnyCubeReader;
}

/** Services that note, whenever all state is read, what they are given for each cube. */
export class SeeingServices {
  readonly services: readonly Discovered[];
  readonly #seen = new Map<string, SeenCube>();

  constructor(services: readonly Discovered[]) {
    this.services = services.map((service) =>
      hasCubes(service) ? this.#seeing(service) : service,
    );
  }

  /**
   * The rows of every map that the engine owns have to be those that the declarations give for the
   * configuration and the facts as they are.
   */
  check(engine: Engine, dataplane: Dataplane): void {
    this.#seen.clear();
    engine.read([], "operational");
    for (const [objectId, cube] of this.#seen) {
      for (const [prop, map] of Object.entries(cube.service.object.maps)) {
        if (map.owner !== "config") continue;
        const actual = textsOf(dataplane.rows(objectId, map.name), map);
        assert.deepEqual(
          actual,
          textsOf(declared(cube, prop, map), map),
          `${objectId} ${map.name}`,
        );
      }
    }
  }

  #seeing(service: AnyService): AnyService {
    const uuid = (reader: AnyCubeReader) => {
      this.#seen.set(`cubes/${reader.config["uuid"]}`, { service, reader });
      // No state of this name: what is assigned stays.
      return undefined as object | undefined as object;
    };
    return { ...service, state: { ...service.state, uuid } };
  }
}

interface EncodedRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function declared({ service, reader }: SeenCube, prop: string, map: MapLayout): EncodedRow[] {
  const { config, facts } = reader;
  const table = service.tables[prop];
  const derived = service.derived?.[prop];
  const rows = table ? tableRows(table, { config, facts }) : [];
  return [...rows, ...(derived?.rows(derived.from(config, facts)) ?? [])].map(({ key, value }) => ({
    key: map.key.encode(key),
    value: map.value.encode(value),
  }));
}

function tableRows({ entries, row }: AnyTable, { config, facts }: CubeView) {
  if (typeof entries === "function") {
    return [...entries(config, facts)].map((entry) => row(entry, config));
  }
  return [...entries.outer(config, facts)].flatMap((parent) => {
    return [...entries.inner(parent)].map((entry) => row(entry, config, parent));
  });
}

/** Sorted; of an array the rows that are not zero, since it has all of them always. */
function textsOf(rows: readonly EncodedRow[], { type }: MapLayout): string[] {
  const shown =
    type === "array" ? rows.filter(({ value }) => value.some((byte) => byte !== 0)) : rows;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return shown.map(({ key, value }) => `${hex(key)} ${hex(value)}`).sort();
}
