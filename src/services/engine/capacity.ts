import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import type { AnyService } from "../any-service.ts";
import { cubePath, mapLayout } from "./cube.ts";
import type { CubeView } from "./cube-view.ts";

/**
 * Tables that have more rows than their maps have room for: known before anything is written, so
 * that the kernel never refuses half-way. The cube is new or changed; costs O(tables).
 */
export function capacityViolations(
  list: ListSchema,
  service: AnyService,
  { config, facts }: CubeView,
): Violation[] {
  return Object.entries(service.tables).flatMap(([map, { entries }]): Violation[] => {
    const rows = entries(config, facts);
    const count = rows instanceof YangList ? rows.size : rows.length;
    const room = service.capacity?.[map]?.(config) ?? mapLayout(service, map).maxEntries;
    if (count <= room) return [];
    const path = cubePath({ list, name: String(config["name"]) });
    const message = `${count} rows for map ${mapLayout(service, map).name}, which has ${room}`;
    return [{ path, tag: "resource-denied", message }];
  });
}
