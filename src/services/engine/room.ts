import { YangList } from "../../datamodel/tree/list.ts";
import type { MapLayout } from "../../dataplane/layout.ts";
import type { AnyConfig, AnyService, AnyTable } from "../any-service.ts";
import { type CubeRuntime, mapLayout } from "./cube.ts";
import type { CubeView } from "./cube-view.ts";
import type { Rooms } from "./inheritance.ts";
import type { RowChange } from "./rows.ts";

/** Room a table starts with: 64 KiB of kernel memory for a hash table. */
const roomMin = 4096;

/**
 * Whether a table of configuration starts small and doubles when a commit needs it: a hash table
 * costs memory for the rows it could have. Where a leaf sets the room, it is that from the start.
 */
function isGrowing(service: AnyService, prop: string, layout: MapLayout): boolean {
  const { owner, type, maxEntries } = layout;
  if (service.capacity?.[prop] !== undefined) return false;
  return owner === "config" && type === "hash" && maxEntries > roomMin;
}

/** The least room for so many rows. */
function roomFor(rows: number): number {
  let room = roomMin;
  while (room < rows) room *= 2;
  return room;
}

/** O(1), of nested entries O(entries they are nested in). */
export function countRows({ entries }: AnyTable, { config, facts }: CubeView): number {
  if (typeof entries === "function") return sizeOf(entries(config, facts));
  const { outer, inner } = entries;
  return [...outer(config, facts)].reduce((sum, parent) => sum + inner(parent).size, 0);
}

function sizeOf(entries: YangList<AnyConfig> | readonly AnyConfig[]): number {
  return entries instanceof YangList ? entries.size : entries.length;
}

/** What a table's rows change by. */
export interface TableChange {
  readonly prop: string;
  /** Absent for a derived map. */
  readonly table?: AnyTable;
  readonly changes: readonly RowChange[];
}

/**
 * New rooms, by map, of the tables that do not have enough for a change; undefined if all have.
 * Rows that go are deleted after new ones were written, so both need room for a moment.
 */
export function grownRooms(
  { service, rooms }: CubeRuntime,
  before: CubeView | undefined,
  tables: readonly TableChange[],
): Rooms | undefined {
  if (before === undefined) return undefined;
  const grown: Record<string, number> = {};
  for (const { prop, table, changes } of tables) {
    const { name } = mapLayout(service, prop);
    const room = rooms[name];
    if (room === undefined || table === undefined) continue;
    const added = changes.filter(({ was }) => was === undefined).length;
    const rows = countRows(table, before) + added;
    if (rows > room) grown[name] = roomFor(rows);
  }
  return Object.keys(grown).length > 0 ? grown : undefined;
}

/** The room that the growing tables of a cube need, by map. */
export function neededRooms(service: AnyService, view: CubeView): Rooms {
  const rooms: Record<string, number> = {};
  for (const [prop, table] of Object.entries(service.tables)) {
    const layout = service.object.maps[prop];
    if (layout === undefined || !isGrowing(service, prop, layout)) continue;
    rooms[layout.name] = roomFor(countRows(table, view));
  }
  return rooms;
}
