import type { Violation } from "../../datamodel/error.ts";
import type { ListSchema } from "../../datamodel/schema/schema.ts";
import { YangList } from "../../datamodel/tree/list.ts";
import type { DataObject } from "../../datamodel/tree/node.ts";
import type { AnyService } from "../service.ts";
import { cubePath, mapLayout } from "./cube.ts";

/**
 * Tables that have more rows than their maps have room for: known before anything is written, so
 * that the kernel never refuses half-way. The cube is new or changed; costs O(tables).
 */
export function capacityViolations(
  list: ListSchema,
  service: AnyService,
  config: DataObject,
): Violation[] {
  return Object.entries(service.tables).flatMap(([map, { entries }]): Violation[] => {
    const rows = entries(config);
    const count = rows instanceof YangList ? rows.size : rows.length;
    const room = service.capacity?.[map]?.(config) ?? mapLayout(service, map).maxEntries;
    if (count <= room) return [];
    const path = cubePath({ list, name: String(config["name"]) });
    const message = `${count} rows for map ${mapLayout(service, map).name}, which has ${room}`;
    return [{ path, tag: "resource-denied", message }];
  });
}
