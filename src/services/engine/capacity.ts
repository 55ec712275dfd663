import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import type { AnyConfig, AnyService } from "../any-service.ts";
import { cubePath, mapLayout } from "./cube.ts";
import type { CubeView } from "./cube-view.ts";
import { countRows } from "./room.ts";

/**
 * Tables that have more rows than their maps have room for: known before anything is written, so
 * that the kernel never refuses half-way. The cube is new or changed; costs O(tables).
 */
export function capacityViolations(
  list: ListSchema,
  service: AnyService,
  view: CubeView,
): Violation[] {
  return Object.entries(service.tables).flatMap(([map, table]): Violation[] => {
    const count = countRows(table, view);
    const room = roomOf(service, map, view.config);
    if (count <= room) return [];
    const path = cubePath({ list, name: String(view.config["name"]) });
    const message = `${count} rows for map ${mapLayout(service, map).name}, which has ${room}`;
    return [{ path, tag: "resource-denied", message }];
  });
}

/** How many rows a map of a cube can hold. */
export function roomOf(service: AnyService, map: string, config: AnyConfig): number {
  return service.capacity?.[map]?.(config) ?? mapLayout(service, map).maxEntries;
}
